// Bytes as text that JSON can hold.
#pragma once

#include <string>
#include <string_view>

namespace fleet::cel {

[[nodiscard]] std::string base64_text(std::string_view bytes);

}  // namespace fleet::cel
