// The orders of claims that simulations compare: by hand, and against each other.
#include "scaler/simulate/claim_order.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "cli/simulate/scenario_file.hpp"
#include "scaler/simulate/fleet_run.hpp"
#include "tests/support/folders.hpp"

using namespace fleet;
using simulate::Budgets;
using simulate::ClaimableStage;
using simulate::ClaimOrder;
using simulate::ClaimRule;
using simulate::Scenario;
using std::chrono::seconds;

namespace {

/// prep, then write, which calls the provider, then wrap.
Scenario three_stages(ClaimOrder order) {
    Scenario scenario;
    scenario.stages = {
        {.name = "prep"}, {.name = "write", .provider = 0, .high_water = 50}, {.name = "wrap"}};
    scenario.providers.emplace_back().rules.name = "a/b";
    scenario.order = order;
    return scenario;
}

ClaimableStage ready(std::int64_t count, simulate::Micros since = seconds(0)) {
    return {.ready = count, .oldest = since, .mean_seconds = 5};
}

using Order = std::vector<int>;
constexpr simulate::Micros kNow = seconds(100);

/// Mean drain time of five seeds.
double drained(const std::string& name, ClaimOrder order) {
    const auto file = test_support::source_dir() / "scaler/simulate/scenarios" / (name + ".yml");
    auto read = cli::read_scenario_file(file, name);
    REQUIRE(read.file);
    Scenario scenario = read.file->scenario;
    scenario.order = order;
    double sum = 0;
    for (scenario.seed = 1; scenario.seed <= 5; ++scenario.seed) {
        const simulate::Report report = simulate::run_fleet(scenario);
        INFO(name << ", seed " << scenario.seed);
        REQUIRE(report.drained);
        CHECK(report.broken.empty());
        sum += std::chrono::duration<double>(report.drained_at).count();
    }
    return sum / 5;
}

}  // namespace

TEST_CASE("depth first takes later stages first, and none before a full buffer") {
    const ClaimRule rule(three_stages(ClaimOrder::depth_first));
    CHECK(rule.order({ready(10), ready(10), ready(10)}, kNow) == Order{2, 1, 0});
    CHECK(rule.order({ready(10), ready(50), ready(10)}, kNow) == Order{2, 1});
}

TEST_CASE("first in, first out takes what has waited for the longest") {
    const ClaimRule rule(three_stages(ClaimOrder::fifo));
    CHECK(rule.order({ready(10, seconds(20)), ready(60, seconds(5)), ready(1, seconds(30))},
                     kNow) == Order{1, 0, 2});
    CHECK(rule.order({ready(10), ready(0), ready(0)}, kNow) == Order{0});
}

TEST_CASE("the optimiser claims nothing whose provider has no use for another slot") {
    ClaimRule rule(three_stages(ClaimOrder::optimiser));
    rule.set({.slots = 20, .providers = {{.calls_per_second = 1, .useful_slots = 6}}});
    ClaimableStage write = ready(10);
    write.running = 5;
    CHECK(rule.order({ready(10), write, ready(10)}, kNow) == Order{2, 1, 0});
    write.running = 6;
    CHECK(rule.order({ready(10), write, ready(10)}, kNow) == Order{2, 0});
    SECTION("nor what stands before a full buffer") {
        write.ready = 50;
        CHECK(rule.order({ready(10), write, ready(10)}, kNow) == Order{2});
    }
    SECTION("but anything where no limit is known") {
        rule.set({.slots = 20, .providers = {{.calls_per_second = HUGE_VAL}}});
        CHECK(rule.order({ready(10), write, ready(10)}, kNow) == Order{2, 1, 0});
    }
}

TEST_CASE("for the optimiser age outweighs depth in the end") {
    ClaimRule rule(three_stages(ClaimOrder::optimiser));
    rule.set({.slots = 20, .providers = {{.calls_per_second = 100}}});
    const simulate::Micros late = std::chrono::hours(10);
    CHECK(rule.order({ready(10, seconds(0)), ready(0), ready(10, late)}, late) == Order{0, 2});
    CHECK(rule.order({ready(10, late), ready(0), ready(10, late)}, late) == Order{2, 0});
}

TEST_CASE("depth first drains sooner than first in first out, the optimiser not later than it") {
    for (const char* name : {"three_stages", "scarce_slots", "heavy_tails"}) {
        const double depth_first = drained(name, ClaimOrder::depth_first);
        const double fifo = drained(name, ClaimOrder::fifo);
        const double optimiser = drained(name, ClaimOrder::optimiser);
        INFO(name);
        CHECK(depth_first <= fifo);
        CHECK(optimiser <= depth_first * 1.01);
    }
    // Where slots are scarce, those that wait for a turn are missed elsewhere.
    CHECK(drained("scarce_slots", ClaimOrder::optimiser) <=
          0.95 * drained("scarce_slots", ClaimOrder::depth_first));
}
