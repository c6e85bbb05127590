// Looking at executions: one, pages, pressure, groups of errors.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "common/model/error_prefix.hpp"
#include "common/store/memory/backends.hpp"
#include "common/store/memory/executions.hpp"

namespace fleet::store::memory {
namespace {

using contracts::ErrorGroup;
using contracts::ExecutionFilter;
using contracts::ExecutionPage;

constexpr std::size_t kMaxPage = 10'000;

bool is_of_kin(const State& state, const Row& row, const ExecutionFilter& filter) {
    if (!filter.parent.is_nil()) {
        return row.kinship && state.rows.at(row.kinship->parent).id == filter.parent;
    }
    return !filter.ids.empty() || !filter.roots_only || !row.kinship;
}

bool matches(const State& state, const Row& row, const ExecutionFilter& filter,
             const std::set<model::ExecutionId>& ids) {
    const auto& statuses = filter.statuses;
    const model::Status status = row.in_place() ? model::Status::running : row.status;
    return (statuses.empty() ||
            std::find(statuses.begin(), statuses.end(), status) != statuses.end()) &&
           is_of_kin(state, row, filter) &&
           (filter.pool.empty() || state.lanes[row.lane].pool == filter.pool) &&
           (!filter.batch || row.batch == *filter.batch) && (ids.empty() || ids.contains(row.id)) &&
           (!filter.error_kind || (row.error && row.error->kind == *filter.error_kind)) &&
           (filter.worker_id.empty() || row.worker_id == filter.worker_id);
}

model::StagePressure stage_pressure(const State& state, const Lane& lane, base::StoreTime now) {
    model::StagePressure pressure;
    pressure.stage = lane.stage;
    pressure.counts = status_counts(lane.counts);
    pressure.ready = lane.counts[index_of(Place::ready)];
    pressure.delayed = lane.counts[index_of(Place::delayed)];
    for (const auto& [new_work, root, priority, sequence] : lane.ready) {
        const base::Millis age = now - state.rows.at(sequence).created_at;
        pressure.oldest_ready_age = std::max(age, pressure.oldest_ready_age.value_or(age));
        pressure.begun_ready += is_begun(state.rows.at(sequence)) ? 1 : 0;
    }
    pressure.begun_ready = std::min(pressure.begun_ready, model::kMostBegunCounted);
    pressure.begun_delayed =
        std::count_if(state.due.begin(), state.due.end(),
                      [&](const std::pair<base::StoreTime, std::int64_t>& due) {
                          const Row& row = state.rows.at(due.second);
                          return row.status == model::Status::pending &&
                                 &state.lanes[row.lane] == &lane && is_begun(row);
                      });
    pressure.arrivals_per_second = lane.arrivals.per_second(now);
    pressure.completions_per_second = lane.completions.per_second(now);
    pressure.service_samples = lane.service.samples();
    pressure.service_mean = lane.service.mean();
    pressure.service_p95 = lane.service.p95();
    return pressure;
}

}  // namespace

model::PoolPressure pressure_of(Transaction& transaction, const std::string& pool,
                                const std::string& batch) {
    State& state = transaction.state();
    promote_due(transaction);
    std::vector<const Lane*> lanes;
    for (const Lane& lane : state.lanes) {
        if (lane.pool == pool && (batch == contracts::kAllLanes || lane.batch == batch)) {
            lanes.push_back(&lane);
        }
    }
    std::stable_sort(lanes.begin(), lanes.end(), [](const Lane* left, const Lane* right) {
        return left->stage_rank > right->stage_rank;
    });
    model::PoolPressure pressure;
    pressure.pool = pool;
    pressure.paused = state.pools.at(pool).paused;
    for (const Lane* lane : lanes) {
        pressure.stages.push_back(stage_pressure(state, *lane, transaction.now()));
    }
    return pressure;
}

model::Execution execution_of(Transaction& transaction, const Row& row, bool with_payloads) {
    const Lane& lane = transaction.state().lanes[row.lane];
    model::Execution execution;
    execution.id = row.id;
    execution.batch = row.batch;
    execution.pool = lane.pool;
    execution.stage = lane.stage;
    execution.status = row.in_place() ? model::Status::running : row.status;
    execution.item_number = row.item_number;
    execution.priority = row.priority;
    execution.counters = row.counters;
    execution.max_attempts = row.max_attempts;
    execution.created_at = row.created_at;
    execution.started_at = row.started_at;
    execution.finished_at = row.finished_at;
    if (row.due_at && *row.due_at > transaction.now()) {
        execution.due_in = *row.due_at - transaction.now();
    }
    execution.worker_id = row.worker_id;
    execution.channel = row.channel;
    execution.spec = row.spec;
    execution.error = row.error;
    execution.unique_key = row.unique_key;
    execution.cancel_requested =
        row.cancel_requested ||
        (row.status == model::Status::running && is_cancel_requested(transaction.state(), row));
    execution.poisoned = row.poisoned;
    execution.root = row.id;
    if (row.kinship) {
        execution.parent = transaction.state().rows.at(row.kinship->parent).id;
        execution.root = transaction.state().rows.at(row.kinship->root).id;
        execution.label = row.kinship->label;
    }
    execution.children_open = row.wait ? row.wait->open : 0;
    if (with_payloads) {
        execution.input = row.input;
        execution.output = row.output;
        if (!row.attempts.empty()) {
            execution.last_attempt = row.attempts.back();
        }
    }
    return execution;
}

ExecutionPage find(Transaction& transaction, const ExecutionFilter& filter) {
    State& state = transaction.state();
    const std::set<model::ExecutionId> ids(filter.ids.begin(), filter.ids.end());
    const std::size_t limit = std::clamp(filter.limit, std::size_t{1}, kMaxPage);
    ExecutionPage page;
    std::int64_t last = 0;
    // False: the page is full and there is one more.
    const auto take = [&](const Row& row) {
        if (!matches(state, row, filter, ids)) {
            return true;
        }
        if (page.executions.size() == limit) {
            page.next = last;
            return false;
        }
        page.executions.push_back(execution_of(transaction, row, filter.with_payloads));
        last = row.sequence;
        return true;
    };
    if (filter.newest_first) {
        auto row = filter.after == 0 ? state.rows.end() : state.rows.lower_bound(filter.after);
        while (row != state.rows.begin() && take((--row)->second)) {
        }
    } else {
        auto row = state.rows.upper_bound(filter.after);
        while (row != state.rows.end() && take((row++)->second)) {
        }
    }
    return page;
}

std::vector<ErrorGroup> group_errors(Transaction& transaction, const std::string& batch,
                                     std::size_t limit) {
    std::map<std::pair<model::ErrorKind, std::string>, ErrorGroup> groups;
    for (const auto& [sequence, row] : transaction.state().rows) {
        if (row.status != model::Status::failed || row.kinship || !row.error ||
            (!batch.empty() && row.batch != batch)) {
            continue;
        }
        const std::string prefix = model::error_prefix(row.error->message);
        ErrorGroup& group = groups[{row.error->kind, prefix}];
        if (group.count++ == 0) {
            group.kind = row.error->kind;
            group.prefix = prefix;
            group.example = row.id;
        }
    }
    std::vector<ErrorGroup> sorted;
    for (auto& [key, group] : groups) {
        sorted.push_back(std::move(group));
    }
    std::stable_sort(
        sorted.begin(), sorted.end(),
        [](const ErrorGroup& left, const ErrorGroup& right) { return left.count > right.count; });
    sorted.resize(std::min(sorted.size(), limit));
    return sorted;
}

}  // namespace fleet::store::memory
