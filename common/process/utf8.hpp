// Bytes of unknown making, turned into text that JSON can carry. Thread-safe: no state.
#pragma once

#include <string>
#include <string_view>

namespace fleet::process {

struct Utf8Text {
    std::string text;    ///< valid UTF-8
    bool lossy = false;  ///< something was not UTF-8 and became U+FFFD
};
[[nodiscard]] Utf8Text to_utf8(std::string_view bytes);

/// At most `max_bytes` of the end, beginning at a character's edge.
[[nodiscard]] std::string_view utf8_suffix(std::string_view bytes, std::size_t max_bytes);
/// At most `max_bytes` of the beginning, ending at a character's edge.
[[nodiscard]] std::string_view utf8_prefix(std::string_view bytes, std::size_t max_bytes);

}  // namespace fleet::process
