// How many workers each pool should have, and which to start, call back and retire. A pure
// function: the same observation and policy give the same plan, on every host and in the
// simulation.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json_text.hpp"
#include "common/base/time.hpp"
#include "scaler/clamp.hpp"
#include "scaler/observation.hpp"

namespace fleet::scaler {

/// One pool's rules, with everything resolved: no default is left to be looked up.
struct PoolRules {
    std::string pool;
    int min_workers = 0;
    int max_workers = 1;
    int slots_per_worker = 1;
    std::optional<base::Millis> drain_target;  ///< unset: as fast as the box allows
    base::Millis max_wait{60'000};
    base::Millis stabilization{60'000};
    base::Millis service_prior{1000};
    base::Millis grace{30'000};  ///< what a retiring worker's work may take to end
    bool paused = false;
    /// One batch that somebody waits for: no stabilisation once nothing is ready.
    bool batch_mode = false;
    /// A person ordered exactly so many on this host; the backlog does not matter.
    std::optional<int> exact_workers;
};

struct Policy {
    std::vector<PoolRules> pools;
    std::optional<int> fleet_maximum;  ///< workers of all pools together; unset: no limit
    double surge = 1.0;                ///< growth a tick, as a part of what is there
    int surge_least = 4;               ///< ... but at least so many workers
    double shrink = 0.5;               ///< shrinking a tick, likewise
    double tolerance = 0.1;            ///< smaller differences are left alone
    double gate = 0.8;        ///< memory, descriptors, pressure: above it only the least is started
    double hard_gate = 0.95;  ///< memory, descriptors: above it not even that

    [[nodiscard]] const PoolRules* rules(const std::string& pool) const;
};

struct PoolPlan {
    std::string pool;
    int wanted_slots = 0;
    int wanted_workers = 0;  ///< by the work alone; the caller keeps it as history
    int workers = 0;         ///< now: active ones and starting seats, on all hosts
    int planned = 0;         ///< likewise, after this plan
    int workers_here = 0;
    int planned_here = 0;                ///< this host's share of `planned`
    int start = 0;                       ///< workers to launch on this host
    std::vector<std::string> call_back;  ///< retiring workers to keep instead of launching
    std::vector<std::string> retire;     ///< workers of this host, in this order
    Clamp clamp = Clamp::none;           ///< what changed the number last
    std::string reason;                  ///< one sentence
    ClampSteps steps;                    ///< all that was looked at, in order

    [[nodiscard]] bool changes_nothing() const {
        return start == 0 && call_back.empty() && retire.empty();
    }
};

struct Plan {
    std::vector<PoolPlan> pools;  ///< in the order of the observation
};

/// Every observed pool must have rules.
[[nodiscard]] Plan decide(const Observation& observation, const Policy& policy);

[[nodiscard]] base::JsonText to_json_text(const Plan& plan);

}  // namespace fleet::scaler
