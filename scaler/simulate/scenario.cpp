#include "scaler/simulate/scenario.hpp"

#include <algorithm>
#include <random>

namespace fleet::simulate {

std::int64_t Scenario::item_count() const {
    std::int64_t count = 0;
    for (const ArrivalStep& step : items) {
        count += step.count;
    }
    return count;
}

scaler::PoolRules rules_on(const Scenario& scenario, const HostScenario& host) {
    constexpr bool kRunsCommands = false;
    model::PoolPolicy policy = scenario.pool;
    policy.pool = "pool";  // not the one that keeps a worker as long as nobody has said anything
    return scaler::resolve_rules(policy, scenario.overrides, host.cores, kRunsCommands);
}

std::vector<Micros> arrivals_of(const Scenario& scenario) {
    std::mt19937_64 random(scenario.seed);
    std::vector<Micros> arrivals;
    arrivals.reserve(static_cast<std::size_t>(scenario.item_count()));
    for (const ArrivalStep& step : scenario.items) {
        const Micros over = step.over;
        for (std::int64_t item = 0; item < step.count; ++item) {
            // The modulus keeps the same times with every standard library.
            const auto spread =
                over.count() > 0 ? random() % static_cast<std::uint64_t>(over.count()) : 0;
            arrivals.push_back(step.at + Micros{static_cast<std::int64_t>(spread)});
        }
    }
    std::ranges::sort(arrivals);
    return arrivals;
}

}  // namespace fleet::simulate
