// Where a character of a value's text stands in its file. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "machines/config/node.hpp"

namespace fleet::config {

/// Each search reads the file from its beginning, and a file may have a mistake in every line.
inline constexpr std::size_t kMostSearchedBytes = std::size_t{128} << 10U;

/// `text` is what the scalar at `at` of `source` (YAML or JSON) means, and `offset` a byte of it or
/// its end. Follows quotes, escapes, block scalars and folded lines. nullopt where the text cannot
/// be found there: an alias, another file, or one larger than kMostSearchedBytes.
[[nodiscard]] std::optional<Position> inner_position(std::string_view source, Position at,
                                                     std::string_view text, std::size_t offset);

}  // namespace fleet::config
