// Whatever the scenario, a simulation keeps its promises and comes to an end.
#include <algorithm>
#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "scaler/simulate/fleet_run.hpp"

using namespace fleet;
using rc::gen::inRange;
using simulate::Scenario;
using std::chrono::seconds;

namespace {

seconds some_seconds(int least, int most) {
    return seconds(*inRange(least, most + 1));
}

simulate::ProviderScenario some_provider(int number) {
    simulate::ProviderScenario provider;
    provider.rules.name = "provider" + std::to_string(number);
    provider.limits.kind = static_cast<simulate::LimitKind>(*inRange(0, 3));
    provider.limits.limit = *inRange(1, 200);
    provider.limits.window = some_seconds(1, 60);
    provider.limits.states_limits = *rc::gen::arbitrary<bool>();
    provider.limits.states_retry_after = *rc::gen::arbitrary<bool>();
    provider.others = *inRange(0, 3);
    if (*rc::gen::arbitrary<bool>()) {
        const seconds from = some_seconds(0, 600);
        provider.outages = {{from, from + some_seconds(1, 600)}};
    }
    if (*rc::gen::arbitrary<bool>()) {
        provider.changes = {{some_seconds(0, 900), static_cast<double>(*inRange(1, 200))}};
    }
    if (*rc::gen::arbitrary<bool>()) {
        provider.rules.budget.requests = *inRange(0, 200);
        provider.rules.budget.day_begins = some_seconds(0, 3'600);
    }
    return provider;
}

Scenario some_scenario() {
    Scenario scenario;
    scenario.seed = static_cast<std::uint64_t>(*inRange(0, 1'000'000));
    scenario.items = {
        {.at = some_seconds(0, 60), .count = *inRange(0, 300), .over = some_seconds(0, 600)}};
    const int providers = *inRange(0, 3);
    for (int number = 0; number < providers; ++number) {
        scenario.providers.push_back(some_provider(number));
    }
    scenario.stages.clear();
    const int stages = *inRange(1, 4);
    for (int number = 0; number < stages; ++number) {
        simulate::StageScenario stage{.name = "stage" + std::to_string(number)};
        stage.time.distribution = static_cast<simulate::Distribution>(*inRange(0, 4));
        stage.time.mean = some_seconds(1, 30);
        if (providers > 0 && *rc::gen::arbitrary<bool>()) {
            stage.provider = static_cast<std::size_t>(*inRange(0, providers));
        }
        if (*rc::gen::arbitrary<bool>()) {
            stage.high_water = *inRange(1, 50);
        }
        scenario.stages.push_back(stage);
    }
    const int hosts = *inRange(1, 5);
    scenario.hosts.clear();
    for (int number = 0; number < hosts; ++number) {
        simulate::HostScenario host{.id = "host" + std::to_string(number)};
        host.cores = *inRange(1, 17);
        host.joins = some_seconds(0, 300);
        const int end = *inRange(0, 3);
        (end == 1 ? host.leaves : host.dies) =
            end == 0 ? std::nullopt : std::optional(host.joins + some_seconds(1, 600));
        scenario.hosts.push_back(host);
    }
    scenario.pool.max_workers = *inRange(0, 20);
    scenario.pool.min_workers = *inRange(0, 3);
    scenario.pool.slots_per_worker = *inRange(1, 5);
    scenario.overrides.batch_mode = *rc::gen::arbitrary<bool>();
    scenario.order = static_cast<simulate::ClaimOrder>(*inRange(0, 3));
    scenario.length = std::chrono::hours(2);
    return scenario;
}

}  // namespace

TEST_CASE("no scenario breaks a promise") {
    REQUIRE(rc::check([] {
        const Scenario scenario = some_scenario();
        const simulate::Report report = simulate::run_fleet(scenario);
        for (const std::string& promise : report.broken) {
            RC_FAIL(promise);
        }
        RC_ASSERT(report.done <= report.items);
        RC_ASSERT(report.drained == (report.done == report.items));
        RC_ASSERT(report.ended_at <= scenario.length);
        RC_ASSERT(report.most_workers <= *scenario.pool.max_workers);
        RC_ASSERT(report.useful_hours <= report.worker_hours + 1e-9);
        RC_ASSERT(report.oracle.drain.count() >= 0);
        for (const simulate::ProviderReport& provider : report.providers) {
            RC_ASSERT(provider.calls == provider.given + provider.refused + provider.errors);
        }
    }));
}
