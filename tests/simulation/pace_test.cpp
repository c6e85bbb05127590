// The fleet's pace against simulated providers, with a virtual clock: deterministic by its seed.
#include <string>

#include <catch2/catch.hpp>

#include "scaler/simulate/pace_run.hpp"

using namespace fleet;
using simulate::Client;
using simulate::LimitKind;
using simulate::PaceScenario;

namespace {

struct Kind {
    std::string name;
    LimitKind kind;
};
const Kind kKinds[] = {{"fixed window of 600 a minute", LimitKind::fixed_window},
                       {"token bucket of 10 a second", LimitKind::token_bucket},
                       {"sliding window of 600 a minute", LimitKind::sliding_window}};

PaceScenario scenario_of(LimitKind kind, bool states_limits, std::uint64_t seed) {
    PaceScenario scenario;
    scenario.provider.kind = kind;
    scenario.provider.states_limits = states_limits;
    scenario.provider.states_retry_after = states_limits;
    scenario.seed = seed;
    return scenario;
}

}  // namespace

TEST_CASE("with headers a provider runs at 97 % of its limit with under 1 % of refusals") {
    for (const Kind& kind : kKinds) {
        for (const int workers : {1, 4, 16}) {
            PaceScenario scenario = scenario_of(kind.kind, true, 7);
            scenario.workers = workers;
            const auto report = simulate::run_pace(scenario);
            INFO(kind.name << ", workers " << workers << ", goodput " << report.goodput());
            CHECK(report.goodput() >= 0.97);
            CHECK(report.refused_share() < 0.01);
            CHECK(report.circuit_openings == 0);
        }
    }
}

TEST_CASE("without headers a provider runs at 90 % of its limit with under 2 % of refusals") {
    for (const Kind& kind : kKinds) {
        for (const std::uint64_t seed : {1U, 2U, 3U}) {
            const auto report = simulate::run_pace(scenario_of(kind.kind, false, seed));
            INFO(kind.name << ", seed " << seed << ", goodput " << report.goodput() << ", refused "
                           << report.refused_share());
            CHECK(report.goodput() >= 0.9);
            CHECK(report.refused_share() < 0.02);
        }
    }
}

TEST_CASE("a stated limit that is halved in mid-run is followed at once") {
    for (const Kind& kind : kKinds) {
        PaceScenario scenario = scenario_of(kind.kind, true, 11);
        scenario.changes = {{std::chrono::minutes(6), 300}};
        const auto report = simulate::run_pace(scenario);
        INFO(kind.name << ", goodput " << report.goodput());
        CHECK(report.goodput() >= 0.93);  // a sliding window still holds the calls from before
        CHECK(report.refused_share() < 0.01);
    }
}

TEST_CASE("another client that eats half is made room for") {
    for (const Kind& kind : kKinds) {
        PaceScenario scenario = scenario_of(kind.kind, true, 3);
        scenario.others = 5;
        const auto report = simulate::run_pace(scenario);
        INFO(kind.name << ", goodput " << report.goodput() << ", refused "
                       << report.refused_share());
        CHECK(report.goodput() >= 0.75);
        CHECK(report.refused_share() < 0.01);
    }
}

TEST_CASE("retrying with backoff alone is refused many times more") {
    PaceScenario scenario = scenario_of(LimitKind::fixed_window, false, 1);
    const auto ours = simulate::run_pace(scenario);
    scenario.client = Client::backoff;
    const auto plain = simulate::run_pace(scenario);
    CHECK(plain.refused_share() > 10 * ours.refused_share());
}
