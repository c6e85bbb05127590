// `fleet decisions --explain`: from a decision as the scaler keeps it to what people read.
#include "cli/view/decision_explained.hpp"

#include <optional>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "scaler/explain.hpp"

using namespace fleet;
using Catch::Matchers::Contains;

namespace {

const cli::Terminal& file() {
    static const cli::Terminal terminal({.out_is_terminal = false});
    return terminal;
}

std::string explained(const model::Decision& decision) {
    std::ostringstream out;
    cli::explain_decision(out, file(), decision);
    return out.str();
}

scaler::Observation limited_fleet() {
    scaler::Observation observation;
    observation.own_host = "box1";
    observation.hosts.push_back({"box1", 8, 8, true, 0.2, 0.01, {}});
    observation.hosts.push_back({"box2", 4, 4, false, {}, {}, {}});
    scaler::PoolView pool;
    pool.pressure.pool = "papers";
    model::StagePressure stage;
    stage.stage = "main";
    stage.ready = 5'000;
    stage.counts.pending = 5'000;
    stage.service_mean = base::Millis{1'500};
    stage.service_samples = 10;
    pool.pressure.stages.push_back(stage);
    pool.needs.push_back({"main", "mock/big", true});
    observation.pools.push_back(pool);
    scaler::ProviderView provider;
    provider.name = "mock/big";
    provider.calls_per_second = 10;
    provider.latency = base::Millis{1'000};
    provider.latency_samples = 100;
    provider.calls_minute = 590;
    provider.refused_minute = 0.02;
    provider.budget = scaler::BudgetView{1'500, {}, 2'500'000, base::Millis{7'200'000}};
    observation.providers.push_back(provider);
    return observation;
}

model::Decision decided(const scaler::Observation& observation,
                        std::optional<base::Millis> drain_target = {}) {
    scaler::Policy policy;
    scaler::PoolRules rules;
    rules.pool = "papers";
    rules.max_workers = 50;
    rules.slots_per_worker = 4;
    rules.drain_target = drain_target;
    policy.pools.push_back(rules);
    const scaler::PoolPlan plan = scaler::decide(observation, policy).pools.front();
    model::Decision decision;
    decision.id = 42;
    decision.host = "box1";
    decision.pool = plan.pool;
    decision.workers_before = plan.workers;
    decision.workers_planned = plan.planned;
    decision.started = plan.start;
    decision.reason = plan.reason;
    decision.inputs = scaler::decision_inputs(observation, policy, plan);
    return decision;
}

}  // namespace

TEST_CASE("a burst before the reset of a budget is a line of its own, and seen with the budget") {
    scaler::Observation observation = limited_fleet();
    CHECK_THAT(explained(decided(observation, std::chrono::hours(1))),
               !Contains("reset_burst") && !Contains("to be used up"));
    observation.providers.front().bursts = true;
    observation.providers.front().calls_left = 1'500;
    const std::string text = explained(decided(observation, std::chrono::hours(1)));
    INFO(text);
    CHECK_THAT(text, Contains("2.5 of cost left for 2h00m, to be used up until then"));
    // 5,000 of 1.5 s each in an hour are three slots; ten calls a second of a second keep 12 busy.
    CHECK_THAT(text, Contains("reset_burst            3     12  slots    mock/big: what the day's "
                              "budget still pays for (about 1500 calls) is lost in 2h00m"));
}

TEST_CASE("an explained decision has what was seen, every clamp with its numbers, and the result") {
    const std::string text = explained(decided(limited_fleet()));
    INFO(text);
    CHECK_THAT(text, Contains("decision 42") && Contains("pool papers: 0 -> 3 workers, started 3"));
    CHECK_THAT(text, Contains("5,000 ready, 0 running, 1.5s each; calls mock/big (as configured)"));
    CHECK_THAT(text,
               Contains("10.0/s, 1s a call; circuit closed; refused 0 % in 10 s, 2 % in 60 s"));
    CHECK_THAT(text, Contains("1,500 requests, 2.5 of cost left for 2h00m"));
    CHECK_THAT(text, Contains("8 cores, 20 % of memory, 1 % of descriptors"));
    CHECK_THAT(text, Contains("4 cores; its scaler is late"));
    CHECK_THAT(text, Contains("from 0 to 50 workers of 4 slots; as fast as possible"));
    const std::size_t work = text.find("\nwork ");
    const std::size_t pace = text.find("\npace ");
    const std::size_t surge = text.find("\nsurge ");
    CHECK(work < pace);
    CHECK(pace < surge);
    CHECK(surge != std::string::npos);
    CHECK_THAT(text, Contains("12 slots with 20 % to spare keep it busy"));
    CHECK_THAT(text, Contains("planned: 3 workers, 3 of them on this host; decided by pace"));
}

TEST_CASE("a provider's hold is told with its length") {
    scaler::Observation observation = limited_fleet();
    observation.providers[0].circuit = model::CircuitState::open;
    observation.providers[0].hold = model::Hold{model::HoldReason::circuit, base::Millis{90'000},
                                                "circuit open: 8 of 10 were refused"};
    const std::string text = explained(decided(observation));
    INFO(text);
    CHECK_THAT(text, Contains("circuit open; held for 1m30s: circuit open: 8 of 10 were refused"));
    CHECK_THAT(text, Contains("decided by circuit"));
}

TEST_CASE("a decision of an older program is shown without what it did not keep") {
    model::Decision decision;
    decision.id = 7;
    decision.reason = "keep 1 worker";
    decision.inputs = R"({"ready":3,"workers":{"active":1},"hosts":[{"id":"h","cores":1}]})";
    CHECK_THAT(explained(decision), Contains("3 ready") && Contains("did not keep its steps"));
    decision.inputs.clear();
    CHECK_THAT(explained(decision), Contains("keep 1 worker"));
    decision.inputs = R"({"ready":"x","workers":7,"steps":"y","hosts":{"a":1}})";
    CHECK_THAT(explained(decision), Contains("0 ready"));
    decision.inputs = "{";
    CHECK_THROWS_AS(explained(decision), base::ConfigError);
}
