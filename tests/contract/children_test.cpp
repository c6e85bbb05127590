// Parents that park on their children.
#include "common/base/errors.hpp"
#include "tests/contract/family.hpp"

namespace fleet::contract_test {
namespace {

TEST_CASE("a child's id is always the same, its own, and sorts after its parent's") {
    base::UuidGenerator ids;
    const ExecutionId parent = ids.next(base::WallTime{1'700'000'000'000ms});
    const ExecutionId child = model::child_id(parent, 3, 0);
    CHECK(child == model::child_id(parent, 3, 0));
    CHECK(child != model::child_id(parent, 3, 1));
    CHECK(child != model::child_id(parent, 4, 0));
    CHECK(child != model::child_id(parent, 0, 3));
    CHECK(parent < child);
    CHECK(child < model::child_id(child, 0, 0));
    CHECK(child.text().at(14) == '7');
}

TEST_CASE("a parent waits for all of its children and is woken once, when the last has ended") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 3, settled());
    CHECK(f.get(parent).status == Status::waiting);
    CHECK(f.get(parent).children_open == 3);
    CHECK(f.get(parent).worker_id == "w");
    end_child(f, parent, 0);
    end_child(f, parent, 1, StoreFixture::failure(FailureClass::permanent));
    CHECK(f.get(parent).children_open == 1);
    CHECK(f.get(parent).status == Status::waiting);
    f.require_sound();
    const auto ticket = f.store().triggers().ticket(contracts::pool_topic("default"));
    end_child(f, parent, 2);
    CHECK(f.store().triggers().wait(contracts::pool_topic("default"), ticket, 0ms, {}));
    CHECK(f.get(parent).status == Status::pending);
    CHECK(f.get(parent).children_open == 0);
    f.push(1);
    const Claimed woken = f.claim_one("w");
    CHECK(woken.lease.execution == parent);
    CHECK(woken.woken_by == Woken::children);
    CHECK(woken.snapshot == StoreFixture::snapshot(parent, kFanOut, "waiting").json);
    f.require_sound();
}

TEST_CASE("children have what their parent has, and know where they hang") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b", true);
    contracts::PushRequest request = f.request(1, "b");
    request.executions[0].priority = 7;
    request.executions[0].item_number = 42;
    const ExecutionId parent = f.push(request).front();
    contracts::ClaimRequest own = f.claim_request("w");
    own.batch = "b";
    StepCommit commit = fan_out(f.claim(own).claimed.at(0), 1, settled());
    commit.children[0].stage = "review";
    commit.children[0].stage_rank = 2;
    commit.children[0].max_attempts = 4;
    commit.children[0].spec = 9;
    REQUIRE(f.commit(commit) == CommitResult::applied);

    CHECK(f.claim("w", 1).empty());  // the shared lanes
    const Claimed child = f.claim(own).claimed.at(0);
    CHECK(child.parent == parent);
    CHECK(child.root == parent);
    CHECK(child.batch == "b");
    CHECK(child.stage == "review");
    CHECK(child.spec == 9);
    CHECK(child.max_attempts == 4);
    CHECK(child.item_number == 42);
    CHECK(child.input == R"({"ordinal":0})");
    CHECK(child.woken_by == Woken::none);
    CHECK_FALSE(child.has_in_place);
    const model::Execution told = f.get(child.lease.execution);
    CHECK(told.priority == 7);
    CHECK(told.label == "part");
    CHECK(told.parent == parent);
    CHECK(told.root == parent);
    CHECK(f.get(parent).root == parent);
    CHECK(f.get(parent).parent.is_nil());

    // And the child's children.
    REQUIRE(f.commit(fan_out(child, 1, settled())) == CommitResult::applied);
    const Claimed grandchild = f.claim(own).claimed.at(0);
    CHECK(grandchild.parent == child.lease.execution);
    CHECK(grandchild.root == parent);
    f.require_sound();
}

TEST_CASE("with any, the first end wakes the parent and the others go on uncounted") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 3, any(false));
    end_child(f, parent, 0);
    const Claimed woken = f.claim_one("w");
    CHECK(woken.lease.execution == parent);
    CHECK(woken.woken_by == Woken::children);
    CHECK(statuses_below(f, parent) == std::vector{Status::done, Status::pending, Status::pending});
    REQUIRE(f.commit(woken, NextDone{"1"}) == CommitResult::applied);
    end_child(f, parent, 1);
    end_child(f, parent, 2);
    CHECK(f.claim("w", 1).empty());
    f.require_sound();
}

TEST_CASE("with any and cancel_rest, the others are cancelled with their subtrees") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 4, any(true));
    const ExecutionId first = model::child_id(parent, kFanOut, 0);
    // The first has children of its own, the second runs, the third ends, the fourth never began.
    const std::vector<Claimed> claimed = f.claim("w", 3);
    REQUIRE(f.commit(fan_out(claimed[0], 2, settled())) == CommitResult::applied);
    REQUIRE(f.commit(claimed[2], NextDone{"3"}) == CommitResult::applied);
    CHECK(statuses_below(f, parent) ==
          std::vector{Status::cancelled, Status::running, Status::done, Status::cancelled});
    CHECK(statuses_below(f, first) == std::vector{Status::cancelled, Status::cancelled});
    CHECK(f.commit(claimed[1], NextDone{"2"}) == CommitResult::cancelled);
    CHECK(f.claim_one("w").lease.execution == parent);
    CHECK(f.claim("w", 5).empty());
    f.require_sound();
}

TEST_CASE("children that ended before the parent parked count as ended") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    const Claimed root = f.claim_one("w");
    const ExecutionId parent = root.lease.execution;
    REQUIRE(f.commit(fan_out(root, 2, NextRunning{})) == CommitResult::applied);
    end_child(f, parent, 0);
    SECTION("and the rest is waited for") {
        REQUIRE(f.commit(root, settled()) == CommitResult::applied);
        CHECK(f.get(parent).children_open == 1);
        end_child(f, parent, 1);
    }
    SECTION("so that there may be nothing to wait for") {
        end_child(f, parent, 1);
        REQUIRE(f.commit(root, settled()) == CommitResult::applied);
    }
    SECTION("and one is enough for any") {
        REQUIRE(f.commit(root, any(false)) == CommitResult::applied);
    }
    SECTION("which may cancel the rest at once") {
        REQUIRE(f.commit(root, any(true)) == CommitResult::applied);
        CHECK(status_of(f, model::child_id(parent, kFanOut, 1)) == Status::cancelled);
    }
    const Claimed woken = f.claim_one("w");
    CHECK(woken.lease.execution == parent);
    CHECK(woken.woken_by == Woken::children);
    f.require_sound();
}

TEST_CASE("who waits for the children of a step that has none goes on at once") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 0, GENERATE(true, false) ? settled() : any(true));
    const Claimed woken = f.claim_one("w");
    CHECK(woken.lease.execution == parent);
    CHECK(woken.woken_by == Woken::children);
}

TEST_CASE("launched children are not waited for and outlive their parent's end") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    const Claimed root = f.claim_one("w");
    REQUIRE(f.commit(fan_out(root, 2, settled(), ChildKind::launched)) == CommitResult::applied);
    const Claimed woken = f.claim_one("w");
    CHECK(woken.lease.execution == root.lease.execution);
    REQUIRE(f.commit(woken, NextDone{"1"}) == CommitResult::applied);
    end_child(f, root.lease.execution, 0);
    end_child(f, root.lease.execution, 1);
    f.require_sound();
}

TEST_CASE("children are inserted once, whoever repeats it") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    const Claimed root = f.claim_one("w");
    const ExecutionId parent = root.lease.execution;
    StepCommit commit = fan_out(root, 2, NextRunning{});
    REQUIRE(f.commit(commit) == CommitResult::applied);
    SECTION("the client that lost the answer") {
        CHECK(f.commit(commit) == CommitResult::already_applied);
    }
    SECTION("the next owner after a crash, who fans out again and further") {
        f.work().release_by_worker("w", ReleaseReason::worker_dead);
        const std::vector<Claimed> claimed = f.claim("w", 1);
        REQUIRE(claimed[0].lease.execution == parent);
        REQUIRE(f.commit(fan_out(claimed[0], 4, settled())) == CommitResult::applied);
        CHECK(f.get(parent).children_open == 4);
    }
    SECTION("even when one of them has ended in the meantime") {
        end_child(f, parent, 0);
        REQUIRE(f.commit(f.step(root, NextRunning{})) == CommitResult::applied);
        StepCommit again = fan_out(root, 2, settled());
        again.snapshot = StoreFixture::snapshot(parent, kFanOut + 1);
        REQUIRE(f.commit(again) == CommitResult::applied);
        CHECK(f.get(parent).children_open == 1);
        CHECK(statuses_below(f, parent) == std::vector{Status::done, Status::pending});
    }
    f.require_sound();
}

TEST_CASE("nothing of a refused commit's children is there") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    const Claimed root = f.claim_one("w");
    f.work().release_by_worker("w", ReleaseReason::worker_dead);
    CHECK(f.commit(fan_out(root, 2, settled())) == CommitResult::lease_lost);
    CHECK_FALSE(f.work().get(model::child_id(root.lease.execution, kFanOut, 0)));
    const Claimed again = f.claim_one("w");
    StepCommit too_many = fan_out(again, model::kMaxChildren + 1, settled());
    CHECK_THROWS_AS(f.commit(too_many), base::StoreError);
    CHECK_FALSE(f.work().get(model::child_id(root.lease.execution, kFanOut, 0)));
    CHECK(f.get(root.lease.execution).status == Status::running);
    f.require_sound();
}

TEST_CASE("a wait for children may have a deadline, and the first of the two wins") {
    FOR_EACH_STORE(f);
    f.worker("w");
    NextChildren wait = settled();
    wait.deadline = 20s;
    wait.cancel_rest = GENERATE(true, false);
    const ExecutionId parent = park_parent(f, 2, wait);
    CHECK(f.get(parent).due_in == Millis{20s});
    end_child(f, parent, 0);
    SECTION("the deadline") {
        f.pass(20s);
        const Claimed woken = f.claim_one("w");
        CHECK(woken.lease.execution == parent);
        CHECK(woken.woken_by == Woken::deadline);
        CHECK(f.get(parent).children_open == 0);
        CHECK(status_of(f, model::child_id(parent, kFanOut, 1)) ==
              (wait.cancel_rest ? Status::cancelled : Status::pending));
    }
    SECTION("the children") {
        end_child(f, parent, 1);
        f.pass(30s);
        const Claimed woken = f.claim_one("w");
        CHECK(woken.lease.execution == parent);
        CHECK(woken.woken_by == Woken::children);
    }
    SECTION("a child that ends after the deadline, before anybody has looked") {
        const Claimed late = f.claim_one("w");
        f.pass(21s);
        REQUIRE(f.commit(late, NextDone{"0"}) == CommitResult::applied);
        const Claimed woken = f.claim_one("w");
        CHECK(woken.lease.execution == parent);
        CHECK(woken.woken_by == Woken::deadline);
    }
    f.require_sound();
}

TEST_CASE("why an execution was woken is told until a commit has used it") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId parent = park_parent(f, 1, settled());
    end_child(f, parent, 0);
    CHECK(f.claim_one("w").woken_by == Woken::children);
    f.work().release_by_worker("w", ReleaseReason::worker_dead);
    Claimed claimed = f.claim_one("w");
    CHECK(claimed.woken_by == Woken::children);
    REQUIRE(f.commit(claimed, StoreFixture::failure()) == CommitResult::applied);
    claimed = f.claim_one("w");
    CHECK(claimed.woken_by == Woken::children);
    StepCommit used = f.step(claimed, NextRunning{});
    used.snapshot = StoreFixture::snapshot(parent, kFanOut + 1);
    REQUIRE(f.commit(used) == CommitResult::applied);
    f.work().release_by_worker("w", ReleaseReason::worker_dead);
    CHECK(f.claim_one("w").woken_by == Woken::none);
}

TEST_CASE("a signal and a deadline are told apart") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(2);
    for (const Claimed& claimed : f.claim("w", 2)) {
        REQUIRE(f.commit(claimed, NextWaiting{claimed.item_number == 1 ? "a" : "b", 10s}) ==
                CommitResult::applied);
    }
    f.store().signals().send("a", "1");
    const Claimed first = f.claim_one("w");
    CHECK(first.woken_by == Woken::signal);
    f.pass(10s);
    CHECK(f.claim_one("w").woken_by == Woken::deadline);
}

}  // namespace
}  // namespace fleet::contract_test
