// Near the reset of a provider's budget its work does not wait for the pool's drain target.
#include <algorithm>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "common/pace/provider_row.hpp"
#include "scaler/explain.hpp"
#include "tests/unit/scaler/fleets.hpp"

namespace fleet::scaler {
namespace {

using namespace testing;
using std::chrono::hours;
using std::chrono::minutes;

constexpr base::StoreTime kNow{hours(20)};

/// As its row would be seen `left` before the end of its day.
ProviderView provider(base::Millis left, base::Millis burst, std::int64_t requests = 1'000) {
    model::ProviderRules rules;
    rules.name = "m/a";
    rules.requests_per_second = 20 / 0.98;
    rules.budget.requests = requests;
    rules.burst_before_reset = burst;
    const base::WallTime wall = base::WallTime{hours(24 * 20'000)} - left;
    const model::Provider row = pace::new_provider(rules, {model::PaceTime{kNow}, wall});
    ProviderView view = provider_view(row, {}, kNow, wall);
    view.latency = base::Millis{2'000};
    view.latency_samples = 100;
    return view;
}

/// 400 ready of the provider's stage and 100 of another one, 1 s each.
Observation observed(const ProviderView& view) {
    Observation observation = observe(400, 0);
    PoolView& pool = observation.pools[0];
    pool.pressure.stages[0].stage = "large";
    model::StagePressure other = pool.pressure.stages[0];
    other.stage = "small";
    other.ready = other.counts.pending = 100;
    pool.pressure.stages.push_back(other);
    pool.needs.push_back({"large", "m/a", true});
    observation.providers.push_back(view);
    return observation;
}

Policy in_time(std::optional<base::Millis> drain_target) {
    Policy policy = rules(0, 1'000);
    policy.surge_least = 1'000;
    policy.pools[0].drain_target = drain_target;
    return policy;
}

const ClampStep* burst_of(const PoolPlan& plan) {
    const auto found = std::ranges::find(plan.steps, Clamp::reset_burst, &ClampStep::clamp);
    return found == plan.steps.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("a provider bursts only within its time before the reset and with something left") {
    CHECK_FALSE(provider(minutes(31), minutes(30)).bursts);
    CHECK(provider(minutes(30), minutes(30)).bursts);
    CHECK(provider(minutes(1), minutes(30)).bursts);
    CHECK_FALSE(provider(minutes(1), minutes(0)).bursts);
    CHECK_FALSE(provider(minutes(1), minutes(30), 0).bursts);
}

TEST_CASE("before the reset the provider's work goes as fast as it takes it, the rest in time") {
    // 500 s of work in 100 s: 5 slots, 4 of them for the provider's stage. It keeps 48 busy.
    const PoolPlan plan =
        decide_one(observed(provider(minutes(10), minutes(30))), in_time(base::Millis{100'000}));
    const ClampStep* const burst = burst_of(plan);
    REQUIRE(burst != nullptr);
    CHECK(burst->before == 5);
    CHECK(burst->after == 49);
    CHECK(burst->why ==
          "m/a: what the day's budget still pays for (about 1000 calls) is lost in 10m00s");
    CHECK(plan.wanted_slots == 49);
    CHECK(plan.reason.find("(sooner, for m/a: ") != std::string::npos);
}

TEST_CASE("no more is hurried than what is left of the budget pays for") {
    const PoolPlan plan = decide_one(observed(provider(minutes(10), minutes(30), 12)),
                                     in_time(base::Millis{100'000}));
    CHECK(plan.wanted_slots == 13);
}

TEST_CASE("a burst keeps to the pool's maximum and never lowers what is wanted") {
    Policy policy = in_time(base::Millis{100'000});
    policy.pools[0].max_workers = 20;
    CHECK(decide_one(observed(provider(minutes(10), minutes(30))), policy).wanted_workers == 20);
    // Everything at once is wanted anyway: 100 of the other stage and 48 that the provider takes.
    const PoolPlan soon =
        decide_one(observed(provider(minutes(10), minutes(30))), in_time(base::Millis{1'000}));
    const PoolPlan without =
        decide_one(observed(provider(minutes(10), minutes(0))), in_time(base::Millis{1'000}));
    CHECK(soon.wanted_slots == without.wanted_slots);
    CHECK(soon.wanted_slots == 148);
}

TEST_CASE("without a drain target, or far from the reset, nothing is hurried") {
    CHECK(burst_of(decide_one(observed(provider(minutes(10), minutes(30))), in_time({}))) ==
          nullptr);
    const PoolPlan far =
        decide_one(observed(provider(hours(9), minutes(30))), in_time(base::Millis{100'000}));
    CHECK(burst_of(far) == nullptr);
    CHECK(far.wanted_slots == 5);
}

TEST_CASE("a burst is kept with the decision as a step of its own") {
    const Observation observation = observed(provider(minutes(10), minutes(30)));
    const Policy policy = in_time(base::Millis{100'000});
    const base::Json inputs = base::parse_json(
        decision_inputs(observation, policy, decide_one(observation, policy)), "the inputs");
    CHECK(inputs.at("providers").at(0).at("budget").at("bursts") == true);
    const auto& steps = inputs.at("steps");
    CHECK(std::ranges::any_of(
        steps, [](const base::Json& step) { return step.at("clamp") == "reset_burst"; }));
}

}  // namespace fleet::scaler
