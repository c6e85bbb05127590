#include <variant>

#include "common/store/memory/backends.hpp"
#include "common/store/memory/children.hpp"
#include "common/store/memory/executions.hpp"

namespace fleet::store::memory {
namespace {

using model::CommitResult;
using model::StepCommit;

bool is_other_commit_of_same_step(const Row& row, const StepCommit& commit) {
    return commit.snapshot && row.last_commit.token == commit.lease.token &&
           row.last_commit.step == commit.snapshot->step &&
           row.last_commit.event == commit.snapshot->event && row.last_commit.turn == commit.turn;
}

void remember(Row& row, const StepCommit& commit) {
    row.last_commit = {commit.commit_id, commit.lease.token, std::nullopt, {}, 0};
    if (commit.snapshot) {
        row.last_commit.step = commit.snapshot->step;
        row.last_commit.event = commit.snapshot->event;
        row.last_commit.turn = commit.turn;
    }
}

void go_on(Transaction&, Row&, const model::NextRunning&) {}

void go_on(Transaction& transaction, Row& row, const model::NextPending& next) {
    State& state = transaction.state();
    const Lane lane = state.lanes[row.lane];
    const bool known = state.lane_numbers.contains({lane.pool, next.stage, lane.batch});
    // A stage that is entered from another one comes later.
    const std::optional<int> rank = known ? std::nullopt : std::optional<int>(lane.stage_rank + 1);
    const LaneNumber target = lane_number(state, lane.pool, next.stage, lane.batch, rank);
    row.resumed = true;
    alter_row(transaction, row, [&](Row& changed) {
        changed.lane = target;
        changed.status = model::Status::pending;
        changed.owner.clear();
        changed.begun = false;
        changed.ready = next.delay <= base::Millis{0};
        if (!changed.ready) {
            changed.due_at = transaction.now() + next.delay;
        }
    });
}

void go_on(Transaction& transaction, Row& row, const model::NextWaiting& next) {
    park_on_channel(transaction, row, next);
}

void go_on(Transaction& transaction, Row& row, const model::NextChildren& next) {
    park_on_children(transaction, row, next);
}

void go_on(Transaction& transaction, Row& row, const model::NextDone& next) {
    row.output = next.output;
    make_terminal(transaction, row, model::Status::done, std::nullopt);
}

void go_on(Transaction& transaction, Row& row, const model::NextFailed& next) {
    bool final = false;
    switch (next.failure) {
        case model::FailureClass::counting:
            final = ++row.counters.failures >= row.max_attempts;
            row.poisoned = final;
            break;
        case model::FailureClass::transient:
            final = ++row.counters.transient > model::kMaxTransientFailures;
            break;
        case model::FailureClass::rate_limited:
            final = ++row.counters.rate_limited > model::kMaxRateLimited;
            break;
        case model::FailureClass::permanent:
            final = true;
            break;
    }
    if (final) {
        make_terminal(transaction, row, model::Status::failed, next.error);
        return;
    }
    row.error = next.error;
    make_pending(transaction, row, next.retry_delay);
}

void apply_in_place(Transaction& transaction, const model::InPlaceStep& step) {
    State& state = transaction.state();
    Row& row = *find_row(state, step.id);
    for (const model::Snapshot& snapshot : step.history) {
        save_checkpoint(state, snapshot);
    }
    if (step.snapshot) {
        row.snapshot = step.snapshot->json;
        if (step.keep_history) {
            save_checkpoint(state, *step.snapshot);
        }
    }
    if (const auto* failed = std::get_if<model::NextFailed>(&step.next)) {
        make_terminal(transaction, row, model::Status::failed, failed->error);
    } else {
        std::visit([&](const auto& next) { go_on(transaction, row, next); }, step.next);
    }
}

/// A wake-up and its payload are told until a commit has replaced the resume point or left it.
bool uses_wake_up(const StepCommit& commit) {
    return commit.snapshot || (!std::holds_alternative<model::NextRunning>(commit.next) &&
                               !std::holds_alternative<model::NextFailed>(commit.next));
}

void check_next(const model::ExecutionId& id, const model::Next& next) {
    const auto* waiting = std::get_if<model::NextWaiting>(&next);
    if (waiting != nullptr && waiting->channel.empty() && !waiting->deadline) {
        refuse_call("parking execution " + id.text() +
                    ": neither a channel nor a deadline is given");
    }
    const auto* failed = std::get_if<model::NextFailed>(&next);
    if (failed != nullptr && failed->error.message.empty()) {
        refuse_call("failing execution " + id.text() + ": the error has no message");
    }
}

void check_commit(const StepCommit& commit) {
    const std::string id = commit.lease.execution.text();
    if (commit.commit_id == 0) {
        refuse_call("committing a step of execution " + id + ": the commit id is 0");
    }
    check_next(commit.lease.execution, commit.next);
    for (const model::InPlaceStep& step : commit.in_place) {
        check_next(step.id, step.next);
    }
}

void apply_step(Transaction& transaction, Row& row, const StepCommit& commit) {
    State& state = transaction.state();
    if (uses_wake_up(commit)) {
        row.signal.clear();
        row.woken = model::Woken::none;
    }
    for (const model::Snapshot& snapshot : commit.history) {
        save_checkpoint(state, snapshot);
    }
    if (commit.snapshot) {
        row.snapshot = commit.snapshot->json;
        if (commit.keep_history) {
            save_checkpoint(state, *commit.snapshot);
        }
    }
    insert_children(transaction, row, commit);
    detach_children(state, commit);
    for (const model::InPlaceStep& step : commit.in_place) {
        apply_in_place(transaction, step);
    }
    for (const model::SignalToSend& signal : commit.signals) {
        send_signal(transaction, signal.channel, signal.payload);
    }
    std::visit([&](const auto& next) { go_on(transaction, row, next); }, commit.next);
}

}  // namespace

CommitResult apply_commit(Transaction& transaction, const StepCommit& commit) {
    check_commit(commit);
    State& state = transaction.state();
    Row* row = find_row(state, commit.lease.execution);
    if (row == nullptr) {
        return CommitResult::not_found;
    }
    // Before the fence: who lost the answer may repeat the commit after ownership has moved on.
    if (row->last_commit.id == commit.commit_id) {
        return row->status == model::Status::cancelled ? CommitResult::cancelled
                                                       : CommitResult::already_applied;
    }
    if (!is_owned_by(*row, commit.lease)) {
        return CommitResult::lease_lost;
    }
    if (is_other_commit_of_same_step(*row, commit)) {
        return CommitResult::conflict;
    }
    check_children(state, commit);
    begin_attempt(transaction, *row);
    remember(*row, commit);
    for (const model::UsageRecord& usage : commit.usage) {
        add_usage(state, usage);
    }
    if (commit.attempt_record) {
        record_attempt(*row, *commit.attempt_record);
    }
    if (commit.service_time > base::Millis{0}) {
        state.lanes[row->lane].service.add(commit.service_time);
    }
    if (is_cancel_requested(state, *row)) {
        make_terminal(transaction, *row, model::Status::cancelled,
                      model::ExecutionError{model::ErrorKind::cancelled, "cancelled", {}});
        return CommitResult::cancelled;
    }
    apply_step(transaction, *row, commit);
    return CommitResult::applied;
}

}  // namespace fleet::store::memory
