// All that a `memory:` store holds. Guarded by State::mutex: used only inside a Transaction.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/contracts/trigger.hpp"
#include "common/model/batch.hpp"
#include "common/model/child.hpp"
#include "common/model/execution.hpp"
#include "common/model/lease.hpp"
#include "common/model/pool.hpp"
#include "common/model/provider.hpp"
#include "common/model/signal.hpp"
#include "common/model/snapshot.hpp"
#include "common/model/step_commit.hpp"
#include "common/model/usage.hpp"
#include "common/model/work_spec.hpp"
#include "common/model/worker.hpp"
#include "common/store/memory/statistics.hpp"

namespace fleet::store::memory {

/// Where an execution is counted: `ready` and `delayed` are the two halves of pending.
enum class Place { ready, delayed, running, waiting, done, failed, cancelled };
using Counts = std::array<std::int64_t, 7>;
[[nodiscard]] inline std::size_t index_of(Place place) {
    return static_cast<std::size_t>(place);
}
[[nodiscard]] model::StatusCounts status_counts(const Counts& counts);

/// The last commit that was applied to an execution.
struct CommitMark {
    std::int64_t id = 0;
    model::FencingToken token = 0;
    std::optional<std::int64_t> step;  ///< of its snapshot
    std::string event;
    std::int64_t turn = 0;
};

using LaneNumber = std::size_t;

/// Where a child hangs.
struct Kinship {
    std::int64_t parent = 0;  ///< its sequence
    std::int64_t root = 0;
    std::int64_t step = 0;
    std::int64_t ordinal = 0;
    model::ChildKind kind = model::ChildKind::waited_for;
    std::string label;
};

/// What a parked parent waits for.
struct Wait {
    std::int64_t step = 0;
    model::WaitMode mode = model::WaitMode::settled;
    bool cancel_rest = false;
    std::int64_t open = 0;
};

/// Of a provider's budget.
struct Reservation {
    std::string provider;
    model::Permit permit;
    std::string day;  ///< in which it was spent; empty: held
    base::StoreTime expires_at{};
};

struct Row {
    std::int64_t sequence = 0;
    model::ExecutionId id;
    LaneNumber lane = 0;
    std::string batch;
    std::int64_t spec = 0;
    model::Status status = model::Status::pending;
    bool ready = true;     ///< pending without a time to wait for
    bool resumed = false;  ///< claimed before anything new
    std::int64_t item_number = 0;
    int priority = 0;
    int max_attempts = 1;
    model::Counters counters;
    model::FencingToken token = 0;
    bool begun = false;     ///< the current owner's attempt
    std::string worker_id;  ///< current or last owner
    std::string owner;      ///< `host:pid:run_id`; empty unless running
    base::StoreTime created_at{};
    base::StoreTime claimed_at{};
    std::optional<base::StoreTime> started_at;
    std::optional<base::StoreTime> finished_at;
    std::optional<base::StoreTime> due_at;  ///< delay or deadline
    bool cancel_requested = false;
    bool poisoned = false;
    std::optional<model::ExecutionError> error;
    std::string channel;
    std::string unique_key;
    base::JsonText signal;
    base::JsonText snapshot;
    base::JsonText input;
    base::JsonText output;
    std::vector<model::Attempt> attempts;  ///< recorded ones, ascending
    CommitMark last_commit;
    std::optional<Kinship> kinship;  ///< of a child
    std::optional<Wait> wait;        ///< while it is parked on its children
    model::Woken woken = model::Woken::none;
    bool has_in_place = false;

    /// An open in-place child: stored as waiting, told as running.
    [[nodiscard]] bool in_place() const {
        return kinship && kinship->kind == model::ChildKind::in_place &&
               status == model::Status::waiting;
    }
};
[[nodiscard]] Place place_of(const Row& row);
/// What a claim with `resume_only` takes when it is ready.
[[nodiscard]] inline bool is_begun(const Row& row) {
    return row.resumed || row.kinship || row.counters.attempt > 0;
}

/// Ready work is claimed from its lane in this order: resumed, children, priority, age.
using ReadyKey = std::tuple<bool, bool, int, std::int64_t>;
[[nodiscard]] inline ReadyKey ready_key(const Row& row) {
    return {!row.resumed, !row.kinship || row.resumed, -row.priority, row.sequence};
}

/// One stage of one pool, for everybody or (private) for one batch alone.
struct Lane {
    std::string pool;
    std::string stage;
    std::string batch;  ///< empty: for everybody
    int stage_rank = 0;
    Counts counts{};
    std::set<ReadyKey> ready;
    Rate arrivals;
    Rate completions;
    ServiceTimes service;
};

struct BatchRow {
    model::Batch batch;  ///< `counts` is filled when it is handed out
    std::int64_t number = 0;
    Counts counts{};
    std::set<std::int64_t> rows;
};

struct WorkerRow {
    model::WorkerRecord record;
    base::StoreTime heartbeat_at{};
    std::optional<base::StoreTime> final_at;
    /// The end of all leases of this process; each claim and renewal extends it.
    base::StoreTime lease_until{};
    base::Millis lease_ttl{0};
    std::set<std::int64_t> owned;
};

struct SeatRow {
    model::Seat seat;  ///< `age` and `remaining` are filled when it is handed out
    base::StoreTime created_at{};
    base::StoreTime expires_at{};
    std::int64_t request_id = 0;
};

struct LockRow {
    std::string owner;  ///< empty: free
    model::FencingToken token = 0;
    base::StoreTime until{};
    base::Millis ttl{0};
};

struct State {
    State(const base::Clock& store_clock, contracts::TriggerBackend& store_triggers);

    [[nodiscard]] base::StoreTime now() const;

    const base::Clock& clock;
    const base::Millis clock_offset;  ///< store time - boot time, fixed at opening
    contracts::TriggerBackend& triggers;

    std::mutex mutex;                            ///< guards everything below
    std::condition_variable_any result_written;  ///< waits with `mutex`
    std::uint64_t changes = 0;
    base::StoreTime last_tick{};
    base::StoreTime gap_end{};
    base::UuidGenerator ids;
    model::FencingToken last_token = model::FencingToken{1} << 40U;

    std::vector<model::WorkSpec> specs;
    std::map<base::JsonText, std::int64_t> spec_numbers;
    std::map<std::string, model::PoolPolicy> pools;
    std::map<std::string, BatchRow> batches;

    std::deque<Lane> lanes;
    std::map<std::tuple<std::string, std::string, std::string>, LaneNumber> lane_numbers;
    std::int64_t last_sequence = 0;
    std::map<std::int64_t, Row> rows;
    std::map<model::ExecutionId, std::int64_t> sequences;
    std::set<std::pair<base::StoreTime, std::int64_t>> due;
    std::map<std::string, std::set<std::int64_t>> waiting_on;
    /// By parent, then step and ordinal.
    std::map<std::int64_t, std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>> children;
    std::map<std::pair<std::string, std::string>, std::int64_t> unique_keys;  ///< pool, key

    std::map<std::string, WorkerRow> workers;
    std::int64_t last_seat = 0;
    std::map<std::int64_t, SeatRow> seats;  ///< those that are not gone
    std::deque<model::Decision> decisions;
    std::int64_t last_decision = 0;
    std::map<std::string, LockRow> locks;

    std::map<std::string, model::Snapshot> checkpoints;
    std::map<std::string, std::string> latest_checkpoints;  ///< execution -> key
    std::map<std::pair<std::string, std::string>, base::JsonText> results;
    std::map<std::string, std::deque<model::Signal>> signals;
    /// Addressed ones, by execution and channel.
    std::map<std::pair<model::ExecutionId, std::string>, std::deque<model::Signal>> mail;
    std::map<std::string, model::StoredConfig> configs;
    std::map<std::tuple<std::string, std::string, std::string>, model::UsageRecord> usage;
    std::map<std::string, model::Provider> providers;
    std::map<std::int64_t, Reservation> reservations;
};

}  // namespace fleet::store::memory
