#include "tests/contract/family.hpp"

namespace fleet::contract_test {

NewChild new_child(const ExecutionId& parent, std::int64_t ordinal, ChildKind kind,
                   std::int64_t step) {
    NewChild child;
    child.id = model::child_id(parent, step, ordinal);
    child.step = step;
    child.ordinal = ordinal;
    child.kind = kind;
    child.input = "{\"ordinal\":" + std::to_string(ordinal) + "}";
    child.label = "part";
    return child;
}

StepCommit fan_out(const Claimed& claimed, std::int64_t count, model::Next next, ChildKind kind) {
    const ExecutionId id = claimed.lease.execution;
    StepCommit commit = StoreFixture::step(claimed, std::move(next));
    commit.snapshot = StoreFixture::snapshot(id, kFanOut, "waiting");
    for (std::int64_t ordinal = 0; ordinal < count; ++ordinal) {
        commit.children.push_back(new_child(id, ordinal, kind));
    }
    return commit;
}

ExecutionId park_parent(StoreFixture& f, std::int64_t count, const NextChildren& wait) {
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    REQUIRE(claimed.lease.execution == id);
    REQUIRE(f.commit(fan_out(claimed, count, wait)) == CommitResult::applied);
    return id;
}

NextChildren settled() {
    NextChildren next;
    next.step = kFanOut;
    return next;
}

NextChildren any(bool cancel_rest) {
    NextChildren next = settled();
    next.mode = WaitMode::any;
    next.cancel_rest = cancel_rest;
    return next;
}

void end_child(StoreFixture& f, const ExecutionId& parent, std::int64_t ordinal,
               const model::Next& next) {
    const Claimed claimed = f.claim_one("w");
    REQUIRE(claimed.lease.execution == model::child_id(parent, kFanOut, ordinal));
    REQUIRE(f.commit(claimed, next) == CommitResult::applied);
}

void cancel_all(StoreFixture& f, const ExecutionId& id) {
    contracts::BulkSelection selection;
    selection.ids = {id};
    while (f.work().cancel(selection).more) {
    }
}

void requeue(StoreFixture& f, const ExecutionId& id) {
    contracts::BulkSelection selection;
    selection.ids = {id};
    REQUIRE(f.work().requeue(selection).changed == 1);
}

Status status_of(StoreFixture& f, const ExecutionId& id) {
    return f.get(id).status;
}

std::vector<Status> statuses_below(StoreFixture& f, const ExecutionId& parent, std::int64_t step) {
    std::vector<Status> statuses;
    for (const model::ChildState& child : f.work().children(parent, step, -1, 1'000)) {
        statuses.push_back(child.status);
    }
    return statuses;
}

}  // namespace fleet::contract_test
