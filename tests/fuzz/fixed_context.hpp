// The variables that the languages' targets are evaluated with: every kind of value.
#pragma once

#include "machines/expression/value.hpp"

namespace fleet::fuzz {

[[nodiscard]] const expression::Value& fixed_context();

}  // namespace fleet::fuzz
