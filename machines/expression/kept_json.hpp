// Values as the JSON in which the family keeps them (checkpoints, inputs and outputs of
// executions): that of Python's json module, which writes the numbers that JSON does not know as
// NaN, Infinity and -Infinity. base::portable_json makes JSON for everybody of it.
#pragma once

#include <string_view>

#include "common/base/json_text.hpp"
#include "machines/expression/value.hpp"

namespace fleet::expression {

/// As to_json, but of every number.
[[nodiscard]] base::JsonText to_kept_json(const Value& value);
/// As from_json; numbers beyond every float are infinite.
[[nodiscard]] Value from_kept_json(std::string_view text);

}  // namespace fleet::expression
