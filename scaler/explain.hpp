// A decision as it is kept: what was seen, by which rules, and every clamp in its order. Pure.
#pragma once

#include "common/base/json_text.hpp"
#include "scaler/policy.hpp"

namespace fleet::scaler {

/// More hosts are kept as their number only: a decision is one row among many.
inline constexpr std::size_t kMostHostsKept = 20;

/// The inputs of one pool's plan as JSON: work, workers, hosts, providers that its stages need,
/// rules, `steps` and the final numbers. Every observed pool must have rules.
[[nodiscard]] base::JsonText decision_inputs(const Observation& observation, const Policy& policy,
                                             const PoolPlan& plan);

}  // namespace fleet::scaler
