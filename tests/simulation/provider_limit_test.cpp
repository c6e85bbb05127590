// A pool whose work calls a provider: the scaler keeps as many slots as the provider keeps busy.
#include <algorithm>
#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "scaler/provider_cap.hpp"
#include "scaler/simulate/pool_run.hpp"

using namespace fleet;
using simulate::PoolMoment;
using simulate::PoolReport;
using simulate::PoolScenario;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

PoolScenario scenario_of(std::uint64_t seed) {
    PoolScenario scenario;
    scenario.seed = seed;
    scenario.latency = base::Millis{3'000};
    scenario.items = 6'000;  // ten minutes of the provider's 600 a minute
    scenario.pool.max_workers = 200;
    scenario.pool.slots_per_worker = 1 + static_cast<int>(seed % 4);
    return scenario;
}

/// Workers for what Little's law asks for, a fifth more, rounded up to whole workers.
int most_workers(const PoolScenario& scenario, double calls_per_second, base::Millis latency) {
    const double law = calls_per_second * std::chrono::duration<double>(latency).count();
    const double slots = std::ceil(law * (1 + scaler::kProviderHeadroom) - 1e-6);
    return std::max(1, static_cast<int>(std::ceil(slots / scenario.pool.slots_per_worker)));
}

int highest(const PoolReport& report, base::Millis from, base::Millis to) {
    int workers = 0;
    for (const PoolMoment& moment : report.moments) {
        workers = moment.at >= from && moment.at < to ? std::max(workers, moment.workers) : workers;
    }
    return workers;
}

const PoolMoment& at(const PoolReport& report, base::Millis time) {
    return *std::ranges::find_if(report.moments,
                                 [&](const PoolMoment& moment) { return moment.at >= time; });
}

double ratio(const PoolReport& report, const PoolScenario& scenario, base::Millis lost) {
    const auto oracle = std::chrono::duration<double>(lost).count() + scenario.items / 10.0;
    return std::chrono::duration<double>(report.drained_at).count() / oracle;
}

}  // namespace

TEST_CASE(
    "a step load on a limited provider grows to pace x latency and a fifth, and stays there") {
    double slowest = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const PoolScenario scenario = scenario_of(seed);
        const PoolReport report = simulate::run_pool(scenario);
        INFO("seed " << seed);
        REQUIRE(report.drained);
        CHECK(report.lost_items == 0);
        base::Millis longest{0};
        double fastest = 0;
        for (const PoolMoment& moment : report.moments) {
            longest = std::max(longest, moment.latency);
            fastest = std::max(fastest, moment.pace);
            // Never more than was ever seen of pace and latency.
            INFO("second " << moment.at.count() / 1000);
            CHECK(moment.workers <= most_workers(scenario, std::max(fastest, 1.0),
                                                 std::max(longest, scenario.pool.service_prior)));
        }
        CHECK(fastest < 10.01);
        // Means of a minute scatter by a few hundredths.
        CHECK(highest(report, base::Millis{0}, report.drained_at) <=
              most_workers(scenario, 10, scenario.latency * 110 / 100));
        CHECK(report.reversals(base::Millis{0}, scenario.longest) <= 1);
        CHECK(report.moments.back().workers == 0);
        CHECK(report.refused / report.offered < 0.01);
        slowest = std::max(slowest, ratio(report, scenario, base::Millis{0}));
    }
    WARN("worst drain time / what the provider gives: " << slowest);
    CHECK(slowest < 1.1);
}

TEST_CASE("a learned pace pulls the pool up with it") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        PoolScenario scenario = scenario_of(seed);
        scenario.provider.states_limits = false;
        scenario.provider.states_retry_after = false;
        const PoolReport report = simulate::run_pool(scenario);
        INFO("seed " << seed);
        REQUIRE(report.drained);
        CHECK(report.lost_items == 0);
        CHECK(report.refused / report.offered < 0.03);
        CHECK(ratio(report, scenario, base::Millis{0}) < 1.35);
        double fastest = 0;
        for (const PoolMoment& moment : report.moments) {
            fastest = std::max(fastest, moment.pace);
        }
        CHECK(highest(report, base::Millis{0}, report.drained_at) <=
              most_workers(scenario, fastest, scenario.latency * 110 / 100));
    }
}

TEST_CASE("a circuit that is open for minutes leaves the probes, and the pool grows back once") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        PoolScenario scenario = scenario_of(seed);
        const base::Millis from = minutes(3);
        const base::Millis to = minutes(8);
        scenario.outages = {{from, to}};
        const PoolReport report = simulate::run_pool(scenario);
        INFO("seed " << seed);
        REQUIRE(report.drained);
        CHECK(report.lost_items == 0);
        const auto opened = std::ranges::find_if(report.moments, [](const PoolMoment& moment) {
            return moment.circuit == model::CircuitState::open;
        });
        REQUIRE(opened != report.moments.end());
        CHECK(opened->at - from < seconds(15));
        // Stabilisation holds for a minute; then at most half leave at once.
        const auto shrunk = from + seconds(90);
        const int probes = model::CircuitRules{}.probes;
        const int slots = scenario.pool.slots_per_worker;
        const int for_probes = (probes + slots - 1) / slots;
        CHECK(at(report, shrunk).workers <= for_probes);
        CHECK(highest(report, shrunk, to) <= for_probes);
        CHECK(at(report, shrunk).workers >= 1);
        // Shrinking and growing back are one reversal.
        const base::Millis ending = report.drained_at - seconds(30);
        CHECK(report.reversals(from, ending) <= 1);
        CHECK(highest(report, to, ending) <=
              most_workers(scenario, 10, scenario.latency * 110 / 100));
        CHECK(highest(report, to, ending) * slots >= 27);
    }
}

TEST_CASE("a limit that is halved shrinks the pool, one that is doubled grows it") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        PoolScenario scenario = scenario_of(seed);
        scenario.items = 9'000;
        // What waits for its turn in its slot ends in time, so that busy workers may leave.
        scenario.pool.grace = minutes(2);
        scenario.provider.kind = simulate::LimitKind::token_bucket;
        scenario.provider.limit = 10;
        scenario.provider.window = seconds(1);
        scenario.changes = {{minutes(4), 5}, {minutes(10), 20}};
        const PoolReport report = simulate::run_pool(scenario);
        INFO("seed " << seed);
        REQUIRE(report.drained);
        const int slots = scenario.pool.slots_per_worker;
        const int full = at(report, minutes(4)).workers * slots;
        const int halved = at(report, seconds(595)).workers * slots;
        const int doubled = highest(report, minutes(11), minutes(14)) * slots;
        CHECK(full >= 27);
        CHECK(halved <= full * 3 / 4);
        CHECK(doubled >= full * 3 / 2);
        // Up, down, up; and of a few workers one more or less, as latencies scatter.
        CHECK(report.reversals(base::Millis{0}, report.drained_at - seconds(30)) <= 4);
    }
}
