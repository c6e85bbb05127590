// What a simulation is about, as plain values: work that comes, stages that it passes, providers
// that they call, hosts that come and go, and the rules of the one pool. Times count from the
// beginning of the simulation. docs/simulate.md describes the file that says the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/model/pool.hpp"
#include "scaler/rules.hpp"
#include "scaler/simulate/provider_model.hpp"
#include "scaler/simulate/service_time.hpp"

namespace fleet::simulate {

/// `count` items, all at `at`, or at random times of the span `over` behind it.
struct ArrivalStep {
    base::Millis at{0};
    std::int64_t count = 0;
    base::Millis over{0};
};

/// Every item passes all stages in their order, with an attempt in each.
struct StageScenario {
    std::string name = "work";
    ServiceTime time = {};  ///< of the attempt; with a provider: of the call's answer
    std::optional<std::size_t> provider = {};  ///< its place in the scenario
    std::optional<std::int64_t> low_water = {};
    std::optional<std::int64_t> high_water = {};
};

/// From `from` to `to` the provider answers every call with an error.
struct Outage {
    base::Millis from{0};
    base::Millis to{0};
};

struct ProviderScenario {
    ProviderModelRules limits;              ///< what the provider does
    model::ProviderRules rules = {};        ///< what the fleet's file says of it, and its name
    std::vector<LimitChange> changes = {};  ///< by time
    std::vector<Outage> outages = {};       ///< by time
    double others = 0;  ///< calls a second that another client makes and retries never
};

struct HostScenario {
    std::string id;
    int cores = 8;  ///< its weight in the division of the workers
    base::Millis joins{0};
    std::optional<base::Millis> leaves = {};  ///< its workers finish what they have
    std::optional<base::Millis> dies = {};    ///< with all that runs on it
};

/// Which of the ready work is claimed first. Fleets claim depth first; the others are there to
/// compare it with, see claim_order.hpp.
enum class ClaimOrder { depth_first, fifo, optimiser };

struct Scenario {
    std::string name = {};
    std::vector<ArrivalStep> items = {};
    std::vector<StageScenario> stages = {StageScenario{}};
    std::vector<ProviderScenario> providers = {};
    std::vector<HostScenario> hosts = {HostScenario{.id = "box"}};
    model::PoolPolicy pool = {};           ///< its name and stages do not matter
    scaler::RuleOverrides overrides = {};  ///< as a scaler's command line would say
    base::Millis boot{2'000};              ///< from the launch of a worker to its first claim
    base::Millis lease{15'000};            ///< after so long the dead are noticed
    base::Millis length = std::chrono::hours(24 * 7);  ///< the end, drained or not
    base::Millis rest = std::chrono::minutes(3);       ///< looked at for so long after the drain
    ClaimOrder order = ClaimOrder::depth_first;
    std::uint64_t seed = 1;

    [[nodiscard]] std::int64_t item_count() const;
};

/// The same rules as a scaler on that host would have.
[[nodiscard]] scaler::PoolRules rules_on(const Scenario& scenario, const HostScenario& host);

/// When each item comes, in order; deterministic by the scenario's seed.
[[nodiscard]] std::vector<Micros> arrivals_of(const Scenario& scenario);

}  // namespace fleet::simulate
