// Keeping a store healthy: checking, pruning, backing up.
#include <filesystem>

#include "common/base/errors.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using contracts::PruneRequest;
using contracts::PruneResult;

/// One done, one failed, one cancelled, one running, one waiting, one pending; in this order.
std::vector<ExecutionId> one_of_each(StoreFixture& f) {
    f.worker("w");
    const std::vector<ExecutionId> ids = f.push(6);
    const std::vector<Claimed> claimed = f.claim("w", 5);
    StepCommit done = f.step(claimed[0], NextDone{"1"});
    done.snapshot = f.snapshot(ids[0], 1);
    done.keep_history = true;
    REQUIRE(f.commit(done) == CommitResult::applied);
    REQUIRE(f.commit(claimed[1], StoreFixture::failure(FailureClass::permanent)) ==
            CommitResult::applied);
    contracts::BulkSelection selection;
    selection.ids = {ids[2]};
    REQUIRE(f.work().cancel(selection).changed == 1);
    REQUIRE(f.commit(claimed[2], NextRunning{}) == CommitResult::cancelled);
    REQUIRE(f.commit(claimed[4], NextWaiting{"c", {}}) == CommitResult::applied);
    return ids;
}

PruneResult prune_all(StoreFixture& f, const PruneRequest& request) {
    PruneResult sum;
    for (int call = 0; call < 100; ++call) {
        const PruneResult part = f.store().prune(request);
        sum.executions += part.executions;
        sum.checkpoints += part.checkpoints;
        sum.decisions += part.decisions;
        sum.registrations += part.registrations;
        if (!part.more) {
            return sum;
        }
    }
    FAIL("pruning never ends");
    return sum;
}

TEST_CASE("a store in use has nothing to complain about") {
    FOR_EACH_STORE(f);
    CHECK_FALSE(f.store().check().empty());
    one_of_each(f);
    for (const contracts::CheckFinding& finding : f.store().check()) {
        CHECK_FALSE(finding.what.empty());
        CHECK_FALSE(finding.detail.empty());
        INFO(finding.what << ": " << finding.detail);
        CHECK(finding.ok);
    }
}

TEST_CASE("leases without a live owner are found") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    f.claim_one("w");
    f.registration().mark_dead("w", "gone");
    bool found = false;
    for (const contracts::CheckFinding& finding : f.store().check()) {
        found = found || !finding.ok;
    }
    CHECK(found);
    f.work().release_by_worker("w", ReleaseReason::worker_dead);
    f.require_sound();
}

TEST_CASE("pruning removes what is done and old, with all that belongs to it") {
    FOR_EACH_STORE(f);
    const std::vector<ExecutionId> ids = one_of_each(f);
    f.pass(1min);
    PruneRequest request;
    request.older_than = 2min;
    CHECK(prune_all(f, request).executions == 0);
    CHECK(f.get(ids[0]).status == Status::done);

    request.older_than = 1min;
    const PruneResult result = prune_all(f, request);
    CHECK(result.executions == 2);  // the done one and the cancelled one
    CHECK(result.checkpoints == 1);
    CHECK_FALSE(f.work().get(ids[0]));
    CHECK_FALSE(f.work().get(ids[2]));
    CHECK(f.work().attempts(ids[0]).empty());
    CHECK(f.store().checkpoints().list(ids[0].text(), 10).empty());
    CHECK_FALSE(f.store().results().exists(contracts::result_uri(ids[0].text())));
    CHECK(f.get(ids[1]).status == Status::failed);
    CHECK(f.get(ids[3]).status == Status::running);
    CHECK(f.get(ids[4]).status == Status::waiting);
    CHECK(f.get(ids[5]).status == Status::pending);
    f.require_sound();
}

TEST_CASE("pruning keeps or removes failed and done executions as asked") {
    FOR_EACH_STORE(f);
    const std::vector<ExecutionId> ids = one_of_each(f);
    f.pass(1s);
    PruneRequest request;
    SECTION("failed ones go, done ones stay") {
        request.keep_failed = false;
        request.keep_done = true;
        prune_all(f, request);
        CHECK(f.work().get(ids[0]));
        CHECK_FALSE(f.work().get(ids[1]));
    }
    SECTION("both stay") {
        request.keep_done = true;
        prune_all(f, request);
        CHECK(f.work().get(ids[0]));
        CHECK(f.work().get(ids[1]));
    }
    SECTION("both go") {
        request.keep_failed = false;
        prune_all(f, request);
        CHECK_FALSE(f.work().get(ids[0]));
        CHECK_FALSE(f.work().get(ids[1]));
    }
    CHECK(f.work().get(ids[3]));
    CHECK(f.work().get(ids[4]));
    CHECK(f.work().get(ids[5]));
    f.require_sound();
}

TEST_CASE("a large backlog of finished work is pruned in bounded calls") {
    FOR_EACH_STORE(f);
    f.worker("w");
    constexpr std::size_t kCount = 5'000;
    f.push(kCount);
    for (std::vector<Claimed> claimed = f.claim("w", contracts::kMaxClaim); !claimed.empty();
         claimed = f.claim("w", contracts::kMaxClaim)) {
        std::vector<StepCommit> commits;
        for (const Claimed& one : claimed) {
            commits.push_back(f.step(one, NextDone{"1"}));
        }
        f.store().commit(commits);
    }
    f.pass(1s);
    PruneRequest request;
    const PruneResult first = f.store().prune(request);
    CHECK(first.executions > 0);
    CHECK(first.executions < static_cast<std::int64_t>(kCount));
    CHECK(first.more);
    CHECK(first.executions + prune_all(f, request).executions == static_cast<std::int64_t>(kCount));
    f.require_sound();
}

TEST_CASE("old decisions and final registrations are pruned as well") {
    FOR_EACH_STORE(f);
    f.worker("left");
    f.worker("alive");
    f.registration().deregister("left");
    model::Decision decision;
    decision.host = "a";
    decision.pool = "default";
    decision.inputs = "{}";
    f.store().scaling().record_decision(decision);
    f.pass(1min);
    f.store().scaling().record_decision(decision);
    PruneRequest request;
    request.older_than = 30s;
    const PruneResult result = prune_all(f, request);
    CHECK(result.registrations == 1);
    CHECK(result.decisions == 1);
    CHECK_FALSE(f.registration().get("left"));
    CHECK(f.registration().get("alive"));
    CHECK(f.store().scaling().decisions("", 10).size() == 1);
}

TEST_CASE("requeueing what was pruned is skipped") {
    FOR_EACH_STORE(f);
    const std::vector<ExecutionId> ids = one_of_each(f);
    f.pass(1s);
    PruneRequest request;
    request.keep_failed = false;
    prune_all(f, request);
    contracts::BulkSelection selection;
    selection.ids = {ids[1]};
    CHECK(f.work().requeue(selection).skipped == 1);
}

TEST_CASE("a backup is a new file that nothing was there before") {
    FOR_EACH_STORE(f);
    one_of_each(f);
    const std::filesystem::path file = f.folder() / "backup";
    f.store().backup(file);
    CHECK(std::filesystem::file_size(file) > 100);
    const auto size = std::filesystem::file_size(file);
    f.push(100);
    CHECK_THROWS_AS(f.store().backup(file), base::ConfigError);
    CHECK(std::filesystem::file_size(file) == size);
    CHECK_THROWS_AS(f.store().backup(f.folder() / "no such folder" / "backup"), base::Error);
    f.require_sound();
}

TEST_CASE("the change counter stands still while nothing changes") {
    FOR_EACH_STORE(f);
    f.push(1);
    const std::uint64_t before = f.store().change_counter();
    CHECK(f.store().change_counter() == before);
    CHECK(f.store().url().text() == f.store().url().text_without_secrets());
}

TEST_CASE("the store's clock follows boot time") {
    FOR_EACH_STORE(f);
    const base::StoreTime before = f.store().now();
    f.clock().advance(1500ms);
    CHECK(f.store().now() - before == 1500ms);
    CHECK(base::iso8601(before) == "2026-11-21T07:50:30.123Z");
}

}  // namespace
}  // namespace fleet::contract_test
