#include "scaler/tempo.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "scaler/supply.hpp"

namespace fleet::scaler {
namespace {

std::string percent(double share) {
    return std::to_string(static_cast<int>(std::lround(share * 100))) + " %";
}

/// The highest number that was wanted of late, as far as it is still allowed and there.
int recently_wanted(const Target& target, const PoolView& pool, const PoolRules& rules,
                    int supply) {
    int recent = target.number;
    for (const WantedSample& sample : pool.history) {
        if (sample.age <= rules.stabilization) {
            recent = std::max(recent, sample.workers);
        }
    }
    return std::min({recent, supply, std::max(rules.max_workers, target.number)});
}

void apply_shrink_limits(Target& target, const PoolView& pool, const PoolRules& rules,
                         const Policy& policy, int supply) {
    const int recent = recently_wanted(target, pool, rules, supply);
    target.at_least(recent, Clamp::stabilization,
                    std::to_string(recent) + " were wanted within the last " +
                        base::human_duration(rules.stabilization));
    const int most = static_cast<int>(std::ceil(supply * policy.shrink));
    target.at_least(supply - most, Clamp::shrink_limit,
                    "at most " + std::to_string(most) + " leave at once");
}

}  // namespace

void apply_bounds(Target& target, const PoolRules& rules) {
    target.at_least(rules.min_workers, Clamp::minimum,
                    "the minimum is " + std::to_string(rules.min_workers));
    target.at_most(rules.max_workers, Clamp::maximum,
                   "the maximum is " + std::to_string(rules.max_workers));
}

void apply_tempo(Target& target, const PoolView& pool, const PoolRules& rules, const Policy& policy,
                 int supply) {
    const bool ending = rules.batch_mode && pool.pressure.ready() == 0;
    const bool paused = rules.paused || pool.pressure.paused;
    if (paused) {
        target.at_most(std::max(supply, std::min(rules.min_workers, target.number)), Clamp::paused,
                       "the pool is paused");
    }
    if (target.number < supply && ending) {
        target.apply(target.number, Clamp::stabilization,
                     "nothing is ready any more: idle workers leave at once");
    } else if (target.number < supply) {
        apply_shrink_limits(target, pool, rules, policy, supply);
    }
    const int difference = std::abs(target.number - supply);
    const bool within = supply >= rules.min_workers && supply <= rules.max_workers;
    // Who wants all that the pool may have does not hover: the last few workers are of use.
    const bool fills_up = target.number > supply && target.number >= rules.max_workers;
    const bool small = difference > 0 && within && !ending && !fills_up && target.number > 0 &&
                       difference <= policy.tolerance * supply;
    target.apply(small ? supply : target.number, Clamp::tolerance,
                 small ? "the difference is too small to act on"
                       : "up to " + percent(policy.tolerance) + " of " + workers_text(supply) +
                             " would be left alone");
    const int step =
        std::max(policy.surge_least, static_cast<int>(std::ceil(supply * policy.surge)));
    target.at_most(supply + step, Clamp::surge,
                   "at most " + std::to_string(step) + " start at once");
}

}  // namespace fleet::scaler
