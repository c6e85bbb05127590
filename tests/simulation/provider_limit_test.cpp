// A pool whose work calls a provider: the scaler keeps as many slots as the provider keeps busy.
#include <algorithm>
#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "scaler/provider_cap.hpp"
#include "scaler/simulate/fleet_run.hpp"

using namespace fleet;
using simulate::Moment;
using simulate::Report;
using simulate::Scenario;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr base::Millis kLatency{3'000};

Scenario scenario_of(std::uint64_t seed) {
    Scenario scenario;
    scenario.seed = seed;
    scenario.items = {{.count = 6'000}};  // ten minutes of the provider's 600 a minute
    scenario.stages.front().provider = 0;
    scenario.stages.front().time = {.distribution = simulate::Distribution::exponential,
                                    .mean = kLatency,
                                    .least = kLatency / 2};
    scenario.providers.emplace_back().rules.name = "sim/model";
    scenario.pool.max_workers = 200;
    scenario.pool.slots_per_worker = 1 + static_cast<int>(seed % 4);
    return scenario;
}

/// Workers for what Little's law asks for, a fifth more, rounded up to whole workers.
int most_workers(const Scenario& scenario, double calls_per_second, base::Millis latency) {
    const double law = calls_per_second * std::chrono::duration<double>(latency).count();
    const double slots = std::ceil(law * (1 + scaler::kProviderHeadroom) - 1e-6);
    return std::max(1, static_cast<int>(std::ceil(slots / scenario.pool.slots_per_worker)));
}

int highest(const Report& report, base::Millis from, base::Millis to) {
    int workers = 0;
    for (const Moment& moment : report.moments) {
        workers = moment.at >= from && moment.at < to ? std::max(workers, moment.workers) : workers;
    }
    return workers;
}

const Moment& at(const Report& report, base::Millis time) {
    return *std::ranges::find_if(report.moments,
                                 [&](const Moment& moment) { return moment.at >= time; });
}

double refused_share(const Report& report) {
    return report.providers.front().refused_share();
}

}  // namespace

TEST_CASE(
    "a step load on a limited provider grows to pace x latency and a fifth, and stays there") {
    double slowest = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Scenario scenario = scenario_of(seed);
        const Report report = simulate::run_fleet(scenario);
        INFO("seed " << seed);
        REQUIRE(report.drained);
        CHECK(report.broken.empty());
        base::Millis longest{0};
        double fastest = 0;
        for (const Moment& moment : report.moments) {
            longest = std::max(longest, moment.providers[0].latency);
            fastest = std::max(fastest, moment.providers[0].pace);
            // Never more than was ever seen of pace and latency.
            INFO("second " << moment.at.count() / 1000);
            CHECK(moment.workers <= most_workers(scenario, std::max(fastest, 1.0),
                                                 std::max(longest, scenario.pool.service_prior)));
        }
        CHECK(fastest < 10.01);
        // Means of a minute scatter by a few hundredths.
        CHECK(highest(report, base::Millis{0}, report.drained_at) <=
              most_workers(scenario, 10, kLatency * 110 / 100));
        CHECK(report.reversals_between(base::Millis{0}, scenario.length) <= 1);
        CHECK(report.moments.back().workers == 0);
        CHECK(refused_share(report) < 0.01);
        slowest = std::max(slowest, *report.ratio());
    }
    WARN("worst drain time / what the provider gives: " << slowest);
    CHECK(slowest < 1.1);
}

TEST_CASE("a learned pace pulls the pool up with it") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Scenario scenario = scenario_of(seed);
        scenario.providers[0].limits.states_limits = false;
        scenario.providers[0].limits.states_retry_after = false;
        const Report report = simulate::run_fleet(scenario);
        INFO("seed " << seed);
        REQUIRE(report.drained);
        CHECK(report.broken.empty());
        CHECK(refused_share(report) < 0.03);
        CHECK(*report.ratio() < 1.35);
        double fastest = 0;
        for (const Moment& moment : report.moments) {
            fastest = std::max(fastest, moment.providers[0].pace);
        }
        CHECK(highest(report, base::Millis{0}, report.drained_at) <=
              most_workers(scenario, fastest, kLatency * 110 / 100));
    }
}

TEST_CASE("a circuit that is open for minutes leaves the probes, and the pool grows back once") {
    int corrections = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Scenario scenario = scenario_of(seed);
        const base::Millis from = minutes(3);
        const base::Millis to = minutes(8);
        scenario.providers[0].outages = {{from, to}};
        const Report report = simulate::run_fleet(scenario);
        INFO("seed " << seed);
        REQUIRE(report.drained);
        CHECK(report.broken.empty());
        const auto opened = std::ranges::find_if(report.moments, [](const Moment& moment) {
            return moment.providers[0].circuit == model::CircuitState::open;
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
        // Shrinking and growing back are one reversal; rarely, a few workers too many leave when
        // the latency is known better again.
        const base::Millis ending = report.drained_at - seconds(30);
        const int reversals = report.reversals_between(opened->at, ending);
        CHECK(reversals <= 2);
        corrections += reversals > 1 ? 1 : 0;
        CHECK(highest(report, to, ending) <= most_workers(scenario, 10, kLatency * 110 / 100));
        CHECK(highest(report, to, ending) * slots >= 27);
    }
    CHECK(corrections <= 2);
}

TEST_CASE("a limit that is halved shrinks the pool, one that is doubled grows it") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Scenario scenario = scenario_of(seed);
        scenario.items = {{.count = 9'000}};
        // What waits for its turn in its slot ends in time, so that busy workers may leave.
        scenario.overrides.grace = minutes(2);
        scenario.providers[0].limits.kind = simulate::LimitKind::token_bucket;
        scenario.providers[0].limits.limit = 10;
        scenario.providers[0].limits.window = seconds(1);
        scenario.providers[0].changes = {{minutes(4), 5}, {minutes(10), 20}};
        const Report report = simulate::run_fleet(scenario);
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
        CHECK(report.reversals_between(base::Millis{0}, report.drained_at - seconds(30)) <= 4);
    }
}
