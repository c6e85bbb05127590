// URLs as configuration writes them and as messages may show them. Pure.
#pragma once

#include <string>
#include <string_view>

namespace fleet::http {

/// Begins with http:// or https://, in any case.
[[nodiscard]] bool is_http_url(std::string_view url);

/// Without user, password, query and fragment, which may be secret. Of an http or https URL.
[[nodiscard]] std::string shown_url(std::string_view url);

}  // namespace fleet::http
