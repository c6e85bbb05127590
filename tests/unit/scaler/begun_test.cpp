// What a scaler whose workers begin nothing new takes for demand.
#include <catch2/catch.hpp>

#include "scaler/observe.hpp"
#include "tests/unit/scaler/fleets.hpp"

namespace fleet::scaler::testing {
namespace {

model::PoolPressure half_begun(std::int64_t begun_ready, std::int64_t begun_delayed) {
    model::PoolPressure half = pressure(50, 0);
    model::StagePressure& stage = half.stages.front();
    stage.delayed = 10;
    stage.counts.pending = 60;
    stage.begun_ready = begun_ready;
    stage.begun_delayed = begun_delayed;
    stage.oldest_ready_age = base::Millis{3'600'000};
    return half;
}

PoolPlan plan_for(const model::PoolPressure& seen, bool batch) {
    Observation observation = observe(0, 0);
    observation.pools.front().pressure = seen;
    Policy policy = rules(0, 8);
    policy.pools.front().batch_mode = batch;
    return decide_one(observation, policy);
}

}  // namespace

TEST_CASE("new work is no demand where only what was begun is worked on") {
    CHECK(plan_for(half_begun(0, 0), false).wanted_workers == 8);
    CHECK(plan_for(only_begun(half_begun(0, 0)), false).wanted_workers == 0);
    CHECK(plan_for(only_begun(half_begun(3, 0)), false).wanted_workers == 3);
}

TEST_CASE("what was begun and is delayed keeps a batch's last worker, new delayed work does not") {
    CHECK(plan_for(only_begun(half_begun(0, 1)), true).wanted_workers == 1);
    CHECK(plan_for(only_begun(half_begun(0, 0)), true).wanted_workers == 0);
}

TEST_CASE("without what is new, pending and the oldest age are those of what was begun") {
    const model::PoolPressure none = only_begun(half_begun(0, 2));
    CHECK(none.ready() == 0);
    CHECK(none.totals().pending == 2);
    CHECK_FALSE(none.stages.front().oldest_ready_age);
    CHECK(only_begun(half_begun(1, 0)).stages.front().oldest_ready_age == base::Millis{3'600'000});
}

TEST_CASE("only new work is open when nothing begun is ready, delayed, running or waiting") {
    model::PoolPressure open = half_begun(0, 0);
    CHECK(open.only_new_is_open());
    open.stages.front().counts.waiting = 1;
    CHECK_FALSE(open.only_new_is_open());
    open.stages.front().counts.waiting = 0;
    open.stages.front().counts.running = 1;
    CHECK_FALSE(open.only_new_is_open());
    CHECK_FALSE(half_begun(1, 0).only_new_is_open());
    CHECK_FALSE(half_begun(0, 1).only_new_is_open());
}

}  // namespace fleet::scaler::testing
