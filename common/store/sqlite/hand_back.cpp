#include "common/store/sqlite/hand_back.hpp"

#include <algorithm>

#include "common/contracts/trigger.hpp"
#include "common/store/sqlite/rank.hpp"
#include "common/store/sqlite/waits.hpp"

namespace fleet::store::sqlite {

namespace {

using contracts::ReleaseReason;

model::ExecutionError lost_error(WriteTransaction& transaction, const ExecutionRow& row) {
    const auto& worker = transaction.names().worker(row.owner);
    return {.kind = model::ErrorKind::lost_worker,
            .message = "worker " + worker.worker_id + " on host " + worker.host +
                       " vanished while attempt " + std::to_string(row.attempt) + " ran; time " +
                       std::to_string(row.lost_worker) + " of at most " +
                       std::to_string(model::kMaxLostWorker),
            .evidence = "registration " + worker.worker_id};
}

/// Counts the loss of a begun attempt; true when that was once too often.
bool lose_attempt(WriteTransaction& transaction, ExecutionRow& row) {
    ++row.lost_worker;
    const auto error = lost_error(transaction, row);
    const auto& worker = transaction.names().worker(row.owner);
    model::Attempt record;
    record.number = row.attempt;
    record.worker_id = worker.worker_id;
    record.host = worker.host;
    record.started_at = base::store_time(row.started_at_ms);
    record.finished_at = transaction.now();
    record.duration = record.finished_at - record.started_at;
    record.error = error;
    keep_attempt(transaction, row, record);
    keep_error(transaction, row, error);
    if (row.lost_worker > model::kMaxLostWorker) {
        to_failed(transaction, row, error, false);
        return true;
    }
    return false;
}

void count_return(WriteTransaction& transaction, const ExecutionRow& row, ReleaseReason reason) {
    const bool orderly =
        reason == ReleaseReason::retirement || reason == ReleaseReason::operator_kill;
    transaction
        .prepare(
            "UPDATE executions SET lost_worker = ?2, takeovers = takeovers + ?3, "
            "releases = releases + ?4 WHERE seq = ?1")
        .bind(1, row.seq)
        .bind(2, row.lost_worker)
        .bind(3, orderly ? 0 : 1)
        .bind(4, orderly && row.begun ? 1 : 0)
        .run();
}

}  // namespace

void hand_back_row(WriteTransaction& transaction, ExecutionRow row, ReleaseReason reason) {
    if (is_cancelled(transaction, row)) {
        to_cancelled(transaction, row);
        return;
    }
    const bool lost = row.begun && (reason == ReleaseReason::worker_dead ||
                                    reason == ReleaseReason::lease_expired);
    if (lost && lose_attempt(transaction, row)) {
        count_return(transaction, row, reason);
        return;
    }
    count_return(transaction, row, reason);
    to_pending(transaction, row,
               {.lane = row.lane, .rank = resumed_rank(row.rank), .delay = base::Millis{0}});
}

std::vector<model::ExecutionId> hand_back(WriteTransaction& transaction, std::int64_t owner,
                                          ReleaseReason reason, std::size_t limit) {
    struct Held {
        std::int64_t seq;
        model::ExecutionId id;
    };
    std::vector<Held> held;
    {
        auto rows = transaction.prepare(
            "SELECT seq, id FROM executions INDEXED BY executions_owned WHERE owner = ?1 "
            "ORDER BY seq LIMIT ?2");
        rows.bind(1, owner).bind(2, limit);
        while (rows.step()) {
            held.push_back({rows.integer(0), rows.uuid(1)});
        }
    }
    std::vector<model::ExecutionId> returned;
    returned.reserve(held.size());
    for (const auto& one : held) {
        if (auto row = find_row(transaction.connection(), one.id, one.seq)) {
            hand_back_row(transaction, std::move(*row), reason);
            returned.push_back(one.id);
        }
    }
    return returned;
}

bool clear_lease_time(WriteTransaction& transaction, std::int64_t owner) {
    {
        auto held = transaction.prepare(
            "SELECT 1 FROM executions INDEXED BY executions_owned WHERE owner = ?1 LIMIT 1");
        if (held.bind(1, owner).step()) {
            return false;
        }
    }
    transaction.prepare("UPDATE worker_registry SET lease_until_ms = NULL WHERE number = ?1")
        .bind(1, owner)
        .run();
    return true;
}

void promote_due(WriteTransaction& transaction, std::size_t limit) {
    struct Due {
        std::int64_t seq;
        model::ExecutionId id;
    };
    std::vector<Due> due;
    {
        auto rows = transaction.prepare(
            "SELECT seq, id FROM executions INDEXED BY executions_due WHERE due_at_ms <= ?1 "
            "ORDER BY due_at_ms LIMIT ?2");
        rows.bind(1, transaction.now_ms()).bind(2, limit);
        while (rows.step()) {
            due.push_back({rows.integer(0), rows.uuid(1)});
        }
    }
    for (const auto& one : due) {
        const auto row = find_row(transaction.connection(), one.id, one.seq);
        if (!row) {
            continue;
        }
        // A waiting execution whose deadline passed goes on; a delayed one starts at its rank.
        if (row->status == model::Status::waiting) {
            deadline_of_wait(transaction, *row);
        } else {
            to_pending(transaction, *row, {.lane = row->lane, .rank = row->rank, .delay = {}});
        }
    }
}

std::optional<std::int64_t> next_due_ms(WriteTransaction& transaction) {
    std::optional<std::int64_t> earliest;
    const auto take = [&earliest](const Statement& row) {
        if (!row.is_null(0) && (!earliest || row.integer(0) < *earliest)) {
            earliest = row.integer(0);
        }
    };
    auto due =
        transaction.prepare("SELECT min(due_at_ms) FROM executions WHERE due_at_ms IS NOT NULL");
    due.step();
    take(due);
    auto leases = transaction.prepare(
        "SELECT min(lease_until_ms) FROM worker_registry WHERE lease_until_ms IS NOT NULL");
    leases.step();
    take(leases);
    return earliest;
}

}  // namespace fleet::store::sqlite
