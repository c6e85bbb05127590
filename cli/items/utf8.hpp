// Bytes that claim to be text, and what JSON needs to carry them. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace fleet::cli {

/// The offset of the first byte that is not valid UTF-8 (overlong forms, surrogates and values
/// above U+10FFFF are not); npos when all of it is valid.
[[nodiscard]] std::size_t first_invalid_utf8(std::string_view text);

/// Every maximal invalid part replaced by U+FFFD.
[[nodiscard]] std::string replaced_utf8(std::string_view text);

/// Appends `text`, which must be valid UTF-8, as a JSON string with its quotes.
void append_json_string(std::string& json, std::string_view text);

/// RFC 4648 with padding.
void append_base64(std::string& target, std::string_view bytes);

}  // namespace fleet::cli
