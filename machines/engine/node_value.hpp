// Values of a configuration file as values of expressions and templates.
#pragma once

#include "machines/config/node.hpp"
#include "machines/expression/value.hpp"

namespace fleet::engine {

/// Integers stay exact, whatever their size.
[[nodiscard]] expression::Value value_of(const config::Node& node);

}  // namespace fleet::engine
