// One pool of workers on one box whose work calls one simulated provider: the fleet's own `decide`,
// pace and circuit, with a virtual clock and a look every second. Deterministic by its seed.
#pragma once

#include <cstdint>
#include <vector>

#include "scaler/policy.hpp"
#include "scaler/simulate/pace_run.hpp"

namespace fleet::simulate {

/// From `from` to `to` the provider answers every call with an error.
struct Outage {
    base::Millis from{0};
    base::Millis to{0};
};

struct PoolScenario {
    ProviderModelRules provider;
    model::ProviderRules rules;        ///< as configured
    std::vector<LimitChange> changes;  ///< by time
    std::vector<Outage> outages;
    base::Millis latency{1'000};  ///< mean of an answered call, exponential above a half
    int items = 1'000;            ///< all there at the beginning; each makes one call
    scaler::PoolRules pool;       ///< its name does not matter
    base::Millis boot{2'000};     ///< from the launch of a worker to its first claim
    /// Whoever would have to wait for longer is sent away, and its slot is free.
    base::Millis patience{5'000};
    base::Millis longest = std::chrono::hours(2);  ///< the end, drained or not
    base::Millis rest = std::chrono::minutes(3);   ///< looked at for so long after the drain
    std::uint64_t seed = 1;
};

/// What a look of the scaler saw and decided.
struct PoolMoment {
    base::Millis at{0};
    int ready = 0;
    int delayed = 0;
    int running = 0;
    int workers = 0;  ///< active and starting
    int planned = 0;
    int wanted_slots = 0;
    scaler::Clamp clamp = scaler::Clamp::none;
    double pace = 0;  ///< calls a second; 0: none
    base::Millis latency{0};
    model::CircuitState circuit = model::CircuitState::closed;
};

struct PoolReport {
    std::vector<PoolMoment> moments;  ///< one a second
    bool drained = false;
    base::Millis drained_at{0};
    double offered = 0;  ///< calls
    double given = 0;    ///< of them answered
    double refused = 0;  ///< of them answered with a rate limit
    /// Whenever a busy worker was chosen, its work went on to its end; otherwise this counts.
    int lost_items = 0;

    /// How often `planned` went the other way than before, between two moments.
    [[nodiscard]] int reversals(base::Millis from, base::Millis to) const;
};

[[nodiscard]] PoolReport run_pool(const PoolScenario& scenario);

}  // namespace fleet::simulate
