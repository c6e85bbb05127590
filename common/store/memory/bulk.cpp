// What operators do to many executions: cancel and requeue.
#include <functional>
#include <vector>

#include "common/store/memory/backends.hpp"
#include "common/store/memory/children.hpp"
#include "common/store/memory/executions.hpp"

namespace fleet::store::memory {
namespace {

using contracts::BulkResult;
using contracts::BulkSelection;
using model::Status;

constexpr std::size_t kMaxNotes = 20;

void skip(BulkResult& result, std::string note) {
    ++result.skipped;
    if (result.notes.size() < kMaxNotes) {
        result.notes.push_back(std::move(note));
    }
}

/// Calls `change` for each chosen execution in order of age until it refuses (returns false).
void for_each_selected(State& state, const BulkSelection& selection, BulkResult& result,
                       const std::function<bool(Row&)>& change) {
    if (!selection.ids.empty()) {
        for (const model::ExecutionId& id : selection.ids) {
            Row* row = find_row(state, id);
            if (row == nullptr) {
                skip(result, id.text() + ": there is no such execution (any more)");
            } else if (!change(*row)) {
                return;
            }
        }
        return;
    }
    std::vector<std::int64_t> chosen;
    const auto choose = [&](const Row& row) {
        const bool kind_fits =
            !selection.error_kind || (row.error && row.error->kind == *selection.error_kind);
        if (!selection.failed_only || (row.status == Status::failed && kind_fits)) {
            chosen.push_back(row.sequence);
        }
    };
    if (!selection.batch.empty()) {
        const auto batch = state.batches.find(selection.batch);
        if (batch != state.batches.end()) {
            for (const std::int64_t sequence : batch->second.rows) {
                choose(state.rows.at(sequence));
            }
        }
    } else if (selection.failed_only) {
        for (const auto& [sequence, row] : state.rows) {
            choose(row);
        }
    }
    for (const std::int64_t sequence : chosen) {
        if (!change(state.rows.at(sequence))) {
            return;
        }
    }
}

/// Empty: it may be requeued.
std::string refusal_of_requeue(const State& state, const Row& row) {
    const std::string id = row.id.text();
    if (row.status != Status::failed && row.status != Status::cancelled) {
        return id + ": is " + std::string(to_text(row.status)) +
               "; only failed and cancelled ones can be requeued";
    }
    if (row.kinship && row.kinship->kind == model::ChildKind::in_place) {
        return id + ": it ran inside its parent; requeue that one";
    }
    if (!row.batch.empty() &&
        state.batches.at(row.batch).batch.state == model::BatchState::cancelled) {
        return id + ": its batch " + row.batch + " is cancelled";
    }
    const auto live = state.unique_keys.find({state.lanes[row.lane].pool, row.unique_key});
    if (!row.unique_key.empty() && live != state.unique_keys.end()) {
        return id + ": its unique key \"" + row.unique_key + "\" is live in execution " +
               state.rows.at(live->second).id.text();
    }
    return {};
}

}  // namespace

BulkResult requeue(Transaction& transaction, const BulkSelection& selection) {
    State& state = transaction.state();
    BulkResult result;
    const bool by_id = !selection.ids.empty();
    for_each_selected(state, selection, result, [&](Row& row) {
        const bool candidate = row.status == Status::failed || row.status == Status::cancelled;
        if (!by_id && (!candidate || row.kinship)) {
            return true;
        }
        if (std::string reason = refusal_of_requeue(state, row); !reason.empty()) {
            skip(result, std::move(reason));
            return true;
        }
        if (result.changed == static_cast<std::int64_t>(contracts::kMaxBulk)) {
            result.more = true;
            return false;
        }
        row.counters.failures = 0;
        row.counters.transient = 0;
        row.counters.rate_limited = 0;
        row.counters.lost_worker = 0;
        row.poisoned = false;
        row.cancel_requested = false;
        open_again(state, row);
        make_pending(transaction, row, base::Millis{0});
        ++result.changed;
        return true;
    });
    return result;
}

BulkResult cancel(Transaction& transaction, const BulkSelection& selection) {
    State& state = transaction.state();
    BulkResult result;
    const bool by_id = !selection.ids.empty();
    const bool whole_batch = !by_id && !selection.batch.empty() && !selection.failed_only;
    if (const auto batch = state.batches.find(selection.batch);
        whole_batch && batch != state.batches.end()) {
        batch->second.batch.state = model::BatchState::cancelled;
        const model::StatusCounts counts = status_counts(batch->second.counts);
        if (!batch->second.batch.finished_at && counts.terminal() == counts.total()) {
            batch->second.batch.finished_at = transaction.now();
        }
        transaction.notify(contracts::batch_topic(selection.batch));
    }
    for_each_selected(state, selection, result, [&](Row& row) {
        const bool terminal = model::is_terminal(row.status);
        if (terminal || (row.status == Status::running && row.cancel_requested)) {
            if (by_id && terminal) {
                skip(result,
                     row.id.text() + ": is " + std::string(to_text(row.status)) + " already");
            }
            return true;
        }
        if (by_id && row.in_place()) {
            skip(result, row.id.text() + ": it runs inside its parent; cancel that one");
            return true;
        }
        if (result.changed == static_cast<std::int64_t>(contracts::kMaxBulk)) {
            result.more = true;
            return false;
        }
        if (row.status == Status::running) {
            row.cancel_requested = true;
            cancel_below(transaction, row);
        } else {
            make_terminal(transaction, row, Status::cancelled,
                          model::ExecutionError{model::ErrorKind::cancelled, "cancelled", {}});
        }
        ++result.changed;
        return true;
    });
    return result;
}

}  // namespace fleet::store::memory
