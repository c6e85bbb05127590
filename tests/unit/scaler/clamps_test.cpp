// Every clamp in its order, with the number before and after it.
#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "scaler/explain.hpp"
#include "tests/unit/scaler/fleets.hpp"

namespace fleet::scaler {
namespace {

using namespace testing;

const ClampStep* step_of(const PoolPlan& plan, Clamp clamp) {
    const auto found = std::ranges::find(plan.steps, clamp, &ClampStep::clamp);
    return found == plan.steps.end() ? nullptr : &*found;
}

Observation limited(int ready) {
    Observation observation = observe(ready, 0);
    observation.pools[0].needs.push_back({"", "m/a", true});
    ProviderView view;
    view.name = "m/a";
    view.calls_per_second = 20;
    view.latency = base::Millis{2'000};
    view.latency_samples = 100;
    observation.providers.push_back(view);
    return observation;
}

/// Of two pools, each with so much ready work.
Observation two_pools(int first, int second) {
    Observation observation = observe(first, 0);
    PoolView other = observe(second, 0).pools.front();
    other.pressure.pool = "other";
    observation.pools.push_back(other);
    return observation;
}

Policy for_two(int fleet_maximum) {
    Policy policy = rules(0, 1'000);
    policy.surge_least = 1'000;
    policy.fleet_maximum = fleet_maximum;
    policy.pools.push_back(policy.pools.front());
    policy.pools.back().pool = "other";
    return policy;
}

}  // namespace

TEST_CASE("each step begins where the one before has ended, and the last is the plan") {
    std::vector<Observation> cases = {observe(0, 0), observe(1'000, 3), limited(500)};
    cases.push_back(limited(900));
    add_workers(cases.back(), 40, 0, 2);
    cases.push_back(observe(1'000, 3));
    cases.back().hosts[0].memory_used = 0.9;
    add_workers(cases.back(), 3, 1);
    cases.push_back(observe(0, 2));
    add_workers(cases.back(), 9, 0);
    cases.push_back(observe(50, 0));
    cases.back().pools[0].launch_hold = "5 workers in a row died";
    for (std::size_t index = 0; index < cases.size(); ++index) {
        for (const bool batch : {false, true}) {
            INFO("case " << index << ", batch " << batch);
            Policy policy = rules(1, 25, 2);
            policy.pools[0].batch_mode = batch;
            policy.pools[0].drain_target = base::Millis{5'000};
            policy.fleet_maximum = 20;
            const PoolPlan plan = decide_one(cases[index], policy);
            REQUIRE_FALSE(plan.steps.empty());
            CHECK(plan.steps.front().clamp == Clamp::none);
            for (std::size_t next = 1; next < plan.steps.size(); ++next) {
                INFO("step " << to_text(plan.steps[next].clamp));
                CHECK(plan.steps[next].before == plan.steps[next - 1].after);
                CHECK_FALSE(plan.steps[next].why.empty());
            }
            CHECK(plan.steps.back().after == plan.planned);
        }
    }
}

TEST_CASE("the steps of a limited pool name pace, surge and the numbers between") {
    Observation observation = limited(500);
    const PoolPlan plan = decide_one(observation, rules(0, 30));
    const ClampStep* const pace = step_of(plan, Clamp::pace);
    REQUIRE(pace != nullptr);
    CHECK(pace->before == 500);
    CHECK(pace->after == 48);
    CHECK(pace->unit == Unit::slots);
    const ClampStep* const maximum = step_of(plan, Clamp::maximum);
    REQUIRE(maximum != nullptr);
    CHECK(maximum->before == 48);
    CHECK(maximum->after == 30);
    const ClampStep* const surge = step_of(plan, Clamp::surge);
    REQUIRE(surge != nullptr);
    CHECK(surge->after == 4);
    CHECK(plan.clamp == Clamp::surge);
}

TEST_CASE("the fleet's maximum is divided among the pools by what they want") {
    const Plan plan = decide(two_pools(30, 10), for_two(20));
    CHECK(plan.pools[0].planned == 15);
    CHECK(plan.pools[1].planned == 5);
    CHECK(plan.pools[0].clamp == Clamp::fleet_maximum);
    const Plan enough = decide(two_pools(8, 4), for_two(20));
    CHECK(enough.pools[0].planned == 8);
    CHECK(enough.pools[1].planned == 4);
}

TEST_CASE("workers of pools that nobody looks at here count towards the fleet's maximum") {
    Observation observation = two_pools(30, 10);
    observation.other_workers = 12;
    const Plan plan = decide(observation, for_two(20));
    CHECK(plan.pools[0].planned == 6);
    CHECK(plan.pools[1].planned == 2);
    observation.other_workers = 25;
    CHECK(decide(observation, for_two(20)).pools[0].planned == 0);
}

TEST_CASE("a pool does not take what another pool of the fleet has not given back") {
    Observation observation = two_pools(30, 30);
    for (int number = 0; number < 18; ++number) {
        observation.pools[0].workers.push_back(worker("w" + std::to_string(number), 1));
    }
    observation.pools[0].pressure.stages[0].counts.running = 18;
    const Plan plan = decide(observation, for_two(20));
    CHECK(plan.pools[1].wanted_workers >= 7);
    CHECK(plan.pools[1].start == 2);
    CHECK(plan.pools[1].clamp == Clamp::fleet_maximum);
}

TEST_CASE("what is kept of a decision has its inputs, every clamp and the result") {
    Observation observation = limited(500);
    for (int host = 0; host < 50; ++host) {
        observation.hosts.push_back({"b" + std::to_string(host), 4, 4, true, {}, {}, {}});
    }
    const Policy policy = rules(0, 30);
    const PoolPlan plan = decide_one(observation, policy);
    const base::Json inputs =
        base::parse_json(decision_inputs(observation, policy, plan), "the inputs");
    CHECK(inputs["ready"] == 500);
    CHECK(inputs["stages"][0]["provider"] == "m/a");
    CHECK(inputs["stages"][0]["provider_from"] == "configured");
    CHECK(inputs["providers"][0]["calls_per_second"] == 20);
    CHECK(inputs["providers"][0]["circuit"] == "closed");
    CHECK(inputs["hosts"].size() == kMostHostsKept);
    CHECK(inputs["more_hosts"] == 31);
    CHECK(inputs["rules"]["max_workers"] == 30);
    CHECK(inputs["decided_by"] == "surge");
    CHECK(inputs["planned"] == plan.planned);
    REQUIRE(inputs["steps"].size() == plan.steps.size());
    CHECK(inputs["steps"].back()["after"] == plan.planned);
}

}  // namespace fleet::scaler
