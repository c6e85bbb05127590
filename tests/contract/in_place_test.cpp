// Inline children: they run inside their parent's slot, and detach when they need one of their own.
#include "common/base/errors.hpp"
#include "tests/contract/family.hpp"

namespace fleet::contract_test {
namespace {

InPlaceStep step_of(const ExecutionId& id, std::int64_t step, model::Next next) {
    InPlaceStep one;
    one.id = id;
    one.snapshot = StoreFixture::snapshot(id, step);
    one.next = std::move(next);
    return one;
}

struct Family {
    Claimed root;
    ExecutionId parent;
    ExecutionId child;
};

/// A claimed root with one in-place child that has taken its first step.
Family begin_family(StoreFixture& f) {
    f.worker("w");
    f.push(1);
    Family family{f.claim_one("w"), {}, {}};
    family.parent = family.root.lease.execution;
    family.child = model::child_id(family.parent, kFanOut, 0);
    StepCommit commit = fan_out(family.root, 1, NextRunning{}, ChildKind::in_place);
    commit.in_place = {step_of(family.child, 1, NextRunning{})};
    REQUIRE(f.commit(commit) == CommitResult::applied);
    return family;
}

TEST_CASE("an in-place child is told as running and handed out to nobody") {
    FOR_EACH_STORE(f);
    const Family family = begin_family(f);
    CHECK(status_of(f, family.child) == Status::running);
    CHECK(f.get(family.child).worker_id.empty());
    CHECK(f.claim("w", 1).empty());
    const auto children = f.work().children(family.parent, kFanOut, -1, 10);
    REQUIRE(children.size() == 1);
    CHECK(children[0].kind == ChildKind::in_place);
    CHECK(children[0].status == Status::running);
    CHECK(children[0].snapshot == StoreFixture::snapshot(family.child, 1).json);
    CHECK(children[0].input == R"({"ordinal":0})");
    CHECK(f.work().tree(family.parent, 10).nodes.at(1).status == Status::running);
    contracts::ExecutionFilter filter;
    filter.parent = family.parent;
    filter.statuses = {Status::running};
    CHECK(f.work().find(filter).executions.size() == 1);
    filter.statuses = {Status::waiting};
    CHECK(f.work().find(filter).executions.empty());
    f.require_sound();
}

TEST_CASE("an in-place child ends in its parent's commit") {
    FOR_EACH_STORE(f);
    const Family family = begin_family(f);
    StepCommit commit = f.step(family.root, NextRunning{});
    commit.snapshot = StoreFixture::snapshot(family.parent, kFanOut + 1);
    const std::string large = "\"" + std::string(300'000, 'y') + "\"";
    const bool failing = GENERATE(false, true);
    if (failing) {
        commit.in_place = {step_of(family.child, 2, StoreFixture::failure())};
    } else {
        commit.in_place = {step_of(family.child, 2, NextDone{large})};
    }
    REQUIRE(f.commit(commit) == CommitResult::applied);
    CHECK(f.commit(commit) == CommitResult::already_applied);
    const auto child = f.work().children(family.parent, kFanOut, -1, 10).at(0);
    CHECK(child.status == (failing ? Status::failed : Status::done));
    CHECK(child.output == (failing ? std::string{} : large));
    CHECK(child.error.has_value() == failing);
    CHECK(child.snapshot.empty());
    CHECK(status_of(f, family.parent) == Status::running);
    REQUIRE(f.commit(family.root, NextDone{"1"}) == CommitResult::applied);
    f.require_sound();
}

TEST_CASE("the next owner of the parent finds its in-place child where it was") {
    FOR_EACH_STORE(f);
    const Family family = begin_family(f);
    f.work().release_by_worker("w", ReleaseReason::worker_dead);
    CHECK(status_of(f, family.child) == Status::running);
    StepCommit late = f.step(family.root, NextRunning{});
    late.in_place = {step_of(family.child, 2, NextDone{"1"})};
    CHECK(f.commit(late) == CommitResult::lease_lost);
    const Claimed again = f.claim_one("w");
    CHECK(again.lease.execution == family.parent);
    CHECK(again.has_in_place);
    StepCommit commit = f.step(again, NextDone{"1"});
    commit.in_place = {step_of(family.child, 2, NextDone{"2"})};
    REQUIRE(f.commit(commit) == CommitResult::applied);
    CHECK(status_of(f, family.child) == Status::done);
    f.require_sound();
}

TEST_CASE("an in-place child that needs a slot is detached and waited for") {
    FOR_EACH_STORE(f);
    const Family family = begin_family(f);
    StepCommit commit = f.step(family.root, settled());
    commit.snapshot = StoreFixture::snapshot(family.parent, kFanOut + 1, "waiting");
    SECTION("because it enters another stage") {
        commit.in_place = {step_of(family.child, 2, NextPending{"gpu", {}})};
        REQUIRE(f.commit(commit) == CommitResult::applied);
        CHECK(f.get(family.child).stage == "gpu");
    }
    SECTION("because it waits for a signal") {
        commit.in_place = {step_of(family.child, 2, NextWaiting{"approval", {}})};
        REQUIRE(f.commit(commit) == CommitResult::applied);
        CHECK(status_of(f, family.child) == Status::waiting);
        CHECK(f.claim("w", 1).empty());
        CHECK(f.store().signals().send("approval", "1").woken == 1);
    }
    SECTION("because it waits for a time") {
        commit.in_place = {step_of(family.child, 2, NextWaiting{"", 10s})};
        REQUIRE(f.commit(commit) == CommitResult::applied);
        f.pass(10s);
    }
    SECTION("because it fans out") {
        commit.children = {new_child(family.child, 0)};
        commit.children[0].parent = family.child;
        commit.in_place = {step_of(family.child, 2, settled())};
        REQUIRE(f.commit(commit) == CommitResult::applied);
        CHECK(status_of(f, family.child) == Status::waiting);
        const Claimed grandchild = f.claim_one("w");
        CHECK(grandchild.parent == family.child);
        CHECK(grandchild.root == family.parent);
        REQUIRE(f.commit(grandchild, NextDone{"1"}) == CommitResult::applied);
    }
    CHECK(status_of(f, family.parent) == Status::waiting);
    CHECK(f.get(family.parent).children_open == 1);
    const Claimed child = f.claim_one("w");
    CHECK(child.lease.execution == family.child);
    CHECK(child.snapshot == StoreFixture::snapshot(family.child, 2).json);
    REQUIRE(f.commit(child, NextDone{"3"}) == CommitResult::applied);
    const Claimed parent = f.claim_one("w");
    CHECK(parent.lease.execution == family.parent);
    CHECK(parent.woken_by == Woken::children);
    f.require_sound();
}

TEST_CASE("a detached grandchild detaches everything between") {
    FOR_EACH_STORE(f);
    const Family family = begin_family(f);
    const ExecutionId grandchild = model::child_id(family.child, kFanOut, 0);
    StepCommit commit = f.step(family.root, settled());
    commit.snapshot = StoreFixture::snapshot(family.parent, kFanOut + 1, "waiting");
    commit.children = {new_child(family.child, 0, ChildKind::in_place)};
    commit.children[0].parent = family.child;
    commit.in_place = {step_of(grandchild, 1, NextWaiting{"approval", {}}),
                       step_of(family.child, 2, settled())};
    REQUIRE(f.commit(commit) == CommitResult::applied);
    CHECK(status_of(f, family.child) == Status::waiting);
    CHECK(status_of(f, grandchild) == Status::waiting);
    f.require_sound();
    f.store().signals().send("approval", "1");
    for (const ExecutionId& id : {grandchild, family.child, family.parent}) {
        const Claimed claimed = f.claim_one("w");
        CHECK(claimed.lease.execution == id);
        REQUIRE(f.commit(claimed, NextDone{"1"}) == CommitResult::applied);
    }
    f.require_sound();
}

TEST_CASE("a commit whose in-place steps hang below nothing of it changes nothing") {
    FOR_EACH_STORE(f);
    const Family family = begin_family(f);
    f.push(1);
    const Claimed other = f.claim_one("w");
    StepCommit commit = f.step(family.root, NextRunning{});
    SECTION("a child of another execution") {
        commit.lease = other.lease;
        commit.in_place = {step_of(family.child, 2, NextDone{"1"})};
    }
    SECTION("no child at all") {
        commit.in_place = {step_of(model::child_id(family.parent, 9, 9), 2, NextDone{"1"})};
    }
    SECTION("a detached one that nobody waits for") {
        commit.in_place = {step_of(family.child, 2, NextWaiting{"approval", {}})};
    }
    SECTION("a detached one while the parent waits at another step") {
        NextChildren wait = settled();
        wait.step = kFanOut + 1;
        commit.next = wait;
        commit.in_place = {step_of(family.child, 2, NextPending{"gpu", {}})};
    }
    SECTION("a child below an ordinary one") {
        commit.children = {new_child(other.lease.execution, 0)};
        commit.children[0].parent = other.lease.execution;
    }
    CHECK_THROWS_AS(f.commit(commit), base::StoreError);
    CHECK(status_of(f, family.child) == Status::running);
    CHECK(status_of(f, family.parent) == Status::running);
    CHECK(f.work().tree(other.lease.execution, 10).nodes.size() == 1);
    f.require_sound();
}

TEST_CASE("an open in-place child ends with the parent in which it ran") {
    FOR_EACH_STORE(f);
    const Family family = begin_family(f);
    SECTION("done") {
        REQUIRE(f.commit(family.root, NextDone{"1"}) == CommitResult::applied);
    }
    SECTION("failed") {
        REQUIRE(f.commit(family.root, StoreFixture::failure(FailureClass::permanent)) ==
                CommitResult::applied);
    }
    SECTION("cancelled") {
        cancel_all(f, family.parent);
        CHECK(f.commit(family.root, NextRunning{}) == CommitResult::cancelled);
    }
    CHECK(status_of(f, family.child) == Status::cancelled);
    f.require_sound();
}

TEST_CASE("an in-place child is cancelled and requeued with its parent only") {
    FOR_EACH_STORE(f);
    const Family family = begin_family(f);
    contracts::BulkSelection selection;
    selection.ids = {family.child};
    const contracts::BulkResult refused = f.work().cancel(selection);
    CHECK(refused.changed == 0);
    CHECK(refused.skipped == 1);
    CHECK(status_of(f, family.child) == Status::running);
    StepCommit commit = f.step(family.root, NextRunning{});
    commit.in_place = {step_of(family.child, 2, StoreFixture::failure())};
    REQUIRE(f.commit(commit) == CommitResult::applied);
    CHECK(f.work().requeue(selection).skipped == 1);
    CHECK(status_of(f, family.child) == Status::failed);
}

TEST_CASE("history of a step and of its in-place child is kept in order") {
    FOR_EACH_STORE(f);
    const Family family = begin_family(f);
    StepCommit commit = f.step(family.root, NextRunning{});
    commit.history = {StoreFixture::snapshot(family.parent, 4, "state_enter"),
                      StoreFixture::snapshot(family.parent, 4, "execute")};
    commit.snapshot = StoreFixture::snapshot(family.parent, 4, "state_exit");
    commit.keep_history = GENERATE(true, false);
    InPlaceStep child = step_of(family.child, 2, NextRunning{});
    child.history = {StoreFixture::snapshot(family.child, 1, "state_exit")};
    child.keep_history = true;
    commit.in_place = {child};
    REQUIRE(f.commit(commit) == CommitResult::applied);
    contracts::PersistenceBackend& checkpoints = f.store().checkpoints();
    CHECK(checkpoints.list(family.parent.text() + "/", 10).size() ==
          (commit.keep_history ? 3U : 2U));
    CHECK(checkpoints.load_latest(family.parent.text())->event ==
          (commit.keep_history ? "state_exit" : "execute"));
    CHECK(checkpoints.list(family.child.text() + "/", 10).size() == 2);
    CHECK(checkpoints.load_latest(family.child.text())->step == 2);
    f.work().release_by_worker("w", ReleaseReason::worker_dead);
    CHECK(f.claim_one("w").snapshot == commit.snapshot->json);
}

}  // namespace
}  // namespace fleet::contract_test
