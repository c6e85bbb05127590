// Text is UTF-8; lengths, positions and slices of strings count characters (code points). Bytes
// that are no UTF-8 count as one character each, so that every text can be handled.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::expression {

[[nodiscard]] std::size_t utf8_length(std::string_view text);
/// The byte at which the nth character begins; the size of the text if there is none.
[[nodiscard]] std::size_t utf8_offset(std::string_view text, std::size_t character);
/// Each character as its own piece of the text.
[[nodiscard]] std::vector<std::string_view> utf8_characters(std::string_view text);
/// The code point at the beginning; U+FFFD when the bytes are none.
[[nodiscard]] char32_t utf8_decode(std::string_view character);
void utf8_append(std::string& text, char32_t code_point);

[[nodiscard]] std::string upper_case(std::string_view text);
[[nodiscard]] std::string lower_case(std::string_view text);
[[nodiscard]] bool is_space(char32_t character);
[[nodiscard]] bool is_letter(char32_t character);
[[nodiscard]] bool is_upper(char32_t character);
[[nodiscard]] bool is_lower(char32_t character);
/// False for control characters and the like, which are escaped when printed.
[[nodiscard]] bool is_printable(char32_t character);

}  // namespace fleet::expression
