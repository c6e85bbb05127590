// Cancelling, requeueing and pruning in a family, and the interleavings with what runs.
#include "tests/contract/family.hpp"

namespace fleet::contract_test {
namespace {

TEST_CASE("cancelling a parent cancels its subtree, from the top down") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 2, settled());
    const std::vector<Claimed> claimed = f.claim("w", 2);
    REQUIRE(f.commit(fan_out(claimed[0], 2, settled())) == CommitResult::applied);
    REQUIRE(f.commit(claimed[1], NextWaiting{"approval", 10s}) == CommitResult::applied);
    const Claimed grandchild = f.claim_one("w");
    CHECK(grandchild.parent == claimed[0].lease.execution);
    cancel_all(f, parent);
    CHECK(status_of(f, parent) == Status::cancelled);
    CHECK(statuses_below(f, parent) == std::vector(2, Status::cancelled));
    CHECK(status_of(f, model::child_id(claimed[0].lease.execution, kFanOut, 1)) ==
          Status::cancelled);
    // What runs ends at its next commit, and nobody is woken by that.
    CHECK(f.get(grandchild.lease.execution).cancel_requested);
    CHECK(f.commit(fan_out(grandchild, 2, settled())) == CommitResult::cancelled);
    CHECK(f.work().tree(grandchild.lease.execution, 10).nodes.size() == 1);
    CHECK(f.claim("w", 5).empty());
    CHECK(f.store().signals().send("approval", "1").kept);
    f.pass(20s);
    CHECK(f.claim("w", 5).empty());
    f.require_sound();
}

TEST_CASE("cancelling a running parent reaches its launched children at once") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    const Claimed root = f.claim_one("w");
    REQUIRE(f.commit(fan_out(root, 2, NextRunning{}, ChildKind::launched)) ==
            CommitResult::applied);
    cancel_all(f, root.lease.execution);
    CHECK(statuses_below(f, root.lease.execution) == std::vector(2, Status::cancelled));
    StepCommit more = fan_out(root, 3, settled());
    more.snapshot = StoreFixture::snapshot(root.lease.execution, kFanOut + 1);
    CHECK(f.commit(more) == CommitResult::cancelled);
    CHECK(f.work().children(root.lease.execution, kFanOut, -1, 10).size() == 2);
    f.require_sound();
}

TEST_CASE("a cancelled child counts as ended for its parent") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 2, settled());
    end_child(f, parent, 0);
    cancel_all(f, model::child_id(parent, kFanOut, 1));
    const Claimed woken = f.claim_one("w");
    CHECK(woken.lease.execution == parent);
    CHECK(woken.woken_by == Woken::children);
    f.require_sound();
}

TEST_CASE("cancelling a batch cancels the families of its roots") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    f.push(1, "b");
    const Claimed root = f.claim_one("w");
    REQUIRE(f.commit(fan_out(root, 3, settled())) == CommitResult::applied);
    const Claimed running = f.claim_one("w");
    contracts::BulkSelection selection;
    selection.batch = "b";
    while (f.work().cancel(selection).more) {
    }
    CHECK(status_of(f, root.lease.execution) == Status::cancelled);
    CHECK(f.commit(running, NextDone{"1"}) == CommitResult::cancelled);
    CHECK(statuses_below(f, root.lease.execution) == std::vector(3, Status::cancelled));
    CHECK(f.counts() == model::StatusCounts{.cancelled = 4});
    f.require_sound();
}

TEST_CASE("a family larger than one call may cancel is cancelled in parts") {
    FOR_EACH_STORE(f);
    f.worker("w");
    constexpr std::int64_t kMany = 4'500;
    const ExecutionId parent = park_parent(f, kMany, settled());
    contracts::BulkSelection selection;
    selection.ids = {parent};
    SECTION("by the one who asked") {
        cancel_all(f, parent);
    }
    SECTION("by claims, when that one died after the first part") {
        (void)f.work().cancel(selection);
        // Nothing below is handed out, although much of it may still be pending.
        for (int i = 0; i < 20; ++i) {
            CHECK(f.claim("w", 10).empty());
        }
    }
    CHECK(f.counts() == model::StatusCounts{.cancelled = kMany + 1});
    CHECK(f.claim("w", 10).empty());
    f.require_sound();
}

TEST_CASE("a requeued child is waited for again while its parent is parked at that step") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 2, settled());
    const ExecutionId first = model::child_id(parent, kFanOut, 0);
    end_child(f, parent, 0, StoreFixture::failure(FailureClass::permanent));
    CHECK(f.get(parent).children_open == 1);
    requeue(f, first);
    CHECK(f.get(parent).children_open == 2);
    end_child(f, parent, 0);
    CHECK(status_of(f, parent) == Status::waiting);
    end_child(f, parent, 1);
    CHECK(f.claim_one("w").lease.execution == parent);
    f.require_sound();
}

TEST_CASE("a requeued child whose parent went on runs detached and wakes nobody") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 1, settled());
    end_child(f, parent, 0, StoreFixture::failure(FailureClass::permanent));
    const Claimed root = f.claim_one("w");
    // The parent now waits for the child of a later step.
    StepCommit later = f.step(root, NextChildren{kFanOut + 1, WaitMode::settled, false, {}});
    later.snapshot = StoreFixture::snapshot(parent, kFanOut + 1, "waiting");
    later.children = {new_child(parent, 0, ChildKind::waited_for, kFanOut + 1)};
    REQUIRE(f.commit(later) == CommitResult::applied);
    requeue(f, model::child_id(parent, kFanOut, 0));
    CHECK(f.get(parent).children_open == 1);
    end_child(f, parent, 0);
    CHECK(status_of(f, parent) == Status::waiting);
    CHECK(f.get(parent).children_open == 1);
    REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
    CHECK(f.claim_one("w").lease.execution == parent);
    f.require_sound();
}

TEST_CASE("requeueing what failed leaves children to their parents") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    f.push(1, "b");
    const Claimed root = f.claim_one("w");
    REQUIRE(f.commit(fan_out(root, 1, settled())) == CommitResult::applied);
    end_child(f, root.lease.execution, 0, StoreFixture::failure(FailureClass::permanent));
    REQUIRE(f.commit(f.claim_one("w"), StoreFixture::failure(FailureClass::permanent)) ==
            CommitResult::applied);
    contracts::BulkSelection selection;
    selection.batch = "b";
    selection.failed_only = true;
    CHECK(f.work().requeue(selection).changed == 1);
    CHECK(status_of(f, root.lease.execution) == Status::pending);
    CHECK(statuses_below(f, root.lease.execution) == std::vector{Status::failed});
}

TEST_CASE("a child that is lost with its workers too often wakes its parent as failed") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 1, settled());
    for (int loss = 0; loss <= model::kMaxLostWorker; ++loss) {
        CHECK(f.claim_one("w").parent == parent);
        f.work().release_by_worker("w", ReleaseReason::worker_dead);
    }
    CHECK(statuses_below(f, parent) == std::vector{Status::failed});
    CHECK(f.claim_one("w").lease.execution == parent);
    f.require_sound();
}

TEST_CASE("pruning keeps what a live parent may still read, and removes a tree from its leaves") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 2, settled());
    const std::vector<Claimed> claimed = f.claim("w", 2);
    REQUIRE(f.commit(fan_out(claimed[0], 1, settled())) == CommitResult::applied);
    const ExecutionId middle = claimed[0].lease.execution;
    end_child(f, middle, 0);
    REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
    CHECK(status_of(f, middle) == Status::done);
    f.pass(1s);
    contracts::PruneRequest all;
    all.keep_failed = false;
    std::int64_t removed = 0;
    const auto prune = [&] {
        contracts::PruneResult result;
        do {
            result = f.store().prune(all);
            removed += result.executions;
        } while (result.more);
    };
    prune();
    CHECK(removed == 1);  // the grandchild: its parent has ended
    CHECK(statuses_below(f, parent) == std::vector{Status::done, Status::running});
    REQUIRE(f.commit(claimed[1], NextDone{"1"}) == CommitResult::applied);
    REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
    f.pass(1s);
    prune();
    CHECK(removed == 4);
    CHECK_FALSE(f.work().get(parent));
    CHECK(f.work().tree(parent, 10).nodes.empty());
    f.require_sound();
}

TEST_CASE("a signal wakes a child among thousands that wait, and only it") {
    FOR_EACH_STORE(f);
    f.worker("w");
    constexpr std::int64_t kMany = 2'000;
    const ExecutionId parent = park_parent(f, kMany, settled());
    std::vector<StepCommit> parks;
    for (int round = 0; round < 2; ++round) {
        for (const Claimed& claimed : f.claim("w", 1'000)) {
            parks.push_back(
                f.step(claimed, NextWaiting{"channel of " + claimed.lease.execution.text(), {}}));
        }
    }
    REQUIRE(parks.size() == static_cast<std::size_t>(kMany));
    (void)f.store().commit(parks);
    const ExecutionId one = model::child_id(parent, kFanOut, 1'234);
    CHECK(f.store().signals().send("channel of " + one.text(), "1").woken == 1);
    CHECK(f.claim_one("w").lease.execution == one);
    CHECK(f.claim("w", 10).empty());
    CHECK(f.get(parent).children_open == kMany);
}

}  // namespace
}  // namespace fleet::contract_test
