// Error messages that differ only by numbers and ids fall into one group.
#pragma once

#include <string>
#include <string_view>

namespace fleet::model {

/// The most bytes of a prefix.
inline constexpr std::size_t kMaxErrorPrefix = 80;

/// The beginning of the message with UUIDs, hexadecimal ids (eight or more digits) and numbers
/// replaced by '#'. Digits behind a letter are part of a name and stay ("sha256sum"). Never cut
/// inside a UTF-8 sequence.
[[nodiscard]] std::string error_prefix(std::string_view message);

}  // namespace fleet::model
