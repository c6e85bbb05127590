// How much work there is, as scalers see it.
#include "tests/contract/family.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

model::StagePressure only_stage(StoreFixture& f) {
    const auto pressure = f.work().pressure("default", "");
    REQUIRE(pressure);
    REQUIRE(pressure->stages.size() == 1);
    return pressure->stages[0];
}

TEST_CASE("a pool that nobody knows has no pressure, an empty one has none to speak of") {
    FOR_EACH_STORE(f);
    CHECK_FALSE(f.work().pressure("nowhere", ""));
    const auto pressure = f.work().pressure("default", "");
    REQUIRE(pressure);
    CHECK(pressure->pool == "default");
    CHECK_FALSE(pressure->paused);
    CHECK(pressure->totals().total() == 0);
    CHECK(pressure->ready() == 0);
}

TEST_CASE("pressure counts by status and tells ready from delayed") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::PushRequest request = f.request(8);
    request.executions[6].delay = 30s;
    request.executions[7].delay = 60s;
    f.push(request);
    const std::vector<Claimed> claimed = f.claim("w", 4);
    REQUIRE(f.commit(claimed[0], NextDone{"1"}) == CommitResult::applied);
    REQUIRE(f.commit(claimed[1], StoreFixture::failure(FailureClass::permanent)) ==
            CommitResult::applied);
    REQUIRE(f.commit(claimed[2], NextWaiting{"c", Millis{45s}}) == CommitResult::applied);
    model::StagePressure stage = only_stage(f);
    CHECK(stage.ready == 2);
    CHECK(stage.delayed == 2);
    CHECK(stage.counts.pending == 4);
    CHECK(stage.counts.running == 1);
    CHECK(stage.counts.waiting == 1);
    CHECK(stage.counts.done == 1);
    CHECK(stage.counts.failed == 1);
    CHECK(stage.counts.cancelled == 0);

    // What became due counts as ready although no worker is there to look.
    f.pass(30s);
    stage = only_stage(f);
    CHECK(stage.ready == 3);
    CHECK(stage.delayed == 1);
    f.pass(15s);
    stage = only_stage(f);
    CHECK(stage.ready == 4);
    CHECK(stage.counts.waiting == 0);
    f.require_sound();
}

TEST_CASE("stages are listed later ones first") {
    FOR_EACH_STORE(f);
    int rank = 0;
    for (const std::string stage : {"cheap", "expensive", "wrap"}) {
        contracts::PushRequest request = f.request(static_cast<std::size_t>(rank) + 1);
        request.stage = stage;
        request.stage_rank = rank++;
        f.push(request);
    }
    const auto pressure = f.work().pressure("default", "");
    REQUIRE(pressure);
    REQUIRE(pressure->stages.size() == 3);
    CHECK(pressure->stages[0].stage == "wrap");
    CHECK(pressure->stages[1].stage == "expensive");
    CHECK(pressure->stages[2].stage == "cheap");
    CHECK(pressure->stages[0].ready == 3);
    CHECK(pressure->ready() == 6);
}

TEST_CASE("private batches have a pressure of their own") {
    FOR_EACH_STORE(f);
    f.create_batch("private", true);
    f.create_batch("shared", false);
    f.push(3, "private");
    f.push(2, "shared");
    f.push(1);
    CHECK(f.work().pressure("default", "")->ready() == 3);
    CHECK(f.work().pressure("default", "private")->ready() == 3);
    CHECK(f.work().pressure("default", "shared")->ready() == 0);
    CHECK(f.work().pressure("default", contracts::kAllLanes)->ready() == 6);
    CHECK(f.work().pressure("default", "nothing")->ready() == 0);
}

TEST_CASE("the age of the oldest ready execution is known") {
    FOR_EACH_STORE(f);
    f.worker("w");
    CHECK(f.push(1).size() == 1);
    f.pass(10s);
    f.push(1);
    f.pass(5s);
    CHECK(only_stage(f).oldest_ready_age == Millis{15s});
    f.claim("w", 1);
    CHECK(only_stage(f).oldest_ready_age == Millis{5s});
    f.claim("w", 1);
    CHECK_FALSE(only_stage(f).oldest_ready_age);
}

TEST_CASE("rates of arrival and completion rise with events and fade with time") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(300);
    CHECK(only_stage(f).arrivals_per_second == Approx(10.0).epsilon(0.05));
    CHECK(only_stage(f).completions_per_second == Approx(0.0).margin(0.001));
    std::vector<StepCommit> commits;
    for (const Claimed& claimed : f.claim("w", 150)) {
        commits.push_back(f.step(claimed, NextDone{"1"}));
    }
    f.store().commit(commits);
    CHECK(only_stage(f).completions_per_second == Approx(5.0).epsilon(0.05));
    f.pass(30s);  // one time constant
    CHECK(only_stage(f).arrivals_per_second == Approx(10.0 / 2.718).epsilon(0.05));
    CHECK(only_stage(f).completions_per_second == Approx(5.0 / 2.718).epsilon(0.05));
    f.pass(5min);
    CHECK(only_stage(f).arrivals_per_second < 0.01);
}

TEST_CASE("service times are summed up as mean and 95th percentile") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(40);
    CHECK(only_stage(f).service_samples == 0);
    CHECK_FALSE(only_stage(f).service_mean);
    CHECK_FALSE(only_stage(f).service_p95);
    std::vector<StepCommit> commits;
    for (const Claimed& claimed : f.claim("w", 40)) {
        commits.push_back(f.step(claimed, NextDone{"1"}));
        commits.back().service_time = commits.size() <= 36 ? 100ms : 4000ms;
    }
    f.store().commit(commits);
    const model::StagePressure stage = only_stage(f);
    CHECK(stage.service_samples == 40);
    REQUIRE(stage.service_mean);
    CHECK(*stage.service_mean == 490ms);
    REQUIRE(stage.service_p95);
    // The upper edge of the bucket, whose edges grow by the factor 1.5.
    CHECK(*stage.service_p95 >= 4000ms);
    CHECK(*stage.service_p95 <= 6000ms);
}

TEST_CASE("a commit without a service time is no sample") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
    CHECK(only_stage(f).service_samples == 0);
}

TEST_CASE("pressure tells what was begun from what is new, as claims do") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::PushRequest request = f.request(8);
    request.executions[7].delay = 30s;
    f.push(request);
    model::StagePressure stage = only_stage(f);
    CHECK(stage.ready == 7);
    CHECK(stage.begun_ready == 0);
    CHECK(stage.begun_delayed == 0);
    CHECK(f.work().pressure("default", "")->only_new_is_open());

    const std::vector<Claimed> claimed = f.claim("w", 5);
    CHECK_FALSE(f.work().pressure("default", "")->only_new_is_open());
    // Tried again, a later time, woken, two children with a parked parent, handed over.
    REQUIRE(f.commit(claimed[0], StoreFixture::failure()) == CommitResult::applied);
    REQUIRE(f.commit(claimed[1], NextPending{"", Millis{20s}}) == CommitResult::applied);
    REQUIRE(f.commit(claimed[2], NextWaiting{"go", {}}) == CommitResult::applied);
    f.store().signals().send("go", "1");
    REQUIRE(f.commit(fan_out(claimed[3], 2, settled())) == CommitResult::applied);
    REQUIRE(f.commit(claimed[4], NextPending{"", {}}) == CommitResult::applied);
    stage = only_stage(f);
    CHECK(stage.ready == 7);
    CHECK(stage.begun_ready == 5);
    CHECK(stage.delayed == 2);
    CHECK(stage.begun_delayed == 1);
    f.pass(20s);
    stage = only_stage(f);
    CHECK(stage.begun_ready == 6);
    CHECK(stage.begun_delayed == 0);
    f.pass(10s);
    stage = only_stage(f);
    CHECK(stage.ready == 9);
    CHECK(stage.begun_ready == 6);

    contracts::ClaimRequest begun = StoreFixture::claim_request("w", 10);
    begun.resume_only = true;
    const std::vector<Claimed> taken = f.claim(begun).claimed;
    CHECK(taken.size() == 6);
    for (const Claimed& one : taken) {
        REQUIRE(f.commit(one, NextDone{"1"}) == CommitResult::applied);
    }
    CHECK(only_stage(f).begun_ready == 1);  // the parent, woken
    CHECK_FALSE(f.work().pressure("default", "")->only_new_is_open());
    for (const Claimed& one : f.claim(begun).claimed) {
        REQUIRE(f.commit(one, NextDone{"1"}) == CommitResult::applied);
    }
    CHECK(f.work().pressure("default", "")->only_new_is_open());
    CHECK(only_stage(f).ready == 3);
    f.require_sound();
}

TEST_CASE("pressure says whether the pool is paused") {
    FOR_EACH_STORE(f);
    REQUIRE(f.store().scaling().set_paused("default", true));
    CHECK(f.work().pressure("default", "")->paused);
}

}  // namespace
}  // namespace fleet::contract_test
