// How values become text: as the family's definitions expect them to be printed, and as JSON.
#pragma once

#include <string>
#include <string_view>

#include "common/base/json_text.hpp"
#include "machines/expression/value.hpp"

namespace fleet::expression {

/// The shortest text that reads back as the same number: 2.0, 0.1, 1e+16, 1e-05, inf, nan.
[[nodiscard]] std::string float_text(double value);
/// A string as itself; everything else as `repr_text`; undefined is empty.
[[nodiscard]] std::string plain_text(const Value& value);
void append_plain_text(std::string& out, const Value& value);
/// None, True, 'text', [1, 'a'], (1,), {'a': 1}.
[[nodiscard]] std::string repr_text(const Value& value);

/// JSON with ", " and ": ", ASCII only, keys in their order; `sorted` sorts them.
/// A value that JSON cannot hold is a type error.
[[nodiscard]] std::string spaced_json(const Value& value, bool sorted = false);
/// Compact UTF-8. Numbers that are not finite are refused (value error).
[[nodiscard]] base::JsonText to_json(const Value& value);
/// Refuses text that is not JSON (value error). Integers stay exact.
[[nodiscard]] Value from_json(std::string_view text);

}  // namespace fleet::expression
