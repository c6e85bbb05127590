// What the hosts take of a pool's workers: full ones nothing more, the others by weight. Pure.
#pragma once

#include "scaler/clamp.hpp"
#include "scaler/policy.hpp"
#include "scaler/supply.hpp"

namespace fleet::scaler {

/// Divides the target among the fresh hosts; returns the own host's share and lowers the target to
/// what the hosts take.
[[nodiscard]] int own_share(Target& target, const Observation& observation, const PoolView& pool,
                            const PoolRules& rules, const Policy& policy, const Supply& supply);

}  // namespace fleet::scaler
