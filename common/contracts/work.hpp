// The backlog: pushing, claiming, handing back and looking at executions.
//
// Thread safety: every method may be called from any thread at once. Every method may block for the
// time of a few transactions, and throws base::StoreError when the store cannot do its work; a
// StoreError of kind `unknown` means that the call may be repeated with the same ids.
//
// Scheduling order inside a pool: resumed before new; later stages before earlier ones; children
// before roots, so that what is begun ends first; higher priority; then age. Work that is `loading`
// is claimable as it comes in. Marks of a pool's stages change that order (stage_order.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/json_text.hpp"
#include "common/base/time.hpp"
#include "common/model/batch.hpp"
#include "common/model/child.hpp"
#include "common/model/execution.hpp"
#include "common/model/lease.hpp"
#include "common/model/pressure.hpp"
#include "common/model/work_spec.hpp"
#include "common/model/worker.hpp"

namespace fleet::contracts {

/// The most executions that one push takes: a transaction must stay under 20 ms.
inline constexpr std::size_t kMaxPush = 5'000;
/// The most executions that one claim hands out, and the most leases named in one call.
inline constexpr std::size_t kMaxClaim = 1'000;
inline constexpr std::size_t kMaxLeases = 10'000;
/// The largest input of one execution.
inline constexpr std::size_t kMaxInputBytes = 64U << 20U;

struct NewExecution {
    model::ExecutionId id;  ///< nil: made by the store
    base::JsonText input;
    std::int64_t item_number = 0;
    int priority = 0;
    base::Millis delay{0};
    std::string unique_key;  ///< empty: none
    /// Not empty: what began elsewhere goes on from this resume point, resume-first.
    base::JsonText snapshot = {};
    /// With a snapshot: parked on this channel, as model::NextWaiting says; `delay` has no meaning.
    std::string channel = {};
    std::optional<base::Millis> deadline = {};
};

struct PushRequest {
    std::string batch;  ///< empty: none
    std::string pool;
    std::string stage;
    int stage_rank = 0;     ///< later stages have larger ranks
    std::int64_t spec = 0;  ///< from put_spec
    int max_attempts = 1;
    std::vector<NewExecution> executions;
    /// With a batch: the batch's `loaded_lines` after this push, in the same transaction.
    std::optional<std::int64_t> loaded_lines;
};

struct PushedExecution {
    enum class Outcome {
        inserted,
        already_there,  ///< this id was pushed before (a repeated push)
        duplicate_key,  ///< `unique_key` is live in the pool; `id` is the execution that holds it
    };
    model::ExecutionId id;
    Outcome outcome = Outcome::inserted;
};

struct PushResult {
    enum class Outcome { pushed, unknown_pool, unknown_batch, batch_cancelled, batch_sealed };
    Outcome outcome = Outcome::pushed;
    std::vector<PushedExecution> executions;  ///< in the order of the request
};

struct ClaimRequest {
    std::string worker_id;  ///< must be registered and active
    std::string pool;
    std::vector<std::string> stages;  ///< empty: all
    std::string batch;                ///< not empty: only from this batch's private lane
    std::size_t limit = 1;            ///< 1..kMaxClaim
    /// The first so many of the answer have their attempt begun by this claim; the rest are
    /// prefetched: `begin` starts them, an orderly release leaves no mark on them.
    std::size_t begin = 0;
    base::Millis ttl{15'000};
    /// Only what was begun before, here or elsewhere (it has a resume point or an attempt), and
    /// children.
    bool resume_only = false;
};

struct Claimed {
    model::Lease lease;
    std::string batch;
    std::string stage;
    std::int64_t spec = 0;
    base::JsonText input;
    base::JsonText snapshot;  ///< the resume point, empty if there is none
    base::JsonText signal;    ///< the payload that woke it, empty if none
    std::int64_t item_number = 0;
    int attempt = 0;  ///< the number of this attempt, also when it is not begun yet
    bool begun = false;
    int failures = 0;
    int max_attempts = 1;
    base::StoreTime created_at{};
    /// What ended the wait before; told again until a commit has a snapshot or parks or ends.
    model::Woken woken_by = model::Woken::none;
    model::ExecutionId parent;  ///< nil for roots
    model::ExecutionId root;    ///< its own id for roots
    /// It has had in-place children: those of the snapshot's step may be open, look them up.
    bool has_in_place = false;
};

struct ClaimAnswer {
    enum class Outcome { ok, unknown_worker, worker_not_active, unknown_pool, pool_paused };
    Outcome outcome = Outcome::ok;
    model::WorkerStatus worker_status = model::WorkerStatus::active;
    std::vector<Claimed> claimed;  ///< in the scheduling order
    /// When nothing is ready: the time until something becomes due (a delay, a deadline, the end of
    /// somebody's lease), if anything will.
    std::optional<base::Millis> next_due;
    /// Owners on the claimant's own box whose leases have expired. Their work is not handed out:
    /// the claimant first ends those processes, then calls release_by_worker.
    std::vector<model::WorkerRecord> expired_neighbours;
};

/// Why a worker's work goes back.
enum class ReleaseReason {
    retirement,     ///< orderly: nothing is counted against the execution
    worker_dead,    ///< the process is proven gone: begun attempts count as lost_worker
    lease_expired,  ///< judged by its lease: likewise; refused while the lease holds
    operator_kill,  ///< a person or a scaler ended the worker: nothing is counted
};

struct RenewAnswer {
    std::vector<model::Lease> lost;  ///< named, but no longer owned
    base::Millis ttl{0};             ///< granted from before the call was sent
};

struct ExecutionFilter {
    std::vector<model::Status> statuses;  ///< empty: all
    std::string pool;                     ///< empty: all
    std::optional<std::string> batch;     ///< set to "": those without a batch
    std::vector<model::ExecutionId> ids;  ///< empty: all
    std::optional<model::ErrorKind> error_kind;
    std::string worker_id;
    /// Without the children of others; ignored with `ids` or `parent`.
    bool roots_only = true;
    model::ExecutionId parent;  ///< not nil: only the children of this one
    std::size_t limit = 100;    ///< 1..10,000
    /// Page: the `next` of the previous answer; 0 for the first page.
    std::int64_t after = 0;
    bool newest_first = false;
    bool with_payloads = true;  ///< input, output and the last attempt; without them it is cheaper
};

struct ExecutionPage {
    std::vector<model::Execution> executions;
    std::int64_t next = 0;  ///< 0: no more
};

struct ErrorGroup {
    model::ErrorKind kind = model::ErrorKind::internal;
    std::string prefix;  ///< digits and ids replaced by '#', at most 80 characters
    std::int64_t count = 0;
    model::ExecutionId example;
};

/// What an operator's bulk change did; at most `kMaxBulk` a call, so that no transaction is long.
struct BulkResult {
    std::int64_t changed = 0;
    std::int64_t skipped = 0;        ///< not in a status that allows it
    std::vector<std::string> notes;  ///< per id, why it was skipped; at most 20
    bool more = false;               ///< call again, there is more to do
};
inline constexpr std::size_t kMaxBulk = 2'000;

/// For `pressure`: the shared lanes and those of every private batch. No batch has this name.
inline constexpr const char* kAllLanes = "*";

/// Chooses executions for cancel and requeue: ids, or a batch, or all that failed.
struct BulkSelection {
    std::vector<model::ExecutionId> ids;
    std::string batch;
    bool failed_only = false;                    ///< with or without a batch
    std::optional<model::ErrorKind> error_kind;  ///< with failed_only
};

class WorkBackend {
  public:
    WorkBackend() = default;
    WorkBackend(const WorkBackend&) = delete;
    WorkBackend& operator=(const WorkBackend&) = delete;
    virtual ~WorkBackend() = default;

    /// Stores the spec once per distinct content; idempotent. Returns its number, from 1.
    virtual std::int64_t put_spec(const model::WorkSpec& spec) = 0;
    [[nodiscard]] virtual std::optional<model::WorkSpec> spec(std::int64_t number) = 0;

    /// False if the name is taken (Conflict). The pool must exist, else StoreError internal.
    virtual bool create_batch(const model::NewBatch& batch) = 0;
    /// loading -> sealed; idempotent. False if there is no such batch.
    virtual bool seal_batch(const std::string& name) = 0;
    [[nodiscard]] virtual std::optional<model::Batch> batch(const std::string& name) = 0;
    /// Newest first.
    [[nodiscard]] virtual std::vector<model::Batch> batches(std::size_t limit) = 0;
    /// Replaces the batch's options; false if there is no such batch.
    virtual bool set_batch_options(const std::string& name, const base::JsonText& options) = 0;

    /// One transaction; repeatable when the ids are given. More than kMaxPush executions or an
    /// input over kMaxInputBytes are a StoreError internal. Wakes the pool's workers.
    virtual PushResult push(const PushRequest& request) = 0;

    /// Atomic: no execution is ever handed to two owners whose leases overlap. An execution whose
    /// lease has expired is claimable like a pending one (takeover), except those of
    /// `expired_neighbours`. Each acquisition raises the fencing token. What has a resume point and
    /// a newer latest checkpoint, which another member of the family has written, goes on from that
    /// one.
    virtual ClaimAnswer claim(const ClaimRequest& request) = 0;
    /// Marks the attempts as begun, all in one write; what is not owned any more is in the answer.
    virtual std::vector<model::Lease> begin(std::span<const model::Lease> leases) = 0;
    /// Renews all leases that the worker holds, in one write. Each is named: leases which the store
    /// knows, that were claimed more than one ttl ago and are not named, are released.
    virtual RenewAnswer renew(const std::string& worker_id, std::span<const model::Lease> leases,
                              base::Millis ttl) = 0;
    /// Hands back, resume-first, as ReleaseReason::retirement. Returns those no longer owned.
    virtual std::vector<model::Lease> release(std::span<const model::Lease> leases) = 0;
    /// Hands back everything a worker holds; returns the executions. Idempotent.
    virtual std::vector<model::ExecutionId> release_by_worker(const std::string& worker_id,
                                                              ReleaseReason reason) = 0;

    /// failed or cancelled -> pending, counters of failures reset, attempt numbers go on.
    /// Executions whose unique key is live elsewhere are skipped, and those that are still being
    /// cancelled. Children are requeued by their ids only: while the parent is parked at the step
    /// that made it, it waits for the child again; else the child runs detached.
    virtual BulkResult requeue(const BulkSelection& selection) = 0;
    /// pending, waiting -> cancelled; running ones are marked and end at their next commit. With a
    /// batch alone the batch itself becomes cancelled first, so that nothing of it starts any more.
    /// Each with its subtree, from the top down: call again while there is `more`. If nobody does,
    /// claims go on with it; meanwhile nothing below is handed out, and a commit below is refused.
    virtual BulkResult cancel(const BulkSelection& selection) = 0;

    /// O(stages), children included: all that must be worked on. nullopt: no such pool. `batch`:
    /// only this batch's private lane; empty: the lanes that all workers of the pool share;
    /// kAllLanes: everything.
    [[nodiscard]] virtual std::optional<model::PoolPressure> pressure(const std::string& pool,
                                                                      const std::string& batch) = 0;
    [[nodiscard]] virtual std::optional<model::Execution> get(const model::ExecutionId& id) = 0;
    [[nodiscard]] virtual ExecutionPage find(const ExecutionFilter& filter) = 0;
    /// Where it would go on; empty: at its beginning, or there is no such execution.
    [[nodiscard]] virtual base::JsonText resume_point(const model::ExecutionId& id) = 0;
    /// Attempts from the first to the last, the last one included.
    [[nodiscard]] virtual std::vector<model::Attempt> attempts(const model::ExecutionId& id) = 0;
    /// The children that this step of `parent` created, by ordinal, from `after_ordinal` on (-1:
    /// from the first), at most `limit` (1..10,000).
    [[nodiscard]] virtual std::vector<model::ChildState> children(const model::ExecutionId& parent,
                                                                  std::int64_t step,
                                                                  std::int64_t after_ordinal,
                                                                  std::size_t limit) = 0;
    /// The execution and what is below it, all at one moment; at most `limit` nodes.
    [[nodiscard]] virtual model::Tree tree(const model::ExecutionId& top, std::size_t limit) = 0;
    /// Failed roots grouped; largest first, at most `limit` groups.
    [[nodiscard]] virtual std::vector<ErrorGroup> errors(const std::string& batch,
                                                         std::size_t limit) = 0;
};

}  // namespace fleet::contracts
