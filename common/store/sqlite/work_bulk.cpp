#include <algorithm>

#include "common/contracts/trigger.hpp"
#include "common/store/sqlite/execution_row.hpp"
#include "common/store/sqlite/sweeps.hpp"
#include "common/store/sqlite/waits.hpp"
#include "common/store/sqlite/work.hpp"

namespace fleet::store::sqlite {

namespace {

using contracts::BulkResult;
using contracts::BulkSelection;
using contracts::kMaxBulk;

constexpr std::size_t kMaxNotes = 20;

struct Candidate {
    std::int64_t seq = 0;
    model::ExecutionId id;
};

/// Chooses executions of a selection and changes them one by one, at most kMaxBulk.
class Bulk {
  public:
    Bulk(WriteTransaction& transaction, const BulkSelection& selection)
        : transaction_(transaction), selection_(selection) {
        if (!selection.batch.empty()) {
            batch_ = find_batch(transaction.connection(), selection.batch);
        }
    }

    BulkResult cancel() {
        if (!selection_.ids.empty()) {
            for_each_id([this](const ExecutionRow& row) { cancel_one(row); });
            sweep_below();
            return std::move(result_);
        }
        if (!batch_) {
            note(selection_.batch.empty() ? "nothing is selected"
                                          : "there is no batch " + selection_.batch);
            return std::move(result_);
        }
        transaction_.prepare("UPDATE batches SET state = 2 WHERE batch = ?1")
            .bind(1, batch_->number)
            .run();
        transaction_.notify(contracts::batch_topic(selection_.batch));
        transaction_.notify(contracts::scaler_topic());
        change(ready_of_batch(), [this](const ExecutionRow& row) { cancel_one(row); });
        if (!result_.more) {
            change(rest_of_batch(), [this](const ExecutionRow& row) { cancel_one(row); });
        }
        if (!result_.more) {
            change(running_of_batch(), [this](const ExecutionRow& row) { cancel_one(row); });
        }
        sweep_below();
        return std::move(result_);
    }

    BulkResult requeue() {
        const auto requeue_one = [this](const ExecutionRow& row) { this->requeue_one(row); };
        if (!selection_.ids.empty()) {
            for_each_id(requeue_one);
        } else if (!selection_.batch.empty() && !batch_) {
            note("there is no batch " + selection_.batch);
        } else {
            change(failed(), requeue_one);
            if (!selection_.failed_only && batch_ && !result_.more) {
                change(cancelled_of_batch(), requeue_one);
            }
        }
        return std::move(result_);
    }

  private:
    /// Also what others have left; so every call that says `more` has done something.
    void sweep_below() {
        const auto done = std::min(static_cast<std::size_t>(result_.changed), kMaxBulk);
        result_.changed += static_cast<std::int64_t>(sweep(transaction_, kMaxBulk - done));
        result_.more = result_.more || has_sweeps(transaction_);
        transaction_.set_swept(false);
    }

    void note(std::string text) {
        if (result_.notes.size() < kMaxNotes) {
            result_.notes.push_back(std::move(text));
        }
    }

    void skip(const model::ExecutionId& id, const std::string& why) {
        ++result_.skipped;
        note(id.text() + ": " + why);
    }

    template <class Change>
    void for_each_id(Change change_row) {
        for (const auto& id : selection_.ids) {
            if (const auto row = find_row(transaction_.connection(), id, 0)) {
                change_row(*row);
            } else {
                skip(id, "there is no such execution");
            }
        }
    }

    template <class Change>
    void change(const std::vector<Candidate>& candidates, Change change_row) {
        for (const auto& candidate : candidates) {
            if (const auto row = find_row(transaction_.connection(), candidate.id, candidate.seq)) {
                change_row(*row);
            }
        }
        // When none could be changed the same ones would be found again for ever.
        result_.more = result_.more || (candidates.size() >= kMaxBulk && result_.changed > 0);
    }

    static std::vector<Candidate> read(Statement& rows) {
        std::vector<Candidate> candidates;
        while (rows.step()) {
            candidates.push_back({rows.integer(0), rows.uuid(1)});
        }
        return candidates;
    }

    /// By the claim index, which they leave as they are cancelled, so that no row is seen twice.
    std::vector<Candidate> ready_of_batch() {
        auto rows = transaction_.prepare(
            "SELECT e.seq, e.id FROM lanes l JOIN executions e INDEXED BY executions_ready "
            "ON e.lane = l.lane AND e.ready = 1 WHERE l.pool = ?1 AND l.batch = ?2 "
            "AND e.batch = ?3 LIMIT ?4");
        rows.bind(1, batch_->pool).bind(2, batch_->private_lane ? batch_->number : 0);
        rows.bind(3, batch_->number).bind(4, kMaxBulk);
        return read(rows);
    }

    /// Delayed and waiting ones.
    std::vector<Candidate> rest_of_batch() {
        auto rows = transaction_.prepare(
            "SELECT seq, id FROM executions WHERE seq BETWEEN ?1 AND ?2 AND batch = ?3 "
            "AND (status = 2 OR (status = 0 AND ready = 0)) LIMIT ?4");
        rows.bind(1, batch_->first_seq).bind(2, batch_->last_seq).bind(3, batch_->number);
        return read(rows.bind(4, kMaxBulk));
    }

    /// Those that are not marked yet.
    std::vector<Candidate> running_of_batch() {
        auto rows = transaction_.prepare(
            "SELECT seq, id FROM executions INDEXED BY executions_owned WHERE owner IS NOT NULL "
            "AND batch = ?1 AND cancel = 0 LIMIT ?2");
        rows.bind(1, batch_->number).bind(2, kMaxBulk);
        return read(rows);
    }

    std::vector<Candidate> failed() {
        auto rows = transaction_.prepare(
            "SELECT seq, id FROM executions INDEXED BY executions_failed WHERE status = 4 "
            "AND (?1 = 0 OR batch = ?1) AND (?2 < 0 OR error_kind = ?2) "
            "AND (kin & 1) = 0 AND seq > ?3 ORDER BY seq LIMIT ?4");
        rows.bind(1, batch_ ? batch_->number : 0);
        rows.bind(2, selection_.error_kind ? static_cast<int>(*selection_.error_kind) : -1);
        return read(rows.bind(3, 0).bind(4, kMaxBulk));
    }

    std::vector<Candidate> cancelled_of_batch() {
        auto rows = transaction_.prepare(
            "SELECT seq, id FROM executions WHERE seq BETWEEN ?1 AND ?2 AND batch = ?3 "
            "AND status = 5 AND (kin & 1) = 0 LIMIT ?4");
        rows.bind(1, batch_->first_seq).bind(2, batch_->last_seq).bind(3, batch_->number);
        return read(rows.bind(4, kMaxBulk));
    }

    void cancel_one(const ExecutionRow& row) {
        if (model::is_terminal(row.status)) {
            // The same ids are named again while there is more to sweep.
            if (!selection_.ids.empty() && !is_being_swept(row)) {
                skip(row.id, "is " + std::string{to_text(row.status)} + " already");
            }
            return;
        }
        if (row.is(kInPlace) && !selection_.ids.empty()) {
            skip(row.id, "runs inside its parent; cancel that one");
            return;
        }
        ++result_.changed;
        if (row.status != model::Status::running) {
            to_cancelled(transaction_, row);
            return;
        }
        mark_cancelled(transaction_, row);
    }

    void requeue_one(const ExecutionRow& row) {
        if (row.status != model::Status::failed && row.status != model::Status::cancelled) {
            skip(row.id, "is " + std::string{to_text(row.status)} +
                             "; only failed and cancelled executions are requeued");
            return;
        }
        if (row.is(kInPlace)) {
            skip(row.id, "ran inside its parent; requeue that one");
            return;
        }
        if (is_being_swept(row)) {
            skip(row.id, "is still being cancelled with its family; try again");
            return;
        }
        if (transaction_.names().batch_cancelled(row.batch)) {
            skip(row.id, "its batch " + transaction_.names().batch(row.batch) +
                             " is cancelled, which is final; submit the item again");
            return;
        }
        if (row.has_unique_key && !take_key_again(row)) {
            skip(row.id, "its unique key is live in another execution");
            return;
        }
        transaction_
            .prepare(
                "UPDATE executions SET failures = 0, transient = 0, rate_limited = 0, "
                "lost_worker = 0, cancel = 0, poisoned = 0, finished_at_ms = NULL "
                "WHERE seq = ?1")
            .bind(1, row.seq)
            .run();
        if (row.is(kIsChild)) {
            open_again(transaction_, row);
        }
        to_pending(transaction_, row,
                   {.lane = row.lane, .rank = row.rank, .delay = base::Millis{0}});
        transaction_.notify(contracts::scaler_topic());
        ++result_.changed;
    }

    bool is_being_swept(const ExecutionRow& row) {
        if (row.is(kIsChild) && is_below_sweep(transaction_, row.seq)) {
            return true;
        }
        auto own = transaction_.prepare("SELECT 1 FROM sweeps WHERE parent = ?1");
        return own.bind(1, row.seq).step();
    }

    bool take_key_again(const ExecutionRow& row) {
        return transaction_
                   .prepare(
                       "INSERT INTO unique_keys (pool, key, seq) SELECT l.pool, e.unique_key, "
                       "e.seq FROM executions e JOIN lanes l USING (lane) WHERE e.seq = ?1 "
                       "ON CONFLICT DO NOTHING")
                   .bind(1, row.seq)
                   .run() > 0;
    }

    WriteTransaction& transaction_;
    const BulkSelection& selection_;
    std::optional<BatchRow> batch_;
    BulkResult result_;
};

void check_ids(const BulkSelection& selection) {
    if (selection.ids.size() > kMaxBulk) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               "changing " + std::to_string(selection.ids.size()) +
                                   " executions in one call: at most " + std::to_string(kMaxBulk) +
                                   " are allowed",
                               "name them in several calls");
    }
}

}  // namespace

BulkResult SqliteWork::cancel(const BulkSelection& selection) {
    check_ids(selection);
    return database_.writer().write([&](WriteTransaction& transaction) {
        return Bulk{transaction, selection}.cancel();
    });
}

BulkResult SqliteWork::requeue(const BulkSelection& selection) {
    check_ids(selection);
    return database_.writer().write([&](WriteTransaction& transaction) {
        return Bulk{transaction, selection}.requeue();
    });
}

}  // namespace fleet::store::sqlite
