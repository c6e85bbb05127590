#include "common/store/memory/executions.hpp"

#include <algorithm>
#include <utility>

#include "common/store/memory/children.hpp"

namespace fleet::store::memory {
namespace {

using model::Status;

Lane& lane_of(State& state, const Row& row) {
    return state.lanes[row.lane];
}

void count(State& state, const Row& row, std::int64_t change) {
    const std::size_t place = index_of(place_of(row));
    lane_of(state, row).counts[place] += change;
    if (!row.batch.empty() && !row.kinship) {
        state.batches.at(row.batch).counts[place] += change;
    }
}

void leave_indexes(State& state, const Row& row) {
    count(state, row, -1);
    Lane& lane = lane_of(state, row);
    lane.ready.erase(ready_key(row));
    if (row.due_at) {
        state.due.erase({*row.due_at, row.sequence});
    }
    if (const auto waiting = state.waiting_on.find(row.channel);
        waiting != state.waiting_on.end()) {
        waiting->second.erase(row.sequence);
        if (waiting->second.empty()) {
            state.waiting_on.erase(waiting);
        }
    }
    if (row.status == Status::running) {
        if (const auto worker = state.workers.find(row.worker_id); worker != state.workers.end()) {
            worker->second.owned.erase(row.sequence);
        }
    }
    const auto key = state.unique_keys.find({lane.pool, row.unique_key});
    if (key != state.unique_keys.end() && key->second == row.sequence) {
        state.unique_keys.erase(key);
    }
}

void enter_indexes(State& state, const Row& row) {
    count(state, row, +1);
    Lane& lane = lane_of(state, row);
    if (place_of(row) == Place::ready) {
        lane.ready.insert(ready_key(row));
    }
    if (row.due_at) {
        state.due.insert({*row.due_at, row.sequence});
    }
    if (!row.channel.empty()) {
        state.waiting_on[row.channel].insert(row.sequence);
    }
    if (row.status == Status::running) {
        state.workers.at(row.worker_id).owned.insert(row.sequence);
    }
    if (!row.unique_key.empty() && !model::is_terminal(row.status)) {
        state.unique_keys.emplace(std::pair{lane.pool, row.unique_key}, row.sequence);
    }
}

void announce(Transaction& transaction, const Row& row) {
    State& state = transaction.state();
    const std::string& pool = lane_of(state, row).pool;
    if (place_of(row) == Place::ready || row.due_at) {
        transaction.notify(contracts::pool_topic(pool));
        transaction.notify(contracts::scaler_topic());
    }
    if (model::is_terminal(row.status)) {
        transaction.result_written();
        transaction.notify(row.batch.empty() ? contracts::results_topic()
                                             : contracts::batch_topic(row.batch));
        const bool batch_finished =
            !row.batch.empty() && state.batches.at(row.batch).batch.finished_at;
        if (batch_finished || ready_in_pool(state, pool) == 0) {
            transaction.notify(contracts::scaler_topic());
        }
    }
}

}  // namespace

Row* find_row(State& state, const model::ExecutionId& id) {
    const auto sequence = state.sequences.find(id);
    return sequence == state.sequences.end() ? nullptr : &state.rows.at(sequence->second);
}

bool is_owned_by(const Row& row, const model::Lease& lease) {
    return row.status == Status::running && row.token == lease.token && row.owner == lease.owner;
}

bool is_cancel_requested(const State& state, const Row& row) {
    return row.cancel_requested || (!row.batch.empty() && state.batches.at(row.batch).batch.state ==
                                                              model::BatchState::cancelled);
}

LaneNumber lane_number(State& state, const std::string& pool, const std::string& stage,
                       const std::string& private_batch, std::optional<int> stage_rank) {
    const auto [found, made] =
        state.lane_numbers.try_emplace({pool, stage, private_batch}, state.lanes.size());
    if (made) {
        state.lanes.emplace_back();
        state.lanes.back().pool = pool;
        state.lanes.back().stage = stage;
        state.lanes.back().batch = private_batch;
    }
    if (made && stage_rank) {
        state.lanes[found->second].stage_rank = *stage_rank;
    }
    if (const auto known = state.pools.find(pool); made && known != state.pools.end()) {
        for (const model::StagePolicy& policy : known->second.stages) {
            if (policy.stage == stage) {
                state.lanes[found->second].stage_rank = policy.rank;
            }
        }
    }
    return found->second;
}

std::int64_t ready_in_pool(const State& state, const std::string& pool) {
    std::int64_t ready = 0;
    for (const Lane& lane : state.lanes) {
        if (lane.pool == pool) {
            ready += lane.counts[index_of(Place::ready)];
        }
    }
    return ready;
}

Row& insert_row(Transaction& transaction, Row row) {
    State& state = transaction.state();
    row.sequence = ++state.last_sequence;
    state.sequences.emplace(row.id, row.sequence);
    Row& inserted = state.rows.emplace(row.sequence, std::move(row)).first->second;
    lane_of(state, inserted).arrivals.add(1, transaction.now());
    if (!inserted.batch.empty()) {
        state.batches.at(inserted.batch).rows.insert(inserted.sequence);
    }
    enter_indexes(state, inserted);
    announce(transaction, inserted);
    return inserted;
}

void remove_row(Transaction& transaction, std::int64_t sequence) {
    State& state = transaction.state();
    const auto found = state.rows.find(sequence);
    leave_indexes(state, found->second);
    if (!found->second.batch.empty()) {
        state.batches.at(found->second.batch).rows.erase(sequence);
    }
    if (const std::optional<Kinship>& kinship = found->second.kinship) {
        state.children.at(kinship->parent).erase({kinship->step, kinship->ordinal});
    }
    state.children.erase(sequence);
    state.sequences.erase(found->second.id);
    state.rows.erase(found);
}

void alter_row(Transaction& transaction, Row& row, const std::function<void(Row&)>& change) {
    State& state = transaction.state();
    const LaneNumber lane_before = row.lane;
    leave_indexes(state, row);
    change(row);
    enter_indexes(state, row);
    if (row.lane != lane_before) {
        lane_of(state, row).arrivals.add(1, transaction.now());
    }
    if (!row.batch.empty() && !row.kinship) {
        BatchRow& batch = state.batches.at(row.batch);
        const model::StatusCounts counts = status_counts(batch.counts);
        const bool closed = batch.batch.state != model::BatchState::loading;
        if (closed && counts.terminal() == counts.total()) {
            batch.batch.finished_at = transaction.now();
        } else {
            batch.batch.finished_at.reset();
        }
    }
    announce(transaction, row);
}

void make_pending(Transaction& transaction, Row& row, base::Millis delay) {
    alter_row(transaction, row, [&](Row& changed) {
        changed.status = Status::pending;
        changed.ready = delay <= base::Millis{0};
        changed.due_at.reset();
        if (!changed.ready) {
            changed.due_at = transaction.now() + delay;
        }
        changed.channel.clear();
        changed.wait.reset();
        changed.owner.clear();
        changed.begun = false;
        changed.finished_at.reset();
    });
}

void make_terminal(Transaction& transaction, Row& row, Status status,
                   std::optional<model::ExecutionError> error) {
    // Counted before others hear of it, so that the batch's end and its counts agree.
    lane_of(transaction.state(), row).completions.add(1, transaction.now());
    alter_row(transaction, row, [&](Row& changed) {
        changed.status = status;
        changed.ready = false;
        changed.due_at.reset();
        changed.channel.clear();
        changed.wait.reset();
        changed.owner.clear();
        changed.begun = false;
        changed.finished_at = transaction.now();
        if (error) {
            changed.error = std::move(error);
        }
    });
    after_end(transaction, row);
}

void wake(Transaction& transaction, Row& row, model::Woken woken) {
    if (is_cancel_requested(transaction.state(), row)) {
        make_terminal(transaction, row, Status::cancelled,
                      model::ExecutionError{model::ErrorKind::cancelled, "cancelled", {}});
        return;
    }
    row.woken = woken;
    row.resumed = true;
    make_pending(transaction, row, base::Millis{0});
}

namespace {

/// Evidence of an attempt that nobody was left to report.
void record_lost_attempt(Transaction& transaction, Row& row, const model::ExecutionError& error) {
    if (!row.attempts.empty() && row.attempts.back().number == row.counters.attempt) {
        return;
    }
    model::Attempt attempt;
    attempt.number = row.counters.attempt;
    attempt.worker_id = row.worker_id;
    attempt.host = transaction.state().workers.at(row.worker_id).record.host;
    attempt.started_at = row.started_at.value_or(row.claimed_at);
    attempt.finished_at = transaction.now();
    attempt.error = error;
    record_attempt(row, attempt);
}

}  // namespace

void hand_back(Transaction& transaction, Row& row, contracts::ReleaseReason reason) {
    using contracts::ReleaseReason;
    const bool lost =
        reason == ReleaseReason::worker_dead || reason == ReleaseReason::lease_expired;
    std::optional<model::ExecutionError> failure;
    if (lost) {
        ++row.counters.takeovers;
    }
    if (lost && row.begun) {
        const model::ExecutionError error{model::ErrorKind::lost_worker,
                                          "worker " + row.worker_id +
                                              " vanished while it ran attempt " +
                                              std::to_string(row.counters.attempt),
                                          {}};
        record_lost_attempt(transaction, row, error);
        if (++row.counters.lost_worker > model::kMaxLostWorker) {
            failure = error;
            failure->message += "; that was loss number " +
                                std::to_string(row.counters.lost_worker) + " of this execution";
        }
    }
    if (reason == ReleaseReason::retirement && row.begun) {
        ++row.counters.releases;
    }
    if (is_cancel_requested(transaction.state(), row)) {
        make_terminal(transaction, row, Status::cancelled,
                      model::ExecutionError{model::ErrorKind::cancelled, "cancelled", {}});
    } else if (failure) {
        make_terminal(transaction, row, Status::failed, std::move(failure));
    } else {
        // Not a change of place yet: a running row is in no index of ready ones.
        row.resumed = row.resumed || row.begun;
        make_pending(transaction, row, base::Millis{0});
    }
}

void begin_attempt(Transaction& transaction, Row& row) {
    if (!row.begun) {
        row.begun = true;
        ++row.counters.attempt;
        row.started_at = transaction.now();
    }
}

void record_attempt(Row& row, const model::Attempt& record) {
    const auto same = std::find_if(
        row.attempts.begin(), row.attempts.end(),
        [&record](const model::Attempt& attempt) { return attempt.number == record.number; });
    if (same != row.attempts.end()) {
        *same = record;
    } else {
        row.attempts.push_back(record);
    }
}

bool is_late(const Transaction& transaction, const Row& row) {
    return row.due_at && *row.due_at <= transaction.now();
}

void promote_due(Transaction& transaction) {
    State& state = transaction.state();
    while (!state.due.empty() && state.due.begin()->first <= transaction.now()) {
        Row& row = state.rows.at(state.due.begin()->second);
        if (row.status == Status::waiting) {
            deadline_passed(transaction, row);
        } else {
            make_pending(transaction, row, base::Millis{0});
        }
    }
}

}  // namespace fleet::store::memory
