// Scenarios of simulations as files: what may stand in them, and how mistakes are told.
#include "cli/simulate/scenario_file.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace fleet;
using cli::read_scenario;
using cli::ScenarioRead;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

ScenarioRead read(const std::string& text) {
    return read_scenario(text, "s.yml", config::Syntax::yaml);
}

simulate::Scenario scenario_of(const std::string& text) {
    const ScenarioRead result = read(text);
    for (const config::Diagnostic& one : result.diagnostics) {
        FAIL_CHECK(one.line());
    }
    REQUIRE(result.file);
    return result.file->scenario;
}

std::vector<std::string> mistakes(const std::string& text) {
    const ScenarioRead result = read(text);
    CHECK_FALSE(result.file);
    std::vector<std::string> lines;
    for (const config::Diagnostic& one : result.diagnostics) {
        lines.push_back(one.line());
    }
    return lines;
}

}  // namespace

TEST_CASE("a count alone is a scenario") {
    const simulate::Scenario scenario = scenario_of("items: 5k\n");
    CHECK(scenario.item_count() == 5'000);
    CHECK(scenario.name == "s");
    CHECK(scenario.seed == 1);
    CHECK(scenario.hosts.size() == 1);
    REQUIRE(scenario.stages.size() == 1);
    CHECK(scenario.stages[0].time.mean == seconds(1));
    CHECK_FALSE(scenario.stages[0].provider);
}

TEST_CASE("every key of a scenario is read") {
    const ScenarioRead result = read(R"(
seed: 7
seeds: 3
length: 6h
rest: 1m
lease: 20s
items:
  - 100
  - {at: 5m, count: 50, over: 2m}
  - {at: 10m, rate: 2, over: 1m}
  - {count: 30, rate: 0.5}
stages:
  prep: {time: 4s}
  write:
    time: {mean: 20s, distribution: lognormal, sigma: 0.7, least: 2s, most: 5m}
    provider: a/b
    low: 10
    high: 200
providers:
  a/b:
    kind: token_bucket
    limit: 2
    window: 1s
    burst: 4
    states_limits: false
    states_retry_after: false
    others: 0.5
    changes: [{at: 9m, limit: 1}, {at: 4m, limit: 3}]
    outages:
      - {from: 1m, to: 2m}
    rules: {requests_per_minute: 90, budget: {requests: 1k}, circuit: {cooldown: 5s}}
hosts:
  - 2
  - {count: 2, cores: 16, join: 1m, die: 5m}
  - {leave: 7m}
pool: {min: 1, max: 30, slots: 2, drain_target: 2h, max_wait: 5m, stabilization: 30s,
       service_prior: 3s, boot: 4s, grace: 45s, batch: true}
)");
    for (const config::Diagnostic& one : result.diagnostics) {
        FAIL_CHECK(one.line());
    }
    REQUIRE(result.file);
    CHECK(result.file->seeds == 3);
    const simulate::Scenario& scenario = result.file->scenario;
    CHECK(scenario.seed == 7);
    CHECK(scenario.length == std::chrono::hours(6));
    CHECK(scenario.rest == minutes(1));
    CHECK(scenario.lease == seconds(20));
    REQUIRE(scenario.items.size() == 4);
    CHECK(scenario.items[1].at == minutes(5));
    CHECK(scenario.items[1].over == minutes(2));
    CHECK(scenario.items[2].count == 120);
    CHECK(scenario.items[3].over == minutes(1));
    REQUIRE(scenario.stages.size() == 2);
    CHECK(scenario.stages[0].time.mean == seconds(4));
    const simulate::StageScenario& write = scenario.stages[1];
    CHECK(write.time.distribution == simulate::Distribution::lognormal);
    CHECK(write.time.sigma == 0.7);
    CHECK(write.time.least == seconds(2));
    CHECK(write.time.most == minutes(5));
    CHECK(write.provider == 0U);
    CHECK(write.low_water == 10);
    CHECK(write.high_water == 200);
    REQUIRE(scenario.providers.size() == 1);
    const simulate::ProviderScenario& provider = scenario.providers[0];
    CHECK(provider.rules.name == "a/b");
    CHECK(provider.limits.kind == simulate::LimitKind::token_bucket);
    CHECK(provider.limits.limit == 2);
    CHECK(provider.limits.window == seconds(1));
    CHECK(provider.limits.burst == 4);
    CHECK_FALSE(provider.limits.states_limits);
    CHECK_FALSE(provider.limits.states_retry_after);
    CHECK(provider.others == 0.5);
    REQUIRE(provider.changes.size() == 2);
    CHECK(provider.changes[0].at == minutes(4));
    CHECK(provider.changes[0].limit == 3);
    REQUIRE(provider.outages.size() == 1);
    CHECK(provider.outages[0].to == minutes(2));
    CHECK(provider.rules.requests_per_second == 1.5);
    CHECK(provider.rules.budget.requests == 1'000);
    CHECK(provider.rules.circuit.cooldown == seconds(5));
    REQUIRE(scenario.hosts.size() == 5);
    CHECK(scenario.hosts[2].cores == 16);
    CHECK(scenario.hosts[2].joins == minutes(1));
    CHECK(scenario.hosts[3].dies == minutes(5));
    CHECK(scenario.hosts[4].leaves == minutes(7));
    CHECK(scenario.hosts[4].id == "host5");
    CHECK(scenario.boot == seconds(4));
    const scaler::PoolRules rules = simulate::rules_on(scenario, scenario.hosts[0]);
    CHECK(rules.min_workers == 1);
    CHECK(rules.max_workers == 30);
    CHECK(rules.slots_per_worker == 2);
    CHECK_FALSE(rules.drain_target);  // a batch is drained as fast as the box allows
    CHECK(rules.max_wait == minutes(5));
    CHECK(rules.stabilization == seconds(30));
    CHECK(rules.service_prior == seconds(3));
    CHECK(rules.grace == seconds(45));
    CHECK(rules.batch_mode);
}

TEST_CASE("all mistakes are told at once, each with its place and the nearest known word") {
    CHECK(mistakes("items: 100\n"
                   "stags: {}\n"
                   "stages: {a: {time: {mean: 3s, distribution: parto}, provider: mdl}}\n"
                   "providers: {model: {limt: 3, kind: token}}\n"
                   "hosts: {count: 2, die: 0s}\n"
                   "pool: {max: 4, slts: 2}\n") ==
          std::vector<std::string>{
              "s.yml:2:1: error: there is no key `stags` here; did you mean `stages`?",
              "s.yml:3:45: error: `distribution` cannot be `parto`; did you mean `pareto`?",
              "s.yml:3:53: error: `mdl` is not described under `providers:`; use `model`",
              "s.yml:4:21: error: there is no key `limt` here; did you mean `limit`?",
              "s.yml:4:36: error: `kind` cannot be `token`; use one of `fixed_window`, "
              "`token_bucket` or `sliding_window`",
              "s.yml:5:19: error: `die` is not behind `join`; choose a later time, or an earlier "
              "`join`",
              "s.yml:6:16: error: there is no key `slts` here; did you mean `slots`?"});
}

TEST_CASE("what cannot be meant is refused with what would be right") {
    const std::vector<std::pair<std::string, std::string>> table{
        {"", "the file holds no mapping; begin it with `items: 1000`"},
        {"seed: 1\n", "there is no work: `items` is missing"},
        {"items: many\n", "`items` is no count"},
        {"items: 1000M\n", "`items` cannot be 1000000000; write at most 100M"},
        {"items: [60M, 60M]\n", "more than 100M items"},
        {"items: {at: 5m}\n", "it does not say how many items come"},
        {"items: {count: 5, rate: 1, over: 1m}\n", "`count`, `over` and `rate` say too much"},
        {"items: 1\nseeds: 0\n", "`seeds` cannot be 0"},
        {"items: 1\nstages: {}\n", "`stages` names no stage"},
        {"items: 1\nstages: {a: {time: {sigma: 1}}}\n", "`mean` is missing"},
        {"items: 1\nstages: {a: {time: {mean: 1s, sigma: 1}}}\n",
         "`sigma` is only for a distribution of `lognormal`"},
        {"items: 1\nstages: {a: {time: {mean: 1s, distribution: exponential, least: 2s}}}\n",
         "`least` is not below `mean`"},
        {"items: 1\nstages: {a: {time: {mean: 9s, distribution: exponential, most: 2s}}}\n",
         "`most` is not above `mean`"},
        {"items: 1\nstages: {a: {low: 5, high: 5}}\n", "`low` is not below `high`"},
        {"items: 1\nhosts: 0\n", "`hosts` is no number of hosts"},
        {"items: 1\nhosts: [5000, 1]\n", "more than 5000 hosts"},
        {"items: 1\nhosts: {leave: 1m, die: 2m}\n", "cannot both `leave` and `die`"},
        {"items: 1\nproviders: {m: {burst: 4}}\n", "`burst` is only for a `token_bucket`"},
        {"items: 1\nproviders: {m: {limit: 0.5}}\n", "below one call in a window"},
        {"items: 1\nproviders: {m: {changes: {at: 1m}}}\n", "`limit` is missing"},
        {"items: 1\nproviders: {m: {outages: {from: 2m, to: 1m}}}\n", "`to` is not behind `from`"},
        {"items: 1\nproviders: {m: {outages: 5m}}\n", "write `- {from: 5m, to: 8m}` lines"},
        {"items: 1\nproviders: {m: {rules: {tokens_per_minute: 5}}}\n",
         "a simulated call has no tokens"},
        {"items: 1\nproviders: {m: {rules: {budget: {cost: 5}}}}\n",
         "neither tokens nor a price; write `requests: N`"},
        {"items: 1\npool: {min: 5, max: 2}\n", "`min` (5) is above `max` (2)"},
    };
    for (const auto& [text, message] : table) {
        INFO(text);
        const auto lines = mistakes(text);
        REQUIRE_FALSE(lines.empty());
        CHECK_THAT(lines.front(), Catch::Contains(message));
    }
}

TEST_CASE("a scenario's file that is not there is named") {
    CHECK_THROWS_WITH(cli::read_scenario_file("/nowhere/s.yml", "s.yml"),
                      Catch::Contains("reading the scenario s.yml: there is no such file"));
}
