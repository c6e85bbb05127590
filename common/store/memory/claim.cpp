#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "common/contracts/newer_snapshot.hpp"
#include "common/contracts/stage_order.hpp"
#include "common/store/memory/backends.hpp"
#include "common/store/memory/executions.hpp"
#include "common/store/memory/providers.hpp"

namespace fleet::store::memory {
namespace {

using contracts::ClaimAnswer;
using contracts::Claimed;
using contracts::ClaimRequest;

constexpr base::Millis kBlockedPause{1'000};

bool is_claimable_lane(const Lane& lane, const ClaimRequest& request) {
    return lane.pool == request.pool && lane.batch == request.batch &&
           (request.stages.empty() || std::find(request.stages.begin(), request.stages.end(),
                                                lane.stage) != request.stages.end());
}

std::optional<ClaimAnswer> refusal(Transaction& transaction, const ClaimRequest& request) {
    State& state = transaction.state();
    ClaimAnswer answer;
    const auto worker = state.workers.find(request.worker_id);
    const auto pool = state.pools.find(request.pool);
    if (worker == state.workers.end()) {
        answer.outcome = ClaimAnswer::Outcome::unknown_worker;
        return answer;
    }
    answer.worker_status = worker->second.record.status;
    if (answer.worker_status != model::WorkerStatus::active) {
        answer.outcome = ClaimAnswer::Outcome::worker_not_active;
        return answer;
    }
    if (pool == state.pools.end()) {
        answer.outcome = ClaimAnswer::Outcome::unknown_pool;
        return answer;
    }
    if (pool->second.paused) {
        answer.outcome = ClaimAnswer::Outcome::pool_paused;
        return answer;
    }
    return std::nullopt;
}

bool owns_in_pool(const State& state, const WorkerRow& worker, const std::string& pool) {
    return std::any_of(worker.owned.begin(), worker.owned.end(), [&](std::int64_t sequence) {
        return state.lanes[state.rows.at(sequence).lane].pool == pool;
    });
}

/// Work of owners whose leases have expired becomes pending, unless the owner is a neighbour whom
/// the claimant can end itself.
void take_from_expired(Transaction& transaction, const ClaimRequest& request, ClaimAnswer& answer) {
    State& state = transaction.state();
    const model::ProcessIdentity& claimant = state.workers.at(request.worker_id).record.process;
    std::vector<WorkerRow*> candidates;
    for (auto& [id, worker] : state.workers) {
        if (id != request.worker_id && worker.lease_until <= transaction.now() &&
            owns_in_pool(state, worker, request.pool)) {
            candidates.push_back(&worker);
        }
    }
    if (candidates.empty()) {
        return;
    }
    transaction.tick();
    for (WorkerRow* worker : candidates) {
        if (!transaction.is_over(worker->lease_until, worker->lease_ttl)) {
            continue;
        }
        if (claimant.same_box(worker->record.process)) {
            answer.expired_neighbours.push_back(worker->record);
            answer.expired_neighbours.back().launch_token.clear();
            continue;
        }
        const std::set<std::int64_t> owned = worker->owned;
        for (const std::int64_t sequence : owned) {
            hand_back(transaction, state.rows.at(sequence),
                      contracts::ReleaseReason::lease_expired);
        }
    }
}

/// Where the marks of the pool's stages put each of them.
struct StagePlaces {
    bool has_marks = false;
    bool is_lifted = false;
    bool is_blocked = false;
    std::map<std::string, int> places;

    /// nullopt: it is not claimed.
    [[nodiscard]] std::optional<int> of(const std::string& stage) const {
        if (!has_marks) {
            return 0;
        }
        const auto found = places.find(stage);
        if (found == places.end()) {
            return std::nullopt;
        }
        return is_lifted ? found->second : 0;
    }
};

StagePlaces stage_places(Transaction& transaction, const ClaimRequest& request) {
    const State& state = transaction.state();
    StagePlaces places;
    const auto& policies = state.pools.at(request.pool).stages;
    if (policies.empty()) {
        return places;
    }
    std::vector<contracts::StageBuffer> buffers;
    for (const Lane& lane : state.lanes) {
        if (lane.pool == request.pool && lane.batch == request.batch) {
            buffers.push_back(
                {lane.stage, lane.stage_rank,
                 lane.counts[index_of(Place::ready)] + lane.counts[index_of(Place::delayed)]});
        }
    }
    const contracts::StageOrder order =
        contracts::stage_order(std::move(buffers), policies, closed_stages(transaction, policies));
    places.has_marks = true;
    places.is_lifted = order.is_lifted;
    places.is_blocked = order.is_blocked;
    for (const std::string& stage : order.stages) {
        places.places.emplace(stage, static_cast<int>(places.places.size()));
    }
    return places;
}

const ReadyKey* first_key(const State& state, const Lane& lane, const ClaimRequest& request) {
    for (const ReadyKey& key : lane.ready) {
        if (!request.resume_only || is_begun(state.rows.at(std::get<3>(key)))) {
            return &key;
        }
    }
    return nullptr;
}

/// The first in the scheduling order: resumed, later stage, children, priority, age.
Row* next_ready(State& state, const ClaimRequest& request, const StagePlaces& places) {
    using Order = std::tuple<int, bool, int, bool, int, std::int64_t>;
    std::optional<Order> best;
    for (const Lane& lane : state.lanes) {
        const std::optional<int> place = places.of(lane.stage);
        const ReadyKey* key =
            place && is_claimable_lane(lane, request) ? first_key(state, lane, request) : nullptr;
        if (key != nullptr) {
            const auto& [new_work, root, priority, sequence] = *key;
            const Order order{*place, new_work, -lane.stage_rank, root, priority, sequence};
            if (!best || order < *best) {
                best = order;
            }
        }
    }
    return best ? &state.rows.at(std::get<5>(*best)) : nullptr;
}

/// Another member of the family may have gone on from there.
void adopt_newer(State& state, Row& row) {
    const auto latest = state.latest_checkpoints.find(row.id.text());
    if (row.snapshot.empty() || latest == state.latest_checkpoints.end()) {
        return;
    }
    const base::JsonText& json = state.checkpoints.at(latest->second).json;
    if (contracts::is_newer_snapshot(json, row.snapshot)) {
        row.snapshot = json;
    }
}

Claimed hand_out(Transaction& transaction, Row& row, const ClaimRequest& request, bool begin) {
    State& state = transaction.state();
    const std::string owner = state.workers.at(request.worker_id).record.owner;
    alter_row(transaction, row, [&](Row& changed) {
        changed.status = model::Status::running;
        changed.ready = false;
        changed.worker_id = request.worker_id;
        changed.owner = owner;
        changed.token = ++state.last_token;
        changed.claimed_at = transaction.now();
        changed.begun = false;
    });
    Claimed claimed;
    claimed.attempt = row.counters.attempt + 1;
    if (begin) {
        begin_attempt(transaction, row);
    }
    claimed.begun = begin;
    claimed.lease = {row.id, owner, row.token, row.sequence};
    claimed.batch = row.batch;
    claimed.stage = state.lanes[row.lane].stage;
    claimed.spec = row.spec;
    claimed.input = row.input;
    claimed.snapshot = row.snapshot;
    claimed.signal = row.signal;
    claimed.item_number = row.item_number;
    claimed.failures = row.counters.failures;
    claimed.max_attempts = row.max_attempts;
    claimed.created_at = row.created_at;
    claimed.woken_by = row.woken;
    claimed.root = row.kinship ? state.rows.at(row.kinship->root).id : row.id;
    claimed.parent = row.kinship ? state.rows.at(row.kinship->parent).id : model::ExecutionId{};
    claimed.has_in_place = row.has_in_place;
    return claimed;
}

std::optional<base::Millis> next_due(Transaction& transaction, const ClaimRequest& request) {
    State& state = transaction.state();
    std::optional<base::StoreTime> earliest;
    const auto consider = [&earliest](base::StoreTime at) {
        earliest = earliest ? std::min(*earliest, at) : at;
    };
    for (const auto& [at, sequence] : state.due) {
        if (is_claimable_lane(state.lanes[state.rows.at(sequence).lane], request)) {
            consider(at);
            break;
        }
    }
    for (const auto& [id, worker] : state.workers) {
        if (id != request.worker_id && owns_in_pool(state, worker, request.pool)) {
            const base::StoreTime end = transaction.end_of(worker.lease_until, worker.lease_ttl);
            if (end > transaction.now()) {
                consider(end);
            }
        }
    }
    if (!earliest) {
        return std::nullopt;
    }
    return *earliest - transaction.now();
}

}  // namespace

ClaimAnswer claim(Transaction& transaction, const ClaimRequest& request) {
    if (request.limit < 1 || request.limit > contracts::kMaxClaim) {
        refuse_call("claiming " + std::to_string(request.limit) + " executions for worker " +
                    request.worker_id + ": one claim hands out 1 to " +
                    std::to_string(contracts::kMaxClaim));
    }
    if (std::optional<ClaimAnswer> refused = refusal(transaction, request)) {
        return *refused;
    }
    State& state = transaction.state();
    ClaimAnswer answer;
    promote_due(transaction);
    take_from_expired(transaction, request, answer);
    bool is_blocked = false;
    while (answer.claimed.size() < request.limit) {
        const StagePlaces places = stage_places(transaction, request);
        is_blocked = places.is_blocked;
        Row* row = next_ready(state, request, places);
        if (row == nullptr) {
            break;
        }
        if (is_cancel_requested(state, *row)) {
            make_terminal(transaction, *row, model::Status::cancelled,
                          model::ExecutionError{model::ErrorKind::cancelled, "cancelled", {}});
            continue;
        }
        const bool begin = answer.claimed.size() < request.begin;
        adopt_newer(state, *row);
        answer.claimed.push_back(hand_out(transaction, *row, request, begin));
    }
    if (answer.claimed.empty()) {
        answer.next_due = next_due(transaction, request);
        if (is_blocked) {
            // Others make room without a word.
            answer.next_due = std::min(answer.next_due.value_or(kBlockedPause), kBlockedPause);
        }
    } else {
        WorkerRow& worker = state.workers.at(request.worker_id);
        worker.lease_until = std::max(worker.lease_until, transaction.now() + request.ttl);
        worker.lease_ttl = request.ttl;
    }
    return answer;
}

contracts::RenewAnswer renew(Transaction& transaction, const std::string& worker_id,
                             std::span<const model::Lease> leases, base::Millis ttl) {
    if (leases.size() > contracts::kMaxLeases) {
        refuse_call("renewing " + std::to_string(leases.size()) + " leases of worker " + worker_id +
                    ": one call names at most " + std::to_string(contracts::kMaxLeases));
    }
    State& state = transaction.state();
    transaction.tick();
    contracts::RenewAnswer answer;
    answer.ttl = ttl;
    std::set<std::int64_t> named;
    for (const model::Lease& lease : leases) {
        const Row* row = find_row(state, lease.execution);
        if (row == nullptr || row->worker_id != worker_id || !is_owned_by(*row, lease)) {
            answer.lost.push_back(lease);
        } else {
            named.insert(row->sequence);
        }
    }
    const auto worker = state.workers.find(worker_id);
    if (worker == state.workers.end()) {
        return answer;
    }
    worker->second.lease_until = transaction.now() + ttl;
    worker->second.lease_ttl = ttl;
    // The answer of a claim that never arrived: the worker does not know of these.
    const std::set<std::int64_t> owned = worker->second.owned;
    for (const std::int64_t sequence : owned) {
        Row& row = state.rows.at(sequence);
        if (!named.contains(sequence) && row.claimed_at + ttl < transaction.now()) {
            hand_back(transaction, row, contracts::ReleaseReason::retirement);
        }
    }
    return answer;
}

}  // namespace fleet::store::memory
