// Values of the engine as the conformance files write them.
#pragma once

#include "common/base/json.hpp"
#include "machines/expression/value.hpp"

namespace fleet::conformance {

/// Numbers that are not finite have a form of their own: {"$float": "inf"}.
[[nodiscard]] base::Json json_of(const expression::Value& value);
[[nodiscard]] expression::Value value_of(const base::Json& json);

}  // namespace fleet::conformance
