#include "common/store/sqlite/execution_row.hpp"

#include "common/contracts/trigger.hpp"
#include "common/store/sqlite/children.hpp"
#include "common/store/sqlite/rank.hpp"
#include "common/store/sqlite/sweeps.hpp"

namespace fleet::store::sqlite {

namespace {

#define FLEET_ROW_COLUMNS                                                                          \
    "seq, id, status, ready, owner, token, commit_id, lane, batch, rank, begun, attempt, cancel, " \
    "failures, transient, rate_limited, lost_worker, max_attempts, attempt_record IS NOT NULL, "   \
    "unique_key IS NOT NULL, started_at_ms, claimed_at_ms, resume_step, kin, due_at_ms"

int small(const Statement& row, int column) {
    return static_cast<int>(row.integer(column));
}

ExecutionRow read_row(const Statement& row) {
    ExecutionRow result;
    result.seq = row.integer(0);
    result.id = row.uuid(1);
    result.status = static_cast<model::Status>(row.integer(2));
    result.ready = row.integer(3) != 0;
    result.owner = row.integer(4);
    result.token = row.integer(5);
    result.commit_id = row.integer(6);
    result.lane = row.integer(7);
    result.batch = row.integer(8);
    result.rank = row.integer(9);
    result.begun = row.integer(10) != 0;
    result.attempt = small(row, 11);
    result.cancel = row.integer(12) != 0;
    result.failures = small(row, 13);
    result.transient = small(row, 14);
    result.rate_limited = small(row, 15);
    result.lost_worker = small(row, 16);
    result.max_attempts = small(row, 17);
    result.has_record = row.integer(18) != 0;
    result.has_unique_key = row.integer(19) != 0;
    result.started_at_ms = row.integer(20);
    result.claimed_at_ms = row.integer(21);
    result.resume_step = row.text(22);
    result.kin = row.integer(23);
    result.due_at_ms = row.integer(24);
    return result;
}

}  // namespace

std::optional<ExecutionRow> find_row(Connection& connection, const model::ExecutionId& id,
                                     std::int64_t handle) {
    if (handle != 0) {
        auto row =
            connection.prepare("SELECT " FLEET_ROW_COLUMNS " FROM executions WHERE seq = ?1");
        if (row.bind(1, handle).step() && row.uuid(1) == id) {
            return read_row(row);
        }
    }
    auto row = connection.prepare("SELECT " FLEET_ROW_COLUMNS " FROM executions WHERE id = ?1");
    if (!row.bind(1, id).step()) {
        return std::nullopt;
    }
    return read_row(row);
}

std::optional<ExecutionRow> find_row(Connection& connection, std::int64_t seq) {
    auto row = connection.prepare("SELECT " FLEET_ROW_COLUMNS " FROM executions WHERE seq = ?1");
    if (!row.bind(1, seq).step()) {
        return std::nullopt;
    }
    return read_row(row);
}

std::optional<ExecutionRow> find_owned(WriteTransaction& transaction, const model::Lease& lease) {
    auto row = find_row(transaction.connection(), lease.execution, lease.handle);
    if (!row || row->status != model::Status::running || row->token != lease.token ||
        row->owner != transaction.names().owner(lease.owner)) {
        return std::nullopt;
    }
    return row;
}

bool is_cancelled(WriteTransaction& transaction, const ExecutionRow& row) {
    return row.cancel || transaction.names().batch_cancelled(row.batch) ||
           (row.is(kIsChild) && is_below_sweep(transaction, row.seq));
}

void begin_attempt(WriteTransaction& transaction, ExecutionRow& row) {
    if (row.begun) {
        return;
    }
    row.begun = true;
    ++row.attempt;
    row.started_at_ms = transaction.now_ms();
    transaction
        .prepare(
            "UPDATE executions SET begun = 1, attempt = ?2, started_at_ms = ?3 "
            "WHERE seq = ?1")
        .bind(1, row.seq)
        .bind(2, row.attempt)
        .bind(3, row.started_at_ms)
        .run();
}

void keep_attempt(WriteTransaction& transaction, const ExecutionRow& row,
                  const model::Attempt& record) {
    if (row.has_record) {
        transaction
            .prepare(
                "INSERT OR REPLACE INTO attempts (seq, attempt, record) "
                "SELECT seq, coalesce(attempt_record ->> '$.number', attempt), attempt_record "
                "FROM executions WHERE seq = ?1 AND attempt_record ->> '$.number' <> ?2")
            .bind(1, row.seq)
            .bind(2, record.number)
            .run();
    }
    const auto text = to_json_text(record);
    transaction.prepare("UPDATE executions SET attempt_record = ?2 WHERE seq = ?1")
        .bind(1, row.seq)
        .bind(2, text)
        .run();
}

void to_pending(WriteTransaction& transaction, const ExecutionRow& row, const BackToPending& to) {
    const bool ready = to.delay <= base::Millis{0};
    auto update = transaction.prepare(
        "UPDATE executions SET status = 0, ready = ?2, lane = ?3, rank = ?4, due_at_ms = ?5, "
        "owner = NULL, last_owner = coalesce(owner, last_owner), begun = 0, channel = NULL, "
        "woken = coalesce(?6, woken) WHERE seq = ?1");
    update.bind(1, row.seq).bind(2, ready).bind(3, to.lane).bind(4, to.rank);
    if (!ready) {
        update.bind(5, transaction.now_ms() + to.delay.count());
    }
    if (to.woken) {
        update.bind(6, static_cast<int>(*to.woken));
    }
    update.run();
    const Count there = ready ? Count::ready : Count::delayed;
    if (to.lane == row.lane) {
        transaction.counters().move(row.lane, row.counted_batch(), row.count(), there);
    } else {
        transaction.counters().remove(row.lane, row.counted_batch(), row.count());
        transaction.counters().add(to.lane, row.counted_batch(), there);
    }
    transaction.notify(contracts::pool_topic(transaction.names().lane(to.lane).pool));
}

void to_waiting(WriteTransaction& transaction, const ExecutionRow& row, const std::string& channel,
                const std::optional<base::Millis>& deadline) {
    auto update = transaction.prepare(
        "UPDATE executions SET status = 2, last_owner = coalesce(owner, last_owner), "
        "owner = NULL, begun = 0, channel = ?2, due_at_ms = ?3, signal = NULL, woken = 0 "
        "WHERE seq = ?1");
    update.bind(1, row.seq).bind_text_or_null(2, channel);
    if (deadline) {
        update.bind(3, transaction.now_ms() + deadline->count());
    }
    update.run();
    transaction.counters().move(row.lane, row.counted_batch(), row.count(), Count::waiting);
}

void mark_cancelled(WriteTransaction& transaction, const ExecutionRow& row) {
    transaction.prepare("UPDATE executions SET cancel = 1 WHERE seq = ?1").bind(1, row.seq).run();
    if (row.is(kHasChildren) && !row.cancel) {
        start_sweep(transaction, row.seq, kAllSteps);
    }
    transaction.notify(contracts::pool_topic(transaction.names().lane(row.lane).pool));
}

void to_cancelled(WriteTransaction& transaction, const ExecutionRow& row) {
    transaction
        .prepare(
            "UPDATE executions SET status = 5, ready = 0, due_at_ms = NULL, channel = NULL, "
            "last_owner = coalesce(owner, last_owner), owner = NULL, cancel = 1, "
            "finished_at_ms = ?2, error_kind = ?3, error = 'cancelled by request', "
            "evidence = '', error_type = NULL WHERE seq = ?1")
        .bind(1, row.seq)
        .bind(2, transaction.now_ms())
        .bind(3, static_cast<int>(model::ErrorKind::cancelled))
        .run();
    transaction.counters().move(row.lane, row.counted_batch(), row.count(), Count::cancelled);
    finish(transaction, row, model::Status::cancelled);
}

void to_failed(WriteTransaction& transaction, const ExecutionRow& row,
               const model::ExecutionError& error, bool poisoned) {
    transaction
        .prepare(
            "UPDATE executions SET status = 4, poisoned = ?2, last_owner = owner, "
            "owner = NULL, finished_at_ms = ?3, error_kind = ?4, error = ?5, evidence = ?6, "
            "error_type = ?7 WHERE seq = ?1")
        .bind(1, row.seq)
        .bind(2, poisoned)
        .bind(3, transaction.now_ms())
        .bind(4, static_cast<int>(error.kind))
        .bind(5, error.message)
        .bind(6, error.evidence)
        .bind_text_or_null(7, error.type)
        .run();
    transaction.counters().move(row.lane, row.counted_batch(), row.count(), Count::failed);
    finish(transaction, row, model::Status::failed);
}

void keep_error(WriteTransaction& transaction, const ExecutionRow& row,
                const model::ExecutionError& error) {
    transaction
        .prepare(
            "UPDATE executions SET error_kind = ?2, error = ?3, evidence = ?4, error_type = ?5 "
            "WHERE seq = ?1")
        .bind(1, row.seq)
        .bind(2, static_cast<int>(error.kind))
        .bind(3, error.message)
        .bind(4, error.evidence)
        .bind_text_or_null(5, error.type)
        .run();
}

void finish(WriteTransaction& transaction, const ExecutionRow& row, model::Status end) {
    if (row.has_unique_key) {
        transaction
            .prepare(
                "DELETE FROM unique_keys WHERE seq = ?1 AND (pool, key) IN "
                "(SELECT l.pool, e.unique_key FROM executions e JOIN lanes l USING (lane) "
                "WHERE e.seq = ?1)")
            .bind(1, row.seq)
            .run();
    }
    if (row.kin != 0) {
        tell_family(transaction, row, end);
    }
    announce_end(transaction, row.batch);
}

void announce_end(WriteTransaction& transaction, std::int64_t batch) {
    if (batch != 0) {
        transaction.notify(contracts::batch_topic(transaction.names().batch(batch)));
    } else {
        transaction.notify(contracts::results_topic());
    }
}

}  // namespace fleet::store::sqlite
