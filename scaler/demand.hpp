// What the work of a pool alone asks for, before any limit of workers and hosts.
#pragma once

#include <string>
#include <vector>

#include "scaler/clamp.hpp"
#include "scaler/policy.hpp"
#include "scaler/provider_cap.hpp"

namespace fleet::scaler {

struct Demand {
    int slots = 0;
    std::string text;  ///< "40 ready and 4 running want 44 slots in 11 workers"
    Target target;     ///< the workers, and how they came about
};

/// `supply_slots`: what the active and starting workers have. `caps`: what the providers allow.
[[nodiscard]] Demand demand_of(const PoolView& pool, const PoolRules& rules, int supply_slots,
                               const std::vector<PoolCap>& caps);

/// Mean service time over all stages, by samples; `prior` before the first sample.
[[nodiscard]] base::Millis mean_service(const model::PoolPressure& pressure, base::Millis prior);

/// What runs in a busy worker ends by itself within its grace, as far as samples tell.
[[nodiscard]] bool ends_within_grace(const model::PoolPressure& pressure, base::Millis grace);

}  // namespace fleet::scaler
