// What calls of agents have used and cost, in the shapes in which agents report it.
#pragma once

#include "machines/calls/agents.hpp"
#include "machines/expression/value.hpp"

namespace fleet::engine {

struct CallTotals {
    expression::Value calls = expression::Value::integer(0);
    double cost = 0;
};

/// `usage.api_calls`, else `requests`, else `calls`. A zero `api_calls` counts as stated.
[[nodiscard]] expression::Value stated_calls(const calls::AgentResult& result);
/// Likewise, but a zero leads to the next name.
[[nodiscard]] expression::Value counted_calls(const calls::AgentResult& result);
/// A number, or an object's `total`; without a cost that of the usage.
[[nodiscard]] double cost_of(const calls::AgentResult& result);
[[nodiscard]] expression::Value add(const expression::Value& left, const expression::Value& right);

}  // namespace fleet::engine
