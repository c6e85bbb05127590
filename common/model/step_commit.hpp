// What one step of an execution changed; applied to the store as one atomic, fenced write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/json_text.hpp"
#include "common/model/child.hpp"
#include "common/model/execution.hpp"
#include "common/model/lease.hpp"
#include "common/model/snapshot.hpp"
#include "common/model/usage.hpp"

namespace fleet::model {

/// The lease is kept; the execution goes on.
struct NextRunning {
    bool operator==(const NextRunning&) const = default;
};
/// Back to pending, resume-first, in `stage`, not before `delay` has passed. Not a failure.
struct NextPending {
    std::string stage;  ///< the stage it enters; the current one's name to stay
    base::Millis delay{0};
    bool operator==(const NextPending&) const = default;
};
/// Parked without an owner until a signal on `channel` or until `deadline` has passed, whichever is
/// first by the store's clock (who notices when counts not). At least one of the two is given. If
/// the channel already holds a signal, the execution becomes pending at once with it.
struct NextWaiting {
    std::string channel;
    std::optional<base::Millis> deadline;
    bool operator==(const NextWaiting&) const = default;
};
enum class WaitMode {
    settled,  ///< until every waited-for child has ended
    any,      ///< until the first has ended
};
/// Parked without an owner until the waited-for children of (this execution, `step`) have ended as
/// `mode` says, or until `deadline` has passed, likewise. Children that ended before count; if
/// nothing is left to wait for, the execution becomes pending at once.
struct NextChildren {
    std::int64_t step = 0;
    WaitMode mode = WaitMode::settled;
    /// What is still open when the wait ends is cancelled with its subtrees; else it goes on and
    /// nobody waits for it.
    bool cancel_rest = false;
    std::optional<base::Millis> deadline = {};
    bool operator==(const NextChildren&) const = default;
};
/// The end: the output is the result at flatagents://{id}/result.
struct NextDone {
    base::JsonText output;
    bool operator==(const NextDone&) const = default;
};
/// The attempt failed. The store decides by `failure` and its counters between pending (after
/// `retry_delay`) and failed.
struct NextFailed {
    FailureClass failure = FailureClass::counting;
    ExecutionError error;
    base::Millis retry_delay{0};
    bool operator==(const NextFailed&) const = default;
};
using Next =
    std::variant<NextRunning, NextPending, NextWaiting, NextChildren, NextDone, NextFailed>;

struct SignalToSend {
    std::string channel;
    base::JsonText payload;
    bool operator==(const SignalToSend&) const = default;
};

/// A step of an open in-place descendant. Any alternative of `next` but running, done and failed
/// detaches it: it becomes an ordinary execution that its parent waits for, and `next` of each
/// ancestor up to the committing execution must be NextChildren at the step that created it. A
/// failure is its end, whatever its class: the store does not retry what has no slot of its own.
struct InPlaceStep {
    ExecutionId id;
    std::optional<Snapshot> snapshot = {};  ///< replaces the resume point
    bool keep_history = false;              ///< also kept in machine_checkpoints
    std::vector<Snapshot> history = {};     ///< kept before `snapshot`, in this order
    Next next = {};
};

struct StepCommit {
    Lease lease;
    /// Chosen by the caller before the first try (base::random_positive_int64); the same id applied
    /// twice has the effect of once.
    std::int64_t commit_id = 0;
    /// The attempt this commit belongs to (Claimed::attempt). An attempt that was not begun in the
    /// store yet is begun by its first commit.
    int attempt = 0;
    /// Tells several commits of one step apart: the number of the lease's commits up to this one,
    /// where one step may have more than one. Two commits of the same step and turn are a conflict.
    std::int64_t turn = 0;
    std::optional<Snapshot> snapshot;  ///< replaces the resume point
    bool keep_history = false;         ///< also kept in machine_checkpoints
    std::vector<Snapshot> history;     ///< kept in machine_checkpoints before `snapshot`, in order
    /// Inserted in this order, at most kMaxChildren; those that are there already are left alone.
    std::vector<NewChild> children;
    std::vector<InPlaceStep> in_place;  ///< applied after the children, in this order
    std::vector<SignalToSend> signals;
    std::optional<Attempt> attempt_record;
    std::vector<UsageRecord> usage;
    /// How long a slot worked on this step; feeds the pool's service statistics. 0: not measured.
    base::Millis service_time{0};
    Next next;
};

enum class CommitResult {
    applied,          ///< done now
    already_applied,  ///< this commit_id was applied before; nothing changed
    conflict,         ///< the lease holds, but its last commit was another one for this same step
    lease_lost,       ///< not the current owner and token; nothing changed
    cancelled,  ///< cancel was asked for: usage and attempt are kept, the execution is cancelled
    not_found,  ///< no such execution
};
[[nodiscard]] std::string_view to_text(CommitResult result);

}  // namespace fleet::model
