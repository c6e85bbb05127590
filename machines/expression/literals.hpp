// Numbers and quoted strings as both languages write them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "machines/expression/value.hpp"

namespace fleet::expression {

[[nodiscard]] bool begins_name(char character);
[[nodiscard]] bool continues_name(char character);

struct NumberLiteral {
    Value value;
    std::size_t size = 0;  ///< bytes; 0 if the text does not begin with a number
};

/// 7, 1_000, 0x1a, 0b1, 0o7, 1.5, 1e3; with `loose_floats` also "1." and ".5". A number with
/// leading zeros ("007") is none. Throws EvaluationError (limit) for an integer of more than
/// kMostDigits digits, as `integer_of_text` does.
[[nodiscard]] NumberLiteral read_number(std::string_view text, bool loose_floats);

/// What stands between the quotes, with its escapes (\n, \x41, \u00e9 ...) replaced. Throws
/// EvaluationError (value) for an incomplete one.
[[nodiscard]] std::string unescape(std::string_view text);

/// A number written as text ("12", "-1.5e3", " 7 ", "1_0"), for conversions; null if it is none.
[[nodiscard]] Value integer_of_text(std::string_view text, int base);
[[nodiscard]] Value float_of_text(std::string_view text);

}  // namespace fleet::expression
