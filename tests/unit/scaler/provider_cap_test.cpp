// How many slots the providers keep busy, and what a pool gets of them.
#include "scaler/provider_cap.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/scaler/fleets.hpp"

namespace fleet::scaler {
namespace {

using namespace testing;
using std::chrono::seconds;

ProviderView provider(const std::string& name, std::optional<double> rate, int latency_ms) {
    ProviderView view;
    view.name = name;
    view.calls_per_second = rate;
    view.latency = base::Millis{latency_ms};
    view.latency_samples = latency_ms > 0 ? 100 : 0;
    return view;
}

ProviderView held(model::HoldReason reason, base::Millis wait) {
    ProviderView view = provider("m/a", 10, 1'000);
    view.hold = model::Hold{reason, wait, "held"};
    return view;
}

/// Stages "prep" (needs nothing) and "main" (needs m/a) of one pool.
Observation two_stages(int prep_ready, int main_ready, int main_running = 0) {
    Observation observation = observe(main_ready, main_running);
    PoolView& pool = observation.pools.front();
    pool.pressure.stages.front().stage = "main";
    model::StagePressure prep;
    prep.stage = "prep";
    prep.ready = prep_ready;
    prep.counts.pending = prep_ready;
    pool.pressure.stages.push_back(prep);
    pool.needs.push_back({"main", "m/a", true});
    observation.providers.push_back(provider("m/a", 10, 1'000));
    return observation;
}

Policy wide() {
    Policy policy = rules(0, 1'000);
    policy.surge_least = 1'000;
    return policy;
}

}  // namespace

TEST_CASE("a provider is worth pace x latency slots and a fifth more, a closed one its probes") {
    struct Row {
        std::string name;
        ProviderView view;
        std::optional<int> slots;
        Clamp clamp;
    };
    ProviderView few_left = provider("m/a", 10, 1'000);
    few_left.calls_left = 5;
    ProviderView few_samples = provider("m/a", 10, 600);
    few_samples.latency_samples = kEnoughSamples / 2;
    ProviderView only_budget = provider("m/a", std::nullopt, 1'000);
    only_budget.calls_left = 70;
    ProviderView more_probes = held(model::HoldReason::circuit, seconds(200));
    more_probes.probes = 7;
    const std::vector<Row> rows_ = {
        {"little's law", provider("m/a", 10, 1'000), 12, Clamp::pace},
        {"rounded up", provider("m/a", 9.8, 1'100), 13, Clamp::pace},
        {"never none", provider("m/a", 0.01, 100), 1, Clamp::pace},
        {"without samples the prior", provider("m/a", 10, 0), 24, Clamp::pace},
        {"few samples count as far as they go", few_samples, 16, Clamp::pace},
        {"without a limit", provider("m/a", std::nullopt, 1'000), std::nullopt, Clamp::none},
        {"absurdly fast", provider("m/a", 1e12, 100'000), 1'000'000, Clamp::pace},
        {"circuit", held(model::HoldReason::circuit, seconds(200)), 3, Clamp::circuit},
        {"circuit with other probes", more_probes, 7, Clamp::circuit},
        {"a person must act", held(model::HoldReason::person, seconds(1)), 0, Clamp::circuit},
        {"budget spent", held(model::HoldReason::budget, seconds(9'000)), 0, Clamp::budget},
        {"budget nearly spent", few_left, 5, Clamp::budget},
        {"only a budget", only_budget, 70, Clamp::budget},
        {"a long pause", held(model::HoldReason::retry_after, seconds(60)), 1, Clamp::retry_after},
        {"a short pause", held(model::HoldReason::retry_after, seconds(5)), 12, Clamp::pace},
    };
    for (const Row& row : rows_) {
        INFO(row.name);
        const auto cap = provider_cap(row.view, base::Millis{2'000});
        REQUIRE(cap.has_value() == row.slots.has_value());
        if (cap) {
            CHECK(cap->slots == *row.slots);
            CHECK(cap->clamp == row.clamp);
            CHECK(cap->why.find("m/a") == 0);
        }
    }
}

TEST_CASE("a stage's provider limits that stage, not what needs no provider") {
    struct Row {
        std::string name;
        int prep;
        int main;
        int running;
        int slots;
        Clamp clamp;
    };
    const std::vector<Row> table = {
        {"below the limit", 5, 8, 2, 15, Clamp::none},
        {"above it", 0, 500, 0, 12, Clamp::pace},
        {"with other work", 30, 500, 0, 42, Clamp::pace},
        {"what runs counts", 30, 0, 40, 42, Clamp::pace},
        {"other work only", 30, 0, 0, 30, Clamp::none},
    };
    for (const Row& row : table) {
        INFO(row.name);
        const PoolPlan plan = decide_one(two_stages(row.prep, row.main, row.running), wide());
        CHECK(plan.wanted_slots == row.slots);
        CHECK(plan.clamp == row.clamp);
    }
}

TEST_CASE("while a circuit is open its stage has the probes, a spent budget leaves it nothing") {
    Observation observation = two_stages(7, 500);
    observation.providers[0] = held(model::HoldReason::circuit, seconds(100));
    const PoolPlan open = decide_one(observation, wide());
    CHECK(open.wanted_slots == 10);
    CHECK(open.clamp == Clamp::circuit);
    CHECK(open.reason.find("3 slots for its probes") != std::string::npos);
    observation.providers[0] = held(model::HoldReason::budget, seconds(7'200));
    const PoolPlan spent = decide_one(observation, wide());
    CHECK(spent.wanted_slots == 7);
    CHECK(spent.clamp == Clamp::budget);
    CHECK(spent.reason.find("for another 2") != std::string::npos);
}

TEST_CASE("work that an open circuit has sent away keeps the slots for the probes") {
    Observation observation = two_stages(0, 0);
    observation.pools[0].pressure.stages[0].delayed = 400;
    observation.pools[0].pressure.stages[0].counts.pending = 400;
    CHECK(decide_one(observation, wide()).wanted_slots == 0);
    observation.providers[0] = held(model::HoldReason::circuit, seconds(100));
    CHECK(decide_one(observation, wide()).wanted_slots == 3);
    observation.pools[0].pressure.stages[0].delayed = 2;
    CHECK(decide_one(observation, wide()).wanted_slots == 2);
    observation.providers[0] = held(model::HoldReason::person, seconds(100));
    CHECK(decide_one(observation, wide()).wanted_slots == 0);
}

TEST_CASE("a batch whose provider is out keeps one worker to go on with") {
    Observation observation = two_stages(0, 500);
    observation.providers[0] = held(model::HoldReason::budget, seconds(7'200));
    Policy policy = wide();
    CHECK(decide_one(observation, policy).planned == 0);
    policy.pools[0].batch_mode = true;
    CHECK(decide_one(observation, policy).planned == 1);
}

TEST_CASE("neither a drain target nor the age guard passes what the provider takes") {
    Observation observation = two_stages(0, 6'000, 12);
    add_workers(observation, 12, 1);
    auto& main = observation.pools[0].pressure.stages[0];
    main.service_mean = base::Millis{1'000};
    main.service_samples = 50;
    main.oldest_ready_age = base::Millis{600'000};
    Policy policy = wide();
    policy.pools[0].drain_target = base::Millis{10'000};
    const PoolPlan hurried = decide_one(observation, policy);
    CHECK(hurried.wanted_slots == 12);
    CHECK(hurried.clamp == Clamp::pace);
    policy.pools[0].drain_target = base::Millis{6'000'000};
    const PoolPlan aged = decide_one(observation, policy);
    CHECK(aged.wanted_slots == 12);
}

TEST_CASE("pools that need the same provider divide it by their work") {
    Observation observation = two_stages(0, 300);
    PoolView other = observation.pools.front();
    other.pressure.pool = "other";
    other.pressure.stages[0].ready = 100;
    other.pressure.stages[0].counts.pending = 100;
    observation.pools.push_back(other);
    Policy policy = wide();
    policy.pools.push_back(policy.pools.front());
    policy.pools.back().pool = "other";
    const Plan plan = decide(observation, policy);
    CHECK(plan.pools[0].wanted_slots == 9);
    CHECK(plan.pools[1].wanted_slots == 3);
    // What one does not need is the other's.
    observation.pools[1].pressure.stages[0].ready = 1;
    const Plan uneven = decide(observation, policy);
    CHECK(uneven.pools[0].wanted_slots == 11);
    CHECK(uneven.pools[1].wanted_slots == 1);
    // A paused pool claims nothing.
    observation.pools[1].pressure.paused = true;
    CHECK(decide(observation, policy).pools[0].wanted_slots == 12);
}

TEST_CASE("a provider without a row limits nothing") {
    Observation observation = two_stages(0, 500);
    observation.providers.clear();
    CHECK(decide_one(observation, wide()).wanted_slots == 500);
}

TEST_CASE("work before a full buffer wants no slots") {
    Observation observation = two_stages(40, 100);
    observation.pools[0].needs.clear();
    model::StagePolicy mark;
    mark.stage = "main";
    mark.high_water = 100;
    observation.pools[0].stages.push_back(mark);
    const PoolPlan full = decide_one(observation, wide());
    CHECK(full.wanted_slots == 100);
    CHECK(full.clamp == Clamp::high_water);
    observation.pools[0].pressure.stages[0].counts.pending = 99;
    CHECK(decide_one(observation, wide()).wanted_slots == 140);
}

TEST_CASE("while the expensive model is out the stage before it fills its buffer and then rests") {
    Observation observation = two_stages(40, 20);
    observation.providers[0] = held(model::HoldReason::circuit, seconds(100));
    model::StagePolicy mark;
    mark.stage = "main";
    mark.high_water = 50;
    observation.pools[0].stages.push_back(mark);
    CHECK(decide_one(observation, wide()).wanted_slots == 43);
    auto& main = observation.pools[0].pressure.stages[0];
    main.ready = 50;
    main.counts.pending = 50;
    CHECK(decide_one(observation, wide()).wanted_slots == 3);
}

TEST_CASE("busy workers beyond what their provider takes may retire when their work is short") {
    Observation observation = two_stages(0, 500, 20);
    add_workers(observation, 20, 1);
    Policy policy = rules(0, 100);
    policy.pools[0].stabilization = base::Millis{0};
    CHECK(decide_one(observation, policy).retire.empty());
    observation.pools[0].pressure.stages[0].service_p95 = base::Millis{3'000};
    const PoolPlan plan = decide_one(observation, policy);
    CHECK(plan.retire.size() == 8);
    CHECK(plan.clamp == Clamp::pace);
}

}  // namespace fleet::scaler
