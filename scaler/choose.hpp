// Which workers leave, and which come. Pure.
#pragma once

#include <string>

#include "scaler/policy.hpp"
#include "scaler/supply.hpp"

namespace fleet::scaler {

/// Chooses up to `surplus` workers of the own host for `plan.retire`; `forced` of them may be taken
/// from their work. `slots`: of all hosts' workers.
void choose_retirements(PoolPlan& plan, const PoolView& pool, const PoolRules& rules,
                        const std::string& own_host, int surplus, int forced, int slots);

/// `missing` workers of the own host: those that retire are called back before others start.
void choose_growth(PoolPlan& plan, const PoolView& pool, const PoolRules& rules,
                   const std::string& own_host, int missing, const Supply& supply);

}  // namespace fleet::scaler
