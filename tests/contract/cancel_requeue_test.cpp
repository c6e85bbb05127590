// What operators do to executions: cancel and requeue, by id, by batch, by error.
#include "common/base/ids.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using contracts::BulkResult;
using contracts::BulkSelection;

BulkSelection by_ids(std::vector<ExecutionId> ids) {
    BulkSelection selection;
    selection.ids = std::move(ids);
    return selection;
}

BulkSelection by_batch(const std::string& batch) {
    BulkSelection selection;
    selection.batch = batch;
    return selection;
}

void fail(StoreFixture& f, const Claimed& claimed, ErrorKind kind = ErrorKind::exit_code) {
    NextFailed failed = StoreFixture::failure(FailureClass::permanent);
    failed.error.kind = kind;
    REQUIRE(f.commit(claimed, failed) == CommitResult::applied);
}

TEST_CASE("pending and waiting executions are cancelled at once") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::PushRequest request = f.request(3);
    request.executions[2].delay = 60s;
    const std::vector<ExecutionId> ids = f.push(request);
    REQUIRE(f.commit(f.claim_one("w"), NextWaiting{"channel", {}}) == CommitResult::applied);
    const BulkResult result = f.work().cancel(by_ids(ids));
    CHECK(result.changed == 3);
    CHECK(result.skipped == 0);
    CHECK_FALSE(result.more);
    for (const ExecutionId& id : ids) {
        CHECK(f.get(id).status == Status::cancelled);
        CHECK(f.get(id).finished_at);
    }
    CHECK(f.claim("w", 3).empty());
    CHECK(f.store().signals().send("channel", "1").kept);
    f.pass(60s);
    CHECK(f.claim("w", 3).empty());
    f.require_sound();
}

TEST_CASE("a running execution ends as cancelled at its next commit, whatever that says") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    CHECK(f.work().cancel(by_ids({id})).changed == 1);
    CHECK(f.get(id).status == Status::running);
    CHECK(f.get(id).cancel_requested);

    const model::Next next = GENERATE(as<model::Next>{}, NextRunning{}, NextPending{"x", {}},
                                      NextWaiting{"c", {}}, NextDone{"1"}, StoreFixture::failure());
    StepCommit commit = f.step(claimed, next);
    model::UsageRecord usage;
    usage.provider = "provider/model";
    usage.requests = 3;
    commit.usage = {usage};
    commit.signals = {{"elsewhere", "1"}};
    model::Attempt record;
    record.number = 1;
    record.exit_code = 0;
    commit.attempt_record = record;
    CHECK(f.commit(commit) == CommitResult::cancelled);
    const model::Execution execution = f.get(id);
    CHECK(execution.status == Status::cancelled);
    CHECK(execution.output.empty());
    CHECK(execution.finished_at);
    CHECK(f.work().attempts(id) == std::vector{record});
    REQUIRE(f.store().usage().daily("").size() == 1);
    CHECK(f.store().usage().daily("")[0].requests == 3);
    CHECK(f.store().signals().channels().empty());

    // Repeated, it changes nothing: the usage is not counted again.
    CHECK(f.commit(commit) != CommitResult::applied);
    CHECK(f.store().usage().daily("")[0].requests == 3);
    f.require_sound();
}

TEST_CASE("cancelled work that is handed back is not handed out again") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.worker("other", "box-b");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    REQUIRE(f.work().cancel(by_ids({id})).changed == 1);
    SECTION("released by its owner") {
        CHECK(f.work().release(std::vector{claimed.lease}).empty());
    }
    SECTION("its worker died") {
        CHECK(f.work().release_by_worker("w", ReleaseReason::worker_dead) == std::vector{id});
    }
    SECTION("its lease expired") {
        f.pass(kTtl);
    }
    CHECK(f.claim("other", 1).empty());
    CHECK(f.get(id).status == Status::cancelled);
    f.require_sound();
}

TEST_CASE("what is terminal is skipped by a cancel, with the reason") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const std::vector<ExecutionId> ids = f.push(2);
    REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
    const ExecutionId unknown = base::derived_uuid(ids[0], 99);
    const BulkResult result = f.work().cancel(by_ids({ids[0], unknown, ids[1]}));
    CHECK(result.changed == 1);
    CHECK(result.skipped == 2);
    REQUIRE(result.notes.size() == 2);
    CHECK_THAT(result.notes[0], Catch::Contains(ids[0].text()));
    CHECK_THAT(result.notes[1], Catch::Contains(unknown.text()));
    CHECK(f.get(ids[0]).status == Status::done);
}

TEST_CASE("cancelling a batch ends all of it and only it") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    const std::vector<ExecutionId> ids = f.push(3, "b");
    const Claimed running = f.claim_one("w");
    const ExecutionId other = f.push(1).front();
    const BulkResult result = f.work().cancel(by_batch("b"));
    CHECK(result.changed == 3);
    CHECK(f.work().batch("b")->state == model::BatchState::cancelled);
    CHECK(f.get(ids[1]).status == Status::cancelled);
    CHECK(f.get(ids[2]).status == Status::cancelled);
    CHECK(f.get(other).status == Status::pending);
    CHECK(f.get(ids[0]).cancel_requested);
    CHECK_FALSE(f.work().batch("b")->finished_at);
    CHECK(f.commit(running, NextDone{"1"}) == CommitResult::cancelled);
    CHECK(f.work().batch("b")->counts.cancelled == 3);
    CHECK(f.work().batch("b")->finished_at);
    CHECK(ids_of(f.claim("w", 5)) == std::vector{other});
    f.require_sound();
}

TEST_CASE("nothing of a cancelled batch starts, even while the sweep has more to do") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    f.push(contracts::kMaxBulk + 500, "b");
    const BulkResult first = f.work().cancel(by_batch("b"));
    CHECK(first.changed <= static_cast<std::int64_t>(contracts::kMaxBulk));
    CHECK(first.more);
    CHECK(f.claim("w", 10).empty());
    BulkResult next = first;
    for (int call = 0; next.more && call < 100; ++call) {
        next = f.work().cancel(by_batch("b"));
    }
    CHECK_FALSE(next.more);
    CHECK(f.work().batch("b")->counts.cancelled ==
          static_cast<std::int64_t>(contracts::kMaxBulk) + 500);
    f.require_sound();
}

TEST_CASE("cancelling an unknown batch changes nothing") {
    FOR_EACH_STORE(f);
    f.push(1);
    CHECK(f.work().cancel(by_batch("nothing")).changed == 0);
    CHECK(f.counts().pending == 1);
}

TEST_CASE("a requeued execution starts afresh, its attempt numbers go on") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::PushRequest request = f.request(1);
    request.max_attempts = 1;
    const ExecutionId id = f.push(request).front();
    REQUIRE(f.commit(f.claim_one("w"), StoreFixture::failure(FailureClass::transient)) ==
            CommitResult::applied);
    REQUIRE(f.commit(f.claim_one("w"), StoreFixture::failure()) == CommitResult::applied);
    REQUIRE(f.get(id).poisoned);
    const BulkResult result = f.work().requeue(by_ids({id}));
    CHECK(result.changed == 1);
    CHECK(result.skipped == 0);
    const model::Execution execution = f.get(id);
    CHECK(execution.status == Status::pending);
    CHECK(execution.counters.failures == 0);
    CHECK(execution.counters.transient == 0);
    CHECK(execution.counters.attempt == 2);
    CHECK_FALSE(execution.poisoned);
    CHECK_FALSE(execution.finished_at);
    const Claimed again = f.claim_one("w");
    CHECK(again.attempt == 3);
    CHECK(again.failures == 0);
    CHECK(f.commit(again, NextDone{"1"}) == CommitResult::applied);
    f.require_sound();
}

TEST_CASE("a cancelled execution may be requeued") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    SECTION("cancelled while pending") {
        REQUIRE(f.work().cancel(by_ids({id})).changed == 1);
    }
    SECTION("cancelled while running") {
        const Claimed claimed = f.claim_one("w");
        REQUIRE(f.work().cancel(by_ids({id})).changed == 1);
        REQUIRE(f.commit(claimed, NextRunning{}) == CommitResult::cancelled);
    }
    CHECK(f.work().requeue(by_ids({id})).changed == 1);
    CHECK_FALSE(f.get(id).cancel_requested);
    CHECK(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
}

TEST_CASE("a requeue skips what it may not touch and says why") {
    FOR_EACH_STORE(f);
    f.worker("w");
    SECTION("done, pending or unknown") {
        const std::vector<ExecutionId> ids = f.push(2);
        REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
        const ExecutionId unknown = base::derived_uuid(ids[0], 99);
        const BulkResult result = f.work().requeue(by_ids({ids[0], ids[1], unknown}));
        CHECK(result.changed == 0);
        CHECK(result.skipped == 3);
        CHECK(result.notes.size() == 3);
        CHECK(f.get(ids[0]).status == Status::done);
    }
    SECTION("a unique key that is live elsewhere") {
        contracts::PushRequest request = f.request(1);
        request.executions[0].unique_key = "key";
        const ExecutionId old = f.push(request).front();
        fail(f, f.claim_one("w"));
        const ExecutionId live = f.push(request).front();
        const BulkResult result = f.work().requeue(by_ids({old}));
        CHECK(result.changed == 0);
        CHECK(result.skipped == 1);
        REQUIRE(result.notes.size() == 1);
        CHECK_THAT(result.notes[0], Catch::Contains(old.text()));
        REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
        CHECK(f.get(live).status == Status::done);
        CHECK(f.work().requeue(by_ids({old})).changed == 1);
        // The key is taken again.
        CHECK(f.work().push(request).executions.at(0).id == old);
    }
    SECTION("a batch that is cancelled for good") {
        f.create_batch("b");
        const ExecutionId id = f.push(1, "b").front();
        f.work().cancel(by_batch("b"));
        const BulkResult result = f.work().requeue(by_ids({id}));
        CHECK(result.changed == 0);
        CHECK(result.skipped == 1);
        CHECK(f.get(id).status == Status::cancelled);
    }
    f.require_sound();
}

TEST_CASE("failed executions are chosen by batch and by kind of error") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    const std::vector<ExecutionId> own = f.push(4, "b");
    const std::vector<Claimed> claimed = f.claim("w", 4);
    fail(f, claimed[0], ErrorKind::timeout);
    fail(f, claimed[1], ErrorKind::exit_code);
    REQUIRE(f.commit(claimed[2], NextDone{"1"}) == CommitResult::applied);
    REQUIRE(f.work().release(std::vector{claimed[3].lease}).empty());
    REQUIRE(f.work().cancel(by_ids({own[3]})).changed == 1);
    const ExecutionId loose = f.push(1).front();
    fail(f, f.claim_one("w"), ErrorKind::timeout);

    BulkSelection selection;
    selection.failed_only = true;
    SECTION("of one kind, anywhere") {
        selection.error_kind = ErrorKind::timeout;
        CHECK(f.work().requeue(selection).changed == 2);
        CHECK(f.get(own[0]).status == Status::pending);
        CHECK(f.get(loose).status == Status::pending);
        CHECK(f.get(own[1]).status == Status::failed);
    }
    SECTION("of one kind, in one batch") {
        selection.batch = "b";
        selection.error_kind = ErrorKind::timeout;
        CHECK(f.work().requeue(selection).changed == 1);
        CHECK(f.get(loose).status == Status::failed);
    }
    SECTION("all failed of a batch, but not the cancelled ones") {
        selection.batch = "b";
        CHECK(f.work().requeue(selection).changed == 2);
        CHECK(f.get(own[3]).status == Status::cancelled);
    }
    SECTION("a whole batch: failed and cancelled") {
        CHECK(f.work().requeue(by_batch("b")).changed == 3);
        CHECK(f.get(own[2]).status == Status::done);
    }
    SECTION("all that failed") {
        CHECK(f.work().requeue(selection).changed == 3);
        CHECK(f.counts().failed == 0);
    }
    f.require_sound();
}

TEST_CASE("requeueing opens a finished batch again") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    f.push(1, "b");
    REQUIRE(f.work().seal_batch("b"));
    fail(f, f.claim_one("w"));
    REQUIRE(f.work().batch("b")->finished_at);
    CHECK(f.work().requeue(by_batch("b")).changed == 1);
    CHECK_FALSE(f.work().batch("b")->finished_at);
    CHECK(f.work().batch("b")->counts.pending == 1);
}

TEST_CASE("requeued work wakes the pool's workers") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    fail(f, f.claim_one("w"));
    const auto ticket = f.store().triggers().ticket(contracts::pool_topic("default"));
    REQUIRE(f.work().requeue(by_ids({id})).changed == 1);
    CHECK(f.store().triggers().wait(contracts::pool_topic("default"), ticket, 0ms, {}));
}

}  // namespace
}  // namespace fleet::contract_test
