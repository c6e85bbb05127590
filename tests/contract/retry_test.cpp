// Failures: what is retried, what is final, what is kept.
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

Claimed fail_once(StoreFixture& f, FailureClass failure_class) {
    const Claimed claimed = f.claim_one("w");
    REQUIRE(f.commit(claimed, StoreFixture::failure(failure_class)) == CommitResult::applied);
    return claimed;
}

TEST_CASE("a counting failure is retried after its delay") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    REQUIRE(f.commit(f.claim_one("w"), StoreFixture::failure(FailureClass::counting, 10s)) ==
            CommitResult::applied);
    const model::Execution execution = f.get(id);
    CHECK(execution.status == Status::pending);
    CHECK(execution.counters.failures == 1);
    CHECK(execution.counters.attempt == 1);
    CHECK(execution.due_in == Millis{10s});
    CHECK(execution.error == StoreFixture::failure().error);
    CHECK_FALSE(execution.finished_at);
    CHECK_FALSE(execution.poisoned);
    f.pass(9s);
    CHECK(f.claim("w", 1).empty());
    f.pass(1s);
    const Claimed again = f.claim_one("w");
    CHECK(again.attempt == 2);
    CHECK(again.failures == 1);
    REQUIRE(f.commit(again, NextDone{"1"}) == CommitResult::applied);
    CHECK(f.get(id).status == Status::done);
    CHECK(f.get(id).counters.failures == 1);
    f.require_sound();
}

TEST_CASE("the last allowed counting failure ends the execution as poisoned") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    fail_once(f, FailureClass::counting);
    fail_once(f, FailureClass::counting);
    CHECK(f.get(id).status == Status::pending);
    fail_once(f, FailureClass::counting);
    const model::Execution execution = f.get(id);
    CHECK(execution.status == Status::failed);
    CHECK(execution.poisoned);
    CHECK(execution.counters.failures == 3);
    CHECK(execution.counters.attempt == 3);
    CHECK(execution.finished_at == f.store().now());
    CHECK(execution.error == StoreFixture::failure().error);
    CHECK(f.claim("w", 1).empty());
    f.require_sound();
}

TEST_CASE("transient failures and rate limits use up no attempt") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::PushRequest request = f.request(1);
    request.max_attempts = 1;
    const ExecutionId id = f.push(request).front();
    for (int round = 0; round < 5; ++round) {
        fail_once(f, FailureClass::transient);
        fail_once(f, FailureClass::rate_limited);
    }
    CHECK(f.get(id).status == Status::pending);
    CHECK(f.get(id).counters.failures == 0);
    CHECK(f.get(id).counters.transient == 5);
    CHECK(f.get(id).counters.rate_limited == 5);
    CHECK(f.get(id).counters.attempt == 10);
}

TEST_CASE("transient failures have a limit of their own") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    for (int round = 0; round < model::kMaxTransientFailures; ++round) {
        fail_once(f, FailureClass::transient);
    }
    CHECK(f.get(id).status == Status::pending);
    fail_once(f, FailureClass::transient);
    CHECK(f.get(id).status == Status::failed);
    CHECK_FALSE(f.get(id).poisoned);
}

TEST_CASE("a permanent failure is final at once and uses up no attempt") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    fail_once(f, FailureClass::permanent);
    const model::Execution execution = f.get(id);
    CHECK(execution.status == Status::failed);
    CHECK(execution.counters.failures == 0);
    CHECK_FALSE(execution.poisoned);
    CHECK(execution.error == StoreFixture::failure().error);
}

TEST_CASE("every attempt's record is kept, first to last") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    std::vector<model::Attempt> expected;
    for (int number = 1; number <= 3; ++number) {
        const Claimed claimed = f.claim_one("w");
        CHECK(claimed.attempt == number);
        model::Attempt record;
        record.number = number;
        record.worker_id = "w";
        record.host = "box-a";
        record.started_at = f.store().now();
        record.finished_at = f.store().now() + 40ms;
        record.duration = 40ms;
        record.exit_code = number < 3 ? 3 : 0;
        if (number < 3) {
            record.error = StoreFixture::failure().error;
        }
        StepCommit commit =
            number < 3 ? f.step(claimed, StoreFixture::failure()) : f.step(claimed, NextDone{"1"});
        commit.attempt_record = record;
        expected.push_back(record);
        REQUIRE(f.commit(commit) == CommitResult::applied);
        CHECK(f.get(id).last_attempt == record);
        CHECK(f.work().attempts(id) == expected);
        f.pass(1s);
    }
}

TEST_CASE("an attempt lost with its worker leaves evidence beside the recorded ones") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.worker("dying");
    const ExecutionId id = f.push(1).front();
    f.claim_one("dying");
    f.work().release_by_worker("dying", ReleaseReason::worker_dead);
    StepCommit commit = f.step(f.claim_one("w"), NextDone{"1"});
    model::Attempt record;
    record.number = 2;
    record.worker_id = "w";
    record.exit_code = 0;
    commit.attempt_record = record;
    REQUIRE(f.commit(commit) == CommitResult::applied);
    const std::vector<model::Attempt> attempts = f.work().attempts(id);
    REQUIRE(attempts.size() == 2);
    CHECK(attempts[0].number == 1);
    CHECK(attempts[0].worker_id == "dying");
    REQUIRE(attempts[0].error);
    CHECK(attempts[0].error->kind == ErrorKind::lost_worker);
    CHECK(attempts[1] == record);
}

TEST_CASE("a record sent again for the same attempt replaces the earlier one") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    model::Attempt record;
    record.number = 1;
    StepCommit running = f.step(claimed, NextRunning{});
    running.attempt_record = record;
    REQUIRE(f.commit(running) == CommitResult::applied);
    record.exit_code = 0;
    StepCommit done = f.step(claimed, NextDone{"1"});
    done.attempt_record = record;
    REQUIRE(f.commit(done) == CommitResult::applied);
    CHECK(f.work().attempts(id) == std::vector{record});
}

TEST_CASE("an unknown execution has no attempts") {
    FOR_EACH_STORE(f);
    CHECK(f.work().attempts(ExecutionId{}).empty());
    CHECK_FALSE(f.work().get(ExecutionId{}));
}

}  // namespace
}  // namespace fleet::contract_test
