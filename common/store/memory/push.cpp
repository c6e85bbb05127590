#include <algorithm>

#include "common/store/memory/backends.hpp"
#include "common/store/memory/executions.hpp"

namespace fleet::store::memory {
namespace {

using contracts::PushedExecution;
using contracts::PushRequest;
using contracts::PushResult;

void check_request(const PushRequest& request) {
    if (request.executions.size() > contracts::kMaxPush) {
        refuse_call("pushing " + std::to_string(request.executions.size()) +
                    " executions into pool " + request.pool + ": one push takes at most " +
                    std::to_string(contracts::kMaxPush));
    }
    for (const contracts::NewExecution& execution : request.executions) {
        if (execution.input.size() > contracts::kMaxInputBytes) {
            refuse_call("pushing item " + std::to_string(execution.item_number) + " into pool " +
                        request.pool + ": its input has " + std::to_string(execution.input.size()) +
                        " bytes, at most " + std::to_string(contracts::kMaxInputBytes) +
                        " are allowed");
        }
        if (!execution.channel.empty() && execution.snapshot.empty()) {
            refuse_call("pushing item " + std::to_string(execution.item_number) + " into pool " +
                        request.pool + " as waiting on channel " + execution.channel +
                        ": it has no resume point");
        }
        if (execution.priority < model::kMinPriority || execution.priority > model::kMaxPriority) {
            refuse_call("pushing item " + std::to_string(execution.item_number) + " into pool " +
                        request.pool + ": priority " + std::to_string(execution.priority) +
                        " is out of bounds");
        }
    }
}

PushResult::Outcome outcome_of(const State& state, const PushRequest& request) {
    if (!state.pools.contains(request.pool)) {
        return PushResult::Outcome::unknown_pool;
    }
    if (request.batch.empty()) {
        return PushResult::Outcome::pushed;
    }
    const auto batch = state.batches.find(request.batch);
    if (batch == state.batches.end()) {
        return PushResult::Outcome::unknown_batch;
    }
    switch (batch->second.batch.state) {
        case model::BatchState::loading:
            break;
        case model::BatchState::sealed:
            return PushResult::Outcome::batch_sealed;
        case model::BatchState::cancelled:
            return PushResult::Outcome::batch_cancelled;
    }
    return PushResult::Outcome::pushed;
}

PushedExecution push_one(Transaction& transaction, const PushRequest& request, LaneNumber lane,
                         const contracts::NewExecution& execution) {
    State& state = transaction.state();
    if (state.sequences.contains(execution.id)) {
        return {execution.id, PushedExecution::Outcome::already_there};
    }
    if (!execution.unique_key.empty()) {
        const auto live = state.unique_keys.find({request.pool, execution.unique_key});
        if (live != state.unique_keys.end()) {
            return {state.rows.at(live->second).id, PushedExecution::Outcome::duplicate_key};
        }
    }
    Row row;
    row.id = execution.id.is_nil() ? state.ids.next(state.clock.wall_now()) : execution.id;
    row.lane = lane;
    row.batch = request.batch;
    row.spec = request.spec;
    row.item_number = execution.item_number;
    row.priority = execution.priority;
    row.max_attempts = std::max(1, request.max_attempts);
    row.created_at = transaction.now();
    row.unique_key = execution.unique_key;
    row.input = execution.input;
    row.snapshot = execution.snapshot;
    row.resumed = !execution.snapshot.empty();
    const bool parked = !execution.channel.empty();
    row.ready = execution.delay <= base::Millis{0} && !parked;
    if (!row.ready && !parked) {
        row.due_at = transaction.now() + execution.delay;
    }
    Row& inserted = insert_row(transaction, std::move(row));
    if (parked) {
        park_on_channel(transaction, inserted, {execution.channel, execution.deadline});
    }
    return {inserted.id, PushedExecution::Outcome::inserted};
}

}  // namespace

PushResult push(Transaction& transaction, const PushRequest& request) {
    check_request(request);
    State& state = transaction.state();
    PushResult result;
    result.outcome = outcome_of(state, request);
    if (result.outcome != PushResult::Outcome::pushed) {
        return result;
    }
    std::string private_batch;
    if (!request.batch.empty()) {
        BatchRow& batch = state.batches.at(request.batch);
        if (request.loaded_lines) {
            batch.batch.loaded_lines = *request.loaded_lines;
        }
        if (batch.batch.private_lane) {
            private_batch = request.batch;
        }
    }
    const LaneNumber lane =
        lane_number(state, request.pool, request.stage, private_batch, request.stage_rank);
    result.executions.reserve(request.executions.size());
    for (const contracts::NewExecution& execution : request.executions) {
        result.executions.push_back(push_one(transaction, request, lane, execution));
    }
    return result;
}

}  // namespace fleet::store::memory
