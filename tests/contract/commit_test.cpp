// The one write that matters: atomic, fenced, idempotent.
#include <algorithm>

#include "common/base/ids.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

model::UsageRecord usage_of(std::int64_t requests) {
    return {"", "provider/model", "cheap", requests, 10 * requests, 100 * requests, 5 * requests};
}

model::Attempt attempt_record(int number) {
    model::Attempt attempt;
    attempt.number = number;
    attempt.worker_id = "w";
    attempt.host = "box-a";
    attempt.started_at = base::store_time(1'795'247'430'000);
    attempt.finished_at = base::store_time(1'795'247'431'500);
    attempt.exit_code = 0;
    attempt.duration = 1500ms;
    attempt.cpu_time = 120ms;
    attempt.max_rss_bytes = 4'000'000;
    attempt.stdout_path = "/logs/x.1.stdout.txt";
    attempt.stderr_path = "/logs/x.1.stderr.txt";
    attempt.stdout_offset = 17;
    attempt.stderr_excerpt = "a line\nanother \"line\"\n";
    return attempt;
}

TEST_CASE("a done execution has its output, its end and no owner") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    f.pass(3s);
    StepCommit commit = f.step(claimed, NextDone{R"({"exit_code":0})"});
    commit.attempt_record = attempt_record(1);
    CHECK(f.commit(commit) == CommitResult::applied);
    const model::Execution execution = f.get(id);
    CHECK(execution.status == Status::done);
    CHECK(execution.output == R"({"exit_code":0})");
    CHECK(execution.finished_at == f.store().now());
    CHECK(execution.worker_id == "w");
    CHECK(execution.counters.attempt == 1);
    CHECK(execution.last_attempt == attempt_record(1));
    CHECK_FALSE(execution.error);
    CHECK(f.work().attempts(id) == std::vector{attempt_record(1)});
    CHECK(f.store().results().read(contracts::result_uri(id.text()), 0ms, {}) ==
          R"({"exit_code":0})");
    CHECK(f.claim("w", 1).empty());
    f.require_sound();
}

TEST_CASE("what is finished is recorded and what comes next begins in one call") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(3);
    contracts::ClaimRequest request = f.claim_request("w", 3);
    request.begin = 1;
    const std::vector<Claimed> claimed = f.claim(request).claimed;
    REQUIRE(claimed.size() == 3);
    model::Lease foreign = claimed[2].lease;
    foreign.token += 1;
    const std::vector commits{f.step(claimed[0], NextDone{"1"})};
    const std::vector leases{claimed[1].lease, foreign};
    for (int time = 0; time < 2; ++time) {
        // The second time is what a caller does whose answer was lost.
        const auto answer = f.store().commit_and_begin(commits, leases);
        CHECK(answer.results ==
              std::vector{time == 0 ? CommitResult::applied : CommitResult::already_applied});
        CHECK(answer.lost == std::vector{foreign});
        CHECK(f.get(claimed[0].lease.execution).status == Status::done);
        CHECK(f.get(claimed[1].lease.execution).counters.attempt == 1);
        CHECK(f.get(claimed[1].lease.execution).started_at);
        CHECK(f.get(claimed[2].lease.execution).counters.attempt == 0);
    }
    f.require_sound();
}

TEST_CASE("a commit applied twice has the effect of once") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    const model::Next next =
        GENERATE(as<model::Next>{}, NextRunning{}, NextPending{"later", {}},
                 NextWaiting{"channel", {}}, NextDone{"1"}, StoreFixture::failure());
    StepCommit commit = f.step(claimed, next);
    commit.usage = {usage_of(1)};
    commit.signals = {{"somewhere", "1"}};
    CHECK(f.commit(commit) == CommitResult::applied);
    const Status status = f.get(id).status;
    const model::Counters counters = f.get(id).counters;
    f.pass(1s);
    CHECK(f.commit(commit) == CommitResult::already_applied);
    CHECK(f.get(id).status == status);
    CHECK(f.get(id).counters == counters);
    REQUIRE(f.store().usage().daily("").size() == 1);
    CHECK(f.store().usage().daily("")[0].requests == 1);
    CHECK(f.store().signals().peek("somewhere", 10).size() == 1);
    f.require_sound();
}

TEST_CASE("a repeated commit is known even after the work has moved on to another owner") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.worker("b", "box-b");
    f.push(1);
    const StepCommit commit = f.step(f.claim_one("a"), NextPending{"later", {}});
    REQUIRE(f.commit(commit) == CommitResult::applied);
    const Claimed after = f.claim_one("b");
    CHECK(after.stage == "later");
    CHECK(f.commit(commit) == CommitResult::already_applied);
    CHECK(f.commit(after, NextDone{"1"}) == CommitResult::applied);
    CHECK(f.commit(commit) == CommitResult::lease_lost);
}

TEST_CASE("the same commit twice in one call is applied once") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    const StepCommit commit = f.step(f.claim_one("w"), NextDone{"1"});
    const std::vector<StepCommit> twice{commit, commit};
    CHECK(f.store().commit(twice) ==
          std::vector{CommitResult::applied, CommitResult::already_applied});
}

TEST_CASE("commits of one call are judged each on its own and answered in order") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const std::vector<ExecutionId> ids = f.push(3);
    const std::vector<Claimed> claimed = f.claim("w", 3);
    std::vector<StepCommit> commits{
        f.step(claimed[0], NextDone{"1"}), f.step(claimed[1], NextDone{"2"}),
        f.step(claimed[2], NextDone{"3"}), f.step(claimed[0], NextRunning{})};
    commits[1].lease.token += 1;
    commits[3].lease.execution = base::derived_uuid(ids[0], 77);
    CHECK(f.store().commit(commits) == std::vector{CommitResult::applied, CommitResult::lease_lost,
                                                   CommitResult::applied, CommitResult::not_found});
    CHECK(f.get(ids[0]).status == Status::done);
    CHECK(f.get(ids[1]).status == Status::running);
    CHECK(f.get(ids[2]).status == Status::done);
    CHECK(f.store().commit({}).empty());
    f.require_sound();
}

TEST_CASE("several steps of one execution ride in one call") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    std::vector<StepCommit> steps;
    for (int number = 1; number <= 3; ++number) {
        steps.push_back(f.step(claimed, NextRunning{}));
        steps.back().snapshot = f.snapshot(id, number);
    }
    steps.push_back(f.step(claimed, NextDone{"3"}));
    CHECK(f.store().commit(steps) == std::vector<CommitResult>(4, CommitResult::applied));
    CHECK(f.get(id).output == "3");
}

TEST_CASE("who is not the owner changes nothing at all") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    StepCommit commit = f.step(claimed, NextDone{"1"});
    commit.snapshot = f.snapshot(id, 1);
    commit.keep_history = true;
    commit.signals = {{"channel", "1"}};
    commit.usage = {usage_of(1)};
    commit.attempt_record = attempt_record(1);
    commit.service_time = 5s;
    SECTION("another token") {
        commit.lease.token += 1;
    }
    SECTION("an older token") {
        commit.lease.token -= 1;
    }
    SECTION("another owner") {
        commit.lease.owner = "box-z:1:other";
    }
    SECTION("an owner that has released it") {
        REQUIRE(f.work().release(std::vector{claimed.lease}).empty());
    }
    const Status before = f.get(id).status;
    CHECK(f.commit(commit) == CommitResult::lease_lost);
    CHECK(f.get(id).status == before);
    CHECK(f.get(id).output.empty());
    CHECK_FALSE(f.get(id).last_attempt);
    CHECK(f.store().usage().daily("").empty());
    CHECK(f.store().signals().channels().empty());
    CHECK(f.store().checkpoints().list(id.text(), 10).empty());
    CHECK(f.work().pressure("default", "")->stages.at(0).service_samples == 0);
}

TEST_CASE("another commit for a step that is committed already is a conflict") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    StepCommit first = f.step(claimed, NextRunning{});
    first.snapshot = f.snapshot(id, 1);
    REQUIRE(f.commit(first) == CommitResult::applied);
    StepCommit second = f.step(claimed, NextDone{"1"});
    second.snapshot = f.snapshot(id, 1);
    CHECK(f.commit(second) == CommitResult::conflict);
    CHECK(f.get(id).status == Status::running);
    SECTION("the next step goes on") {
        second.snapshot = f.snapshot(id, 2);
        CHECK(f.commit(second) == CommitResult::applied);
    }
    SECTION("the next event of the same step goes on") {
        second.snapshot = f.snapshot(id, 1, "machine_end");
        CHECK(f.commit(second) == CommitResult::applied);
    }
    SECTION("a new owner may commit that step again") {
        REQUIRE(f.work().release(std::vector{claimed.lease}).empty());
        StepCommit again = f.step(f.claim_one("w"), NextRunning{});
        again.snapshot = f.snapshot(id, 1);
        CHECK(f.commit(again) == CommitResult::applied);
    }
}

TEST_CASE(
    "a running commit keeps the lease, and its snapshot is what the next owner resumes from") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    for (int number = 1; number <= 2; ++number) {
        StepCommit commit = f.step(claimed, NextRunning{});
        commit.snapshot = f.snapshot(id, number);
        REQUIRE(f.commit(commit) == CommitResult::applied);
    }
    CHECK(f.get(id).status == Status::running);
    REQUIRE(f.work().release(std::vector{claimed.lease}).empty());
    CHECK(f.claim_one("w").snapshot == f.snapshot(id, 2).json);
    CHECK(f.store().checkpoints().list(id.text(), 10).empty());
}

TEST_CASE("large snapshots come back whole and are replaced by small ones") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    StepCommit commit = f.step(claimed, NextPending{"", {}});
    commit.snapshot = f.snapshot(id, 1);
    commit.snapshot->json = "\"" + std::string(400'000, 's') + "\"";
    REQUIRE(f.commit(commit) == CommitResult::applied);
    const Claimed again = f.claim_one("w");
    CHECK(again.snapshot == commit.snapshot->json);
    StepCommit small = f.step(again, NextPending{"", {}});
    small.snapshot = f.snapshot(id, 2);
    REQUIRE(f.commit(small) == CommitResult::applied);
    CHECK(f.claim_one("w").snapshot == f.snapshot(id, 2).json);
}

TEST_CASE("history is kept for the commits that ask for it") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    for (int number = 1; number <= 4; ++number) {
        StepCommit commit = f.step(claimed, NextRunning{});
        commit.snapshot = f.snapshot(id, number);
        commit.keep_history = number % 2 == 0;
        REQUIRE(f.commit(commit) == CommitResult::applied);
    }
    CHECK(f.store().checkpoints().list(id.text() + "/", 10) ==
          std::vector{f.snapshot(id, 2).key(), f.snapshot(id, 4).key()});
    CHECK(f.store().checkpoints().load_latest(id.text()) == f.snapshot(id, 4));
}

TEST_CASE("the first commit begins an attempt that was only prefetched") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    contracts::ClaimRequest request = f.claim_request("w");
    request.begin = 0;
    const Claimed claimed = f.claim(request).claimed.at(0);
    const model::Next next =
        GENERATE(as<model::Next>{}, NextRunning{}, NextDone{"1"}, StoreFixture::failure());
    REQUIRE(f.commit(claimed, next) == CommitResult::applied);
    CHECK(f.get(id).counters.attempt == 1);
    CHECK(f.get(id).started_at);
}

TEST_CASE("an execution moves to another stage with its snapshot, resume-first") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    f.push(1);
    StepCommit commit = f.step(f.claim_one("w"), NextPending{"expensive", {}});
    commit.snapshot = f.snapshot(id, 1);
    REQUIRE(f.commit(commit) == CommitResult::applied);
    CHECK(f.get(id).status == Status::pending);
    CHECK(f.get(id).stage == "expensive");
    CHECK(f.get(id).counters.failures == 0);
    const Claimed again = f.claim_one("w");
    CHECK(again.lease.execution == id);
    CHECK(again.stage == "expensive");
    CHECK(again.snapshot == f.snapshot(id, 1).json);
    CHECK(again.attempt == 2);
    f.require_sound();
}

TEST_CASE("a delayed next step waits for its time") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    REQUIRE(f.commit(f.claim_one("w"), NextPending{"", Millis{20s}}) == CommitResult::applied);
    CHECK(f.get(id).due_in == Millis{20s});
    f.pass(19s);
    CHECK(f.claim("w", 1).empty());
    f.pass(1s);
    CHECK(f.claim_one("w").lease.execution == id);
}

TEST_CASE("usage of commits adds up in the same write") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(2);
    const std::vector<Claimed> claimed = f.claim("w", 2);
    StepCommit first = f.step(claimed[0], NextDone{"1"});
    first.usage = {usage_of(1), usage_of(2)};
    StepCommit second = f.step(claimed[1], NextDone{"1"});
    second.usage = {usage_of(4)};
    REQUIRE(f.store().commit(std::vector{first, second}) ==
            std::vector{CommitResult::applied, CommitResult::applied});
    const std::vector<model::UsageRecord> sums = f.store().usage().daily("2026-11-21");
    REQUIRE(sums.size() == 1);
    model::UsageRecord expected = usage_of(7);
    expected.day = "2026-11-21";
    CHECK(sums[0] == expected);
}

TEST_CASE("outputs of every size come back whole") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const std::size_t size = GENERATE(as<std::size_t>{}, 1, 10'000, contracts::kInlineResultBytes,
                                      contracts::kInlineResultBytes + 1, std::size_t{3} << 20U);
    const ExecutionId id = f.push(1).front();
    const std::string output = "\"" + std::string(size - 1, 'o') + "\"";
    REQUIRE(f.commit(f.claim_one("w"), NextDone{output}) == CommitResult::applied);
    CHECK(f.get(id).output == output);
    CHECK(f.store().results().read(contracts::result_uri(id.text()), 0ms, {}) == output);
    contracts::ExecutionFilter filter;
    CHECK(f.work().find(filter).executions.at(0).output == output);
    f.require_sound();
}

TEST_CASE("equal large outputs of two executions are both there") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const std::vector<ExecutionId> ids = f.push(2);
    const std::string output = "\"" + std::string(300'000, 'o') + "\"";
    for (const Claimed& claimed : f.claim("w", 2)) {
        REQUIRE(f.commit(claimed, NextDone{output}) == CommitResult::applied);
    }
    CHECK(f.get(ids[0]).output == output);
    CHECK(f.get(ids[1]).output == output);
}

TEST_CASE("a terminal commit wakes whoever waits for its batch") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    f.push(2, "b");
    REQUIRE(f.work().seal_batch("b"));
    contracts::TriggerBackend& triggers = f.store().triggers();
    const std::string topic = contracts::batch_topic("b");
    auto ticket = triggers.ticket(topic);
    REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
    CHECK(triggers.wait(topic, ticket, 0ms, {}));
    const Claimed last = f.claim_one("w");
    ticket = triggers.ticket(topic);
    const auto scaler = triggers.ticket(contracts::scaler_topic());
    REQUIRE(f.commit(last, StoreFixture::failure(FailureClass::permanent)) ==
            CommitResult::applied);
    CHECK(triggers.wait(topic, ticket, 0ms, {}));
    CHECK(triggers.wait(contracts::scaler_topic(), scaler, 0ms, {}));
}

TEST_CASE("signals that a commit sends arrive with it") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const std::vector<ExecutionId> ids = f.push(2);
    const std::vector<Claimed> claimed = f.claim("w", 2);
    REQUIRE(f.commit(claimed[0], NextWaiting{"approval", {}}) == CommitResult::applied);
    StepCommit sender = f.step(claimed[1], NextDone{"1"});
    sender.signals = {{"approval", R"({"ok":true})"}, {"nobody", "2"}};
    REQUIRE(f.commit(sender) == CommitResult::applied);
    const Claimed woken = f.claim_one("w");
    CHECK(woken.lease.execution == ids[0]);
    CHECK(woken.signal == R"({"ok":true})");
    CHECK(f.store().signals().channels() == std::vector<model::ChannelCount>{{"nobody", 1}});
}

}  // namespace
}  // namespace fleet::contract_test
