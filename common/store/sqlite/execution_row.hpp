// The part of an execution's row that decides what may happen to it, and the changes of status that
// several operations share. Every function runs inside a write transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/model/execution.hpp"
#include "common/model/lease.hpp"
#include "common/store/sqlite/writer.hpp"

namespace fleet::store::sqlite {

/// Bits of executions.kin.
inline constexpr std::int64_t kIsChild = 1;
inline constexpr std::int64_t kHasChildren = 2;
inline constexpr std::int64_t kHadInPlace = 4;  ///< has, or has had, in-place children
inline constexpr std::int64_t kInPlace = 8;     ///< an open in-place child: stored as waiting
inline constexpr std::int64_t kHasMail = 16;

struct ExecutionRow {
    std::int64_t seq = 0;
    model::ExecutionId id;
    model::Status status = model::Status::pending;
    bool ready = false;
    std::int64_t owner = 0;
    std::int64_t token = 0;
    std::int64_t commit_id = 0;
    std::int64_t lane = 0;
    std::int64_t batch = 0;
    std::int64_t rank = 0;
    bool begun = false;
    int attempt = 0;
    bool cancel = false;
    int failures = 0;
    int transient = 0;
    int rate_limited = 0;
    int lost_worker = 0;
    int max_attempts = 1;
    bool has_record = false;
    bool has_unique_key = false;
    std::int64_t started_at_ms = 0;
    std::int64_t claimed_at_ms = 0;
    std::string resume_step;
    std::int64_t kin = 0;
    std::int64_t due_at_ms = 0;  ///< end of a delay or wait; 0: none

    [[nodiscard]] bool is(std::int64_t bit) const { return (kin & bit) != 0; }
    /// Batches count their roots only.
    [[nodiscard]] std::int64_t counted_batch() const { return is(kIsChild) ? 0 : batch; }
    [[nodiscard]] Count count() const { return count_of(status, ready); }
};

/// By handle if it is right, else by id.
[[nodiscard]] std::optional<ExecutionRow> find_row(Connection& connection,
                                                   const model::ExecutionId& id,
                                                   std::int64_t handle);
[[nodiscard]] std::optional<ExecutionRow> find_row(Connection& connection, std::int64_t seq);
/// The row if (owner, token) of the lease own it now.
[[nodiscard]] std::optional<ExecutionRow> find_owned(WriteTransaction& transaction,
                                                     const model::Lease& lease);

/// A person cancelled it, its batch or something above it.
[[nodiscard]] bool is_cancelled(WriteTransaction& transaction, const ExecutionRow& row);

/// Marks the attempt as begun: its number is used up.
void begin_attempt(WriteTransaction& transaction, ExecutionRow& row);
/// Keeps `record` as the last attempt; the one before it goes to `attempts`.
void keep_attempt(WriteTransaction& transaction, const ExecutionRow& row,
                  const model::Attempt& record);

struct BackToPending {
    std::int64_t lane = 0;
    std::int64_t rank = 0;
    base::Millis delay{0};
    std::optional<model::Woken> woken = {};  ///< unset: as it is
};
/// running or waiting -> pending; counters of failures are the caller's.
void to_pending(WriteTransaction& transaction, const ExecutionRow& row, const BackToPending& to);
/// running or in place -> waiting on a channel (may be empty), until the deadline if there is one.
void to_waiting(WriteTransaction& transaction, const ExecutionRow& row, const std::string& channel,
                const std::optional<base::Millis>& deadline);
/// A running execution ends at its next commit; what is below it is swept.
void mark_cancelled(WriteTransaction& transaction, const ExecutionRow& row);
/// any live status -> cancelled.
void to_cancelled(WriteTransaction& transaction, const ExecutionRow& row);
/// running -> failed with the error; `poisoned`: its attempts are used up.
void to_failed(WriteTransaction& transaction, const ExecutionRow& row,
               const model::ExecutionError& error, bool poisoned);
/// Notes the error of a failure that is not the end.
void keep_error(WriteTransaction& transaction, const ExecutionRow& row,
                const model::ExecutionError& error);
/// After a terminal change to `end`: the unique key is free, readers are woken, the family is told.
void finish(WriteTransaction& transaction, const ExecutionRow& row, model::Status end);
/// Wakes those who wait for the end of an execution of this batch (0: of none).
void announce_end(WriteTransaction& transaction, std::int64_t batch);

}  // namespace fleet::store::sqlite
