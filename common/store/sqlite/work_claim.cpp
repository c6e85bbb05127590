#include <algorithm>
#include <optional>
#include <unordered_map>

#include "common/store/sqlite/claim_lanes.hpp"
#include "common/store/sqlite/execution_row.hpp"
#include "common/store/sqlite/hand_back.hpp"
#include "common/store/sqlite/next_step.hpp"
#include "common/store/sqlite/payloads.hpp"
#include "common/store/sqlite/rank.hpp"
#include "common/store/sqlite/registration.hpp"
#include "common/store/sqlite/signals.hpp"
#include "common/store/sqlite/sweeps.hpp"
#include "common/store/sqlite/work.hpp"

namespace fleet::store::sqlite {

namespace {

using contracts::ClaimAnswer;
using contracts::Claimed;
using contracts::ClaimRequest;

/// The most due rows that one claim promotes, and the most that one takeover hands back.
constexpr std::size_t kDueLimit = 500;
constexpr base::Millis kOverduePause{100};
constexpr base::Millis kBlockedPause{1'000};
/// A batch without a lane of its own has nothing for workers that are bound to it.
constexpr std::int64_t kNoBatch = -1;

#define FLEET_TAKE                                                                                \
    "UPDATE executions SET status = 1, ready = 0, owner = ?1, token = max(token, ?2) + 1, "       \
    "begun = ?3, attempt = attempt + ?3, claimed_at_ms = ?4, started_at_ms = iif(?3, ?4, NULL), " \
    "resume_step = NULL, reserve = NULL WHERE "

#define FLEET_CLAIMED                                                     \
    "SELECT seq, id, token, batch, lane, spec, item, attempt, failures, " \
    "max_attempts, created_at_ms, input, snapshot, signal, cancel, kin, woken FROM executions "

struct Claimant {
    std::int64_t number = 0;
    model::WorkerStatus status = model::WorkerStatus::active;
    std::string owner;
    std::string boot_id;
    std::int64_t pid_namespace = 0;
};

std::optional<Claimant> find_claimant(Connection& connection, const std::string& worker_id) {
    auto row = connection.prepare(
        "SELECT number, status, owner, boot_id, pid_namespace FROM worker_registry "
        "WHERE worker_id = ?1");
    if (!row.bind(1, worker_id).step()) {
        return std::nullopt;
    }
    return Claimant{
        .number = row.integer(0),
        .status = model::parse_worker_status(row.view(1)).value_or(model::WorkerStatus::lost),
        .owner = row.text(2),
        .boot_id = row.text(3),
        .pid_namespace = row.integer(4)};
}

class Claim {
  public:
    Claim(WriteTransaction& transaction, Database& database, const ClaimRequest& request)
        : transaction_(transaction), database_(database), request_(request) {}

    ClaimAnswer run() {
        ClaimAnswer answer;
        const auto claimant = find_claimant(transaction_.connection(), request_.worker_id);
        if (!claimant) {
            answer.outcome = ClaimAnswer::Outcome::unknown_worker;
            return answer;
        }
        claimant_ = *claimant;
        answer.worker_status = claimant_.status;
        if (claimant_.status != model::WorkerStatus::active) {
            answer.outcome = ClaimAnswer::Outcome::worker_not_active;
            return answer;
        }
        const auto pool = find_pool(transaction_.connection(), request_.pool);
        if (!pool || pool->paused) {
            answer.outcome =
                pool ? ClaimAnswer::Outcome::pool_paused : ClaimAnswer::Outcome::unknown_pool;
            return answer;
        }
        pool_ = pool->number;
        if (!request_.batch.empty()) {
            const auto batch = find_batch(transaction_.connection(), request_.batch);
            batch_ = batch && batch->private_lane ? batch->number : kNoBatch;
        }
        if (has_sweeps(transaction_)) {
            sweep(transaction_, kSweepLimit);
        }
        if (has_broadcasts(transaction_)) {
            go_on_broadcasting(transaction_, kDueLimit);
        }
        look_at_due(answer);
        ClaimLanes lanes(transaction_, pool_, batch_, request_, database_.clock().wall_now());
        while (answer.claimed.size() < request_.limit) {
            const auto lane = lanes.best();
            if (!lane) {
                break;
            }
            take(*lane, answer);
        }
        is_blocked_ = lanes.is_blocked();
        finish(answer);
        return answer;
    }

  private:
    struct Taken {
        Claimed claimed;
        std::int64_t batch = 0;
        std::int64_t kin = 0;
        bool cancel = false;
        bool input_elsewhere = false;
        bool snapshot_elsewhere = false;
    };

    void look_at_due(ClaimAnswer& answer) {
        const auto due = next_due_ms(transaction_);
        if (!due || *due > transaction_.now_ms()) {
            next_due_ms_ = due;
            return;
        }
        promote_due(transaction_, kDueLimit);
        take_over_expired(answer);
        next_due_ms_ = next_due_ms(transaction_);
    }

    /// Expired owners: those of this box are only named, the others lose what they hold.
    void take_over_expired(ClaimAnswer& answer) {
        struct Expired {
            std::int64_t number;
            std::int64_t judge_at_ms;
            bool neighbour;
        };
        std::vector<Expired> expired;
        tick_clock(transaction_);
        const auto gap_ms = base::count_ms(gap_end(transaction_));
        {
            auto rows = transaction_.prepare(
                "SELECT number, max(lease_until_ms, ?2 + lease_ttl_ms), "
                "boot_id = ?3 AND pid_namespace = ?4 FROM worker_registry "
                "WHERE lease_until_ms <= ?1 AND number <> ?5");
            rows.bind(1, transaction_.now_ms()).bind(2, gap_ms).bind(3, claimant_.boot_id);
            rows.bind(4, claimant_.pid_namespace).bind(5, claimant_.number);
            while (rows.step()) {
                expired.push_back({rows.integer(0), rows.integer(1), rows.integer(2) != 0});
            }
        }
        for (const auto& one : expired) {
            if (clear_lease_time(transaction_, one.number)) {
                continue;  // it held nothing any more
            }
            if (one.judge_at_ms > transaction_.now_ms()) {
                wait_until_ms_ =
                    std::min(wait_until_ms_.value_or(one.judge_at_ms), one.judge_at_ms);
            } else if (one.neighbour) {
                if (auto worker =
                        find_worker(transaction_.connection(), one.number, transaction_.now())) {
                    answer.expired_neighbours.push_back(std::move(*worker));
                }
            } else {
                hand_back(transaction_, one.number, contracts::ReleaseReason::lease_expired,
                          kDueLimit);
                clear_lease_time(transaction_, one.number);
            }
        }
    }

    /// Reads first and changes then: an UPDATE with RETURNING makes a table for its answer and
    /// costs half as much again.
    void take(const ClaimLane& lane, ClaimAnswer& answer) {
        const auto taken = answer.claimed.size();
        const bool begin = taken < request_.begin;
        const auto limit = (begin ? request_.begin : request_.limit) - taken;
        std::vector<Taken> all;
        {
            auto rows = transaction_.prepare(
                lane.is_retried ? FLEET_CLAIMED
                    "INDEXED BY executions_retried WHERE lane = ?1 AND ready = 1 AND attempt > 0 "
                    "AND rank >= -150000 AND rank <= ?2 ORDER BY rank, seq LIMIT ?3"
                                : FLEET_CLAIMED
                    "INDEXED BY executions_ready WHERE lane = ?1 AND ready = 1 AND rank <= ?2 "
                    "ORDER BY rank, seq LIMIT ?3");
            rows.bind(1, lane.lane).bind(2, lane.top_rank).bind(3, limit);
            while (rows.step()) {
                all.push_back(read(rows, begin));
            }
        }
        mark_taken(lane, all, begin);
        for (auto& one : all) {
            keep_or_cancel(lane, one, answer);
        }
    }

    /// Neighbours, as they come from one push, are changed by their range.
    void mark_taken(const ClaimLane& lane, const std::vector<Taken>& all, bool begin) {
        const auto first = all.front().claimed.lease.handle;
        const auto last = all.back().claimed.lease.handle;
        const auto count = static_cast<std::int64_t>(all.size());
        const bool neighbours =
            last - first + 1 == count &&
            std::is_sorted(all.begin(), all.end(), [](const Taken& one, const Taken& other) {
                return one.claimed.lease.handle < other.claimed.lease.handle;
            });
        auto update = transaction_.prepare(
            neighbours        ? FLEET_TAKE "seq BETWEEN ?5 AND ?6"
            : lane.is_retried ? FLEET_TAKE
                "seq IN (SELECT seq FROM executions INDEXED BY executions_retried "
                "WHERE lane = ?5 AND ready = 1 AND attempt > 0 AND rank >= -150000 AND rank <= ?6 "
                "ORDER BY rank, seq LIMIT ?7)"
                              : FLEET_TAKE
                "seq IN (SELECT seq FROM executions INDEXED BY executions_ready "
                "WHERE lane = ?5 AND ready = 1 AND rank <= ?6 ORDER BY rank, seq "
                "LIMIT ?7)");
        update.bind(1, claimant_.number).bind(2, database_.time().token_floor());
        update.bind(3, begin).bind(4, transaction_.now_ms());
        if (neighbours) {
            update.bind(5, first).bind(6, last);
        } else {
            update.bind(5, lane.lane).bind(6, lane.top_rank).bind(7, count);
        }
        if (const auto changed = update.run(); changed != count) {
            throw base::StoreError(base::StoreError::Kind::internal,
                                   "claiming for " + request_.worker_id + ": " +
                                       std::to_string(changed) + " executions changed instead of " +
                                       std::to_string(count));
        }
    }

    Taken read(const Statement& row, bool begin) {
        Taken taken;
        auto& claimed = taken.claimed;
        claimed.lease = {.execution = row.uuid(1),
                         .owner = claimant_.owner,
                         .token = std::max(row.integer(2), database_.time().token_floor()) + 1,
                         .handle = row.integer(0)};
        taken.batch = row.integer(3);
        claimed.batch = transaction_.names().batch(taken.batch);
        claimed.stage = transaction_.names().lane(row.integer(4)).stage;
        claimed.spec = row.integer(5);
        claimed.item_number = row.integer(6);
        claimed.attempt = static_cast<int>(row.integer(7)) + 1;
        claimed.begun = begin;
        claimed.failures = static_cast<int>(row.integer(8));
        claimed.max_attempts = static_cast<int>(row.integer(9));
        claimed.created_at = base::store_time(row.integer(10));
        claimed.input = row.text(11);
        claimed.snapshot = row.text(12);
        claimed.signal = row.text(13);
        taken.cancel = row.integer(14) != 0;
        taken.kin = row.integer(15);
        claimed.woken_by = static_cast<model::Woken>(row.integer(16));
        claimed.root = claimed.lease.execution;
        claimed.has_in_place = (taken.kin & kHadInPlace) != 0;
        taken.input_elsewhere = row.is_null(11);
        taken.snapshot_elsewhere = !row.is_null(12) && claimed.snapshot.empty();
        return taken;
    }

    void keep_or_cancel(const ClaimLane& lane, Taken& taken, ClaimAnswer& answer) {
        auto& connection = transaction_.connection();
        auto& claimed = taken.claimed;
        const bool is_child = (taken.kin & kIsChild) != 0;
        transaction_.counters().move(lane.lane, is_child ? 0 : taken.batch, Count::ready,
                                     Count::running);
        if (taken.cancel || transaction_.names().batch_cancelled(taken.batch) ||
            (is_child && is_below_sweep(transaction_, claimed.lease.handle))) {
            if (const auto row =
                    find_row(connection, claimed.lease.execution, claimed.lease.handle)) {
                to_cancelled(transaction_, *row);
            }
            return;
        }
        const auto& folder = database_.data_folder();
        if (taken.input_elsewhere) {
            claimed.input = get_payload(connection, folder, claimed.lease.handle, Payload::input);
        }
        if (taken.snapshot_elsewhere) {
            claimed.snapshot =
                get_payload(connection, folder, claimed.lease.handle, Payload::snapshot);
        }
        if (!claimed.snapshot.empty()) {
            adopt_newer(transaction_, claimed);
        }
        if (is_child) {
            add_family(claimed);
        }
        answer.claimed.push_back(std::move(claimed));
    }

    void add_family(Claimed& claimed) {
        auto place = transaction_.prepare("SELECT parent, root FROM children WHERE seq = ?1");
        if (place.bind(1, claimed.lease.handle).step()) {
            claimed.parent = id_of(place.integer(0));
            claimed.root = id_of(place.integer(1));
        }
    }

    /// Siblings are claimed together: their parent is looked up once.
    model::ExecutionId id_of(std::int64_t seq) {
        const auto [found, made] = ids_.try_emplace(seq);
        if (made) {
            auto row = transaction_.prepare("SELECT id FROM executions WHERE seq = ?1");
            if (row.bind(1, seq).step()) {
                found->second = row.uuid(0);
            }
        }
        return found->second;
    }

    void finish(ClaimAnswer& answer) {
        if (!answer.claimed.empty()) {
            transaction_
                .prepare(
                    "UPDATE worker_registry SET lease_until_ms = max(coalesce(lease_until_ms, "
                    "0), ?2), lease_ttl_ms = ?3 WHERE number = ?1")
                .bind(1, claimant_.number)
                .bind(2, transaction_.now_ms() + request_.ttl.count())
                .bind(3, static_cast<std::int64_t>(request_.ttl.count()))
                .run();
            tick_clock(transaction_);
            return;
        }
        if (wait_until_ms_ && (!next_due_ms_ || *next_due_ms_ <= transaction_.now_ms() ||
                               *wait_until_ms_ < *next_due_ms_)) {
            next_due_ms_ = wait_until_ms_;
        }
        if (is_blocked_) {
            // Others make room without a word.
            const auto again = transaction_.now_ms() + kBlockedPause.count();
            next_due_ms_ = std::min(next_due_ms_.value_or(again), again);
        }
        if (next_due_ms_) {
            // What is due already waits for somebody else (a neighbour to be ended): not at once.
            const auto left = *next_due_ms_ - transaction_.now_ms();
            answer.next_due = left > 0 ? base::Millis{left} : kOverduePause;
        }
    }

    WriteTransaction& transaction_;
    Database& database_;
    const ClaimRequest& request_;
    Claimant claimant_;
    std::int64_t pool_ = 0;
    std::int64_t batch_ = 0;  ///< of the private lane; 0: the lanes that all share
    bool is_blocked_ = false;
    std::optional<std::int64_t> next_due_ms_;
    std::optional<std::int64_t> wait_until_ms_;
    std::unordered_map<std::int64_t, model::ExecutionId> ids_;
};

}  // namespace

ClaimAnswer SqliteWork::claim(const ClaimRequest& request) {
    if (request.limit == 0 || request.limit > contracts::kMaxClaim) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               "claiming " + std::to_string(request.limit) + " executions for " +
                                   request.worker_id + ": 1 to " +
                                   std::to_string(contracts::kMaxClaim) + " are allowed");
    }
    return database_.writer().write([&](WriteTransaction& transaction) {
        return Claim{transaction, database_, request}.run();
    });
}

}  // namespace fleet::store::sqlite
