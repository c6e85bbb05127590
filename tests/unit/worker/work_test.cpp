#include <atomic>
#include <set>

#include "common/base/errors.hpp"
#include "tests/unit/worker/worker_fixture.hpp"

namespace fleet::worker_test {

TEST_CASE("with once, everything is done exactly one time and the worker ends with 0") {
    WorkerFixture fixture;
    fixture.options.once = true;
    const auto noops = fixture.push("builtin:noop", 2'000, "1");
    const auto echoes = fixture.push("builtin:echo", 500, R"({"a":1})");
    const auto sleeps = fixture.push("builtin:sleep", 10, R"({"seconds":0.001})");
    std::mutex mutex;
    std::multiset<ExecutionId> committed;
    fixture.store.faults.before_commit = [&](std::span<const model::StepCommit> commits) {
        const std::scoped_lock lock(mutex);
        for (const model::StepCommit& commit : commits) {
            committed.insert(commit.lease.execution);
        }
    };
    fixture.start();
    REQUIRE(fixture.finish() == 0);
    CHECK(fixture.count(noops, Status::done) == noops.size());
    CHECK(fixture.count(echoes, Status::done) == echoes.size());
    CHECK(fixture.count(sleeps, Status::done) == sleeps.size());
    CHECK(fixture.get(echoes.front()).output == R"({"a":1})");
    CHECK(committed.size() == 2'510);
    CHECK(std::set(committed.begin(), committed.end()).size() == 2'510);
    CHECK(fixture.get(noops.back()).counters.attempt == 1);
    CHECK(fixture.get(sleeps.back()).counters.attempt == 1);
    CHECK(fixture.status() == model::WorkerStatus::terminated);
}

TEST_CASE("a waiting worker starts what is pushed, and is retired by an interruption") {
    WorkerFixture fixture;
    worker::Worker& worker = fixture.start();
    for (int round = 0; round < 3; ++round) {
        const auto ids = fixture.push("builtin:noop", 5, "1");
        REQUIRE(wait_until([&] { return fixture.count(ids, Status::done) == ids.size(); }));
    }
    worker.interrupt("SIGTERM");
    CHECK(fixture.finish() == 0);
    CHECK(fixture.status() == model::WorkerStatus::terminated);
    CHECK(fixture.store.registration().get("worker-1")->reason == "SIGTERM");
}

TEST_CASE("a machine that this program does not know fails its executions with a reason") {
    WorkerFixture fixture;
    fixture.options.once = true;
    const auto ids = fixture.push("builtin:nop", 3, "1", 3);
    fixture.start();
    REQUIRE(fixture.finish() == 0);
    CHECK(fixture.count(ids, Status::failed) == 3);
    const model::Execution execution = fixture.get(ids.front());
    REQUIRE(execution.error);
    CHECK(execution.error->kind == model::ErrorKind::config);
    CHECK(execution.error->message.find("builtin:nop") != std::string::npos);
    REQUIRE(fixture.store.work().attempts(ids.front()).size() == 1);
}

TEST_CASE("a failure that is retried runs again until its attempts are used up") {
    WorkerFixture fixture;
    const auto ids = fixture.push("builtin:sleep", 1, R"({"seconds":0.001})", 3);
    // The machine itself always succeeds: its results are turned into failures on their way.
    std::atomic<int> begun{0};
    fixture.store.faults.before_commit = [&](std::span<const model::StepCommit> commits) {
        for (const model::StepCommit& commit : commits) {
            ++begun;
            auto& next = const_cast<model::StepCommit&>(commit).next;
            next = model::NextFailed{model::FailureClass::counting,
                                     {model::ErrorKind::exit_code, "exit code 1", {}},
                                     1ms};
        }
    };
    fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(ids, Status::failed) == 1; }));
    CHECK(begun == 3);
    CHECK(fixture.get(ids.front()).counters.attempt == 3);
}

TEST_CASE("a commit whose answer is lost is repeated with the same id and counts once") {
    WorkerFixture fixture;
    fixture.options.once = true;
    const auto ids = fixture.push("builtin:noop", 40, "1");
    std::mutex mutex;
    std::map<ExecutionId, std::set<std::int64_t>> commit_ids;
    std::size_t sent = 0;
    std::size_t answers_lost = 0;
    fixture.store.faults.before_commit = [&](std::span<const model::StepCommit> commits) {
        const std::scoped_lock lock(mutex);
        for (const model::StepCommit& commit : commits) {
            commit_ids[commit.lease.execution].insert(commit.commit_id);
            ++sent;
        }
    };
    fixture.store.faults.after_commit = [&](std::span<const model::StepCommit>) {
        const std::scoped_lock lock(mutex);
        if (answers_lost < 3) {
            ++answers_lost;
            throw base::StoreError(base::StoreError::Kind::unknown, "the answer is lost");
        }
    };
    fixture.start();
    REQUIRE(fixture.finish() == 0);
    CHECK(fixture.count(ids, Status::done) == ids.size());
    CHECK(sent > ids.size());
    REQUIRE(commit_ids.size() == ids.size());
    for (const auto& [id, numbers] : commit_ids) {
        CHECK(numbers.size() == 1);
    }
}

TEST_CASE("a store that is busy or full is waited for, and nothing is lost") {
    WorkerFixture fixture;
    fixture.options.once = true;
    const auto ids = fixture.push("builtin:noop", 20, "1");
    std::atomic<int> commits{0};
    std::atomic<int> claims{0};
    fixture.store.faults.before_commit = [&](auto) {
        if (++commits <= 3) {
            throw base::StoreError(base::StoreError::Kind::full, "no space left on device");
        }
    };
    fixture.store.faults.before_claim = [&] {
        if (++claims <= 2) {
            throw base::StoreError(base::StoreError::Kind::busy, "another writer");
        }
    };
    fixture.start();
    REQUIRE(fixture.finish() == 0);
    CHECK(fixture.count(ids, Status::done) == ids.size());
}

TEST_CASE("short work that follows upon itself is recorded once, also when the store stumbles") {
    WorkerFixture fixture;
    fixture.options.once = true;
    fixture.options.slots = 2;
    const auto ids = fixture.push("builtin:sleep", 60, R"({"seconds":0.001})");
    std::atomic<int> calls{0};
    fixture.store.faults.before_commit = [&](std::span<const model::StepCommit>) {
        if (++calls % 3 == 0) {
            throw base::StoreError(base::StoreError::Kind::busy, "somebody writes");
        }
    };
    fixture.store.faults.after_commit = [&](std::span<const model::StepCommit>) {
        if (calls % 5 == 0) {
            throw base::StoreError(base::StoreError::Kind::unknown, "the answer is lost");
        }
    };
    fixture.start();
    REQUIRE(fixture.finish() == 0);
    CHECK(fixture.count(ids, Status::done) == ids.size());
    for (const ExecutionId& id : ids) {
        CHECK(fixture.get(id).counters.attempt == 1);
    }
}

TEST_CASE("one result that the store refuses fails its own execution only") {
    WorkerFixture fixture;
    fixture.options.once = true;
    const auto ids = fixture.push("builtin:noop", 30, "1");
    const ExecutionId bad = ids[7];
    fixture.store.faults.before_commit = [&](std::span<const model::StepCommit> commits) {
        for (const model::StepCommit& commit : commits) {
            if (commit.lease.execution == bad &&
                std::holds_alternative<model::NextDone>(commit.next)) {
                throw base::StoreError(base::StoreError::Kind::internal, "not to my liking");
            }
        }
    };
    fixture.start();
    REQUIRE(fixture.finish() == 0);
    CHECK(fixture.count(ids, Status::done) == ids.size() - 1);
    CHECK(fixture.get(bad).status == Status::failed);
    CHECK(fixture.get(bad).error->message.find("not to my liking") != std::string::npos);
}

TEST_CASE("a damaged store ends the worker with the store's error") {
    WorkerFixture fixture;
    fixture.push("builtin:noop", 1, "1");
    fixture.store.faults.before_commit = [](auto) {
        throw base::StoreError(base::StoreError::Kind::corrupt, "page 7 is damaged");
    };
    fixture.start();
    CHECK_THROWS_WITH(fixture.finish(), Catch::Contains("page 7 is damaged"));
}

TEST_CASE("a second worker under a living worker's id is refused") {
    WorkerFixture fixture;
    model::WorkerRecord other;
    other.worker_id = fixture.options.worker_id;
    other.host = "elsewhere";
    other.process.boot_id = "another boot";
    other.process.pid = 4711;
    other.owner = "elsewhere:4711:x";
    other.pool = "default";
    fixture.store.registration().register_worker(other);
    fixture.start();
    CHECK_THROWS_AS(fixture.finish(), base::ConfigError);
}

TEST_CASE("an unknown pool is refused and the nearest one named") {
    WorkerFixture fixture;
    fixture.options.pool = "defualt";
    fixture.start();
    try {
        fixture.finish();
        FAIL("it was not refused");
    } catch (const base::ConfigError& error) {
        CHECK(error.full_text() == "there is no pool defualt; did you mean default?");
    }
}

TEST_CASE("prefetched work that no slot gets to is left to others") {
    WorkerFixture fixture;
    fixture.options.slots = 1;
    const auto quick = fixture.push("builtin:sleep", 5, R"({"seconds":0.001})");
    const auto slow = fixture.push("builtin:sleep", 6, R"({"seconds":60})");
    fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(quick, Status::done) == quick.size(); }));
    REQUIRE(wait_until([&] {
        return fixture.count(slow, Status::running) == 1 &&
               fixture.count(slow, Status::pending) == slow.size() - 1;
    }));
    for (const ExecutionId& id : slow) {
        CHECK(fixture.get(id).counters.attempt <= 1);
    }
}

}  // namespace fleet::worker_test
