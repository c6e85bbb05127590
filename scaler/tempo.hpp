// How fast a pool grows and shrinks, and between which bounds. Pure.
#pragma once

#include "scaler/clamp.hpp"
#include "scaler/policy.hpp"

namespace fleet::scaler {

/// Minimum and maximum of the pool.
void apply_bounds(Target& target, const PoolRules& rules);

/// Pause, stabilisation, the limit of shrinking, tolerance, surge. `supply`: active and starting.
void apply_tempo(Target& target, const PoolView& pool, const PoolRules& rules, const Policy& policy,
                 int supply);

}  // namespace fleet::scaler
