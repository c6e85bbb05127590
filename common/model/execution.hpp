// An execution: one run of a machine; the job. Values only, no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/json_text.hpp"
#include "common/base/time.hpp"

namespace fleet::model {

using ExecutionId = base::Uuid;

//             push
//              |
//              v        claim                 commit
//   +-----> pending ------------> running ------------------> done
//   |          ^                   |  |  \------------------> failed
//   | requeue  |  release, retry,  |  |   \-----------------> cancelled
//   |          |  takeover         |  | park (channel, time, children)
//   |          +-------------------+  v
//   |          +--------------------waiting   signal, deadline or end of the children
//   +--- failed, cancelled
//
// `cancel` moves pending and waiting to cancelled at once; a running one at its next commit.
enum class Status { pending, running, waiting, done, failed, cancelled };

[[nodiscard]] std::string_view to_text(Status status);
[[nodiscard]] std::optional<Status> parse_status(std::string_view text);
[[nodiscard]] constexpr bool is_terminal(Status status) {
    return status == Status::done || status == Status::failed || status == Status::cancelled;
}
/// The table behind the drawing above (requeue included).
[[nodiscard]] bool is_legal_change(Status from, Status to);

/// Why an execution or one of its attempts did not succeed.
enum class ErrorKind {
    exit_code,    ///< the command ended with another code than 0
    signal,       ///< the command was ended by a signal that was not ours
    timeout,      ///< the attempt took longer than its time limit
    spawn,        ///< the command could not be started
    rate_limit,   ///< a provider answered 429
    config,       ///< what was submitted cannot be run
    agent,        ///< an agent call failed
    lost_worker,  ///< the worker vanished while it ran, more often than allowed
    cancelled,    ///< a person cancelled it
    internal,     ///< a fault of Flatfleet itself
    machine,      ///< a machine ended with an error that none of its states handles
};
[[nodiscard]] std::string_view to_text(ErrorKind kind);
[[nodiscard]] std::optional<ErrorKind> parse_error_kind(std::string_view text);

/// What went wrong, and where the proof lies (a log file's path, a table row). The message is never
/// empty.
struct ExecutionError {
    ErrorKind kind = ErrorKind::internal;
    std::string message;
    std::string evidence;
    std::string type = {};  ///< "ValueError", "TimeoutError"; empty for commands
    bool operator==(const ExecutionError&) const = default;
};

/// How a failure is counted.
enum class FailureClass {
    counting,      ///< uses up one of max_attempts
    transient,     ///< goes back to pending; limited to kMaxTransientFailures
    rate_limited,  ///< goes back to pending; limited to kMaxRateLimited
    permanent,     ///< fails at once
};

inline constexpr int kMaxTransientFailures = 100;
inline constexpr int kMaxRateLimited = 10'000;
/// How often an attempt may be lost with its worker before the execution fails as `lost_worker`.
inline constexpr int kMaxLostWorker = 10;

/// Bounds of a priority; larger is more urgent. 0 is the default.
inline constexpr int kMaxPriority = 100'000;
inline constexpr int kMinPriority = -100'000;

/// What moved an execution from `waiting` to `pending`; kept until a commit has used it.
enum class Woken { none, signal, deadline, children };
[[nodiscard]] std::string_view to_text(Woken woken);

/// Counters of one execution; only `failures` is held against max_attempts.
struct Counters {
    int attempt = 0;       ///< starts of work so far; names the log files, never repeats
    int failures = 0;      ///< counting failures
    int transient = 0;     ///< transient failures
    int rate_limited = 0;  ///< 429s
    int lost_worker = 0;   ///< begun attempts lost with their worker
    int takeovers = 0;     ///< leases that expired or were handed back for a dead owner
    int releases = 0;      ///< orderly hand-backs (retirement)
    bool operator==(const Counters&) const = default;
};

/// One try of a command or call, as evidence. Every field that is absent was not measured.
struct Attempt {
    int number = 0;  ///< from 1
    std::string worker_id;
    std::string host;
    base::StoreTime started_at{};
    base::StoreTime finished_at{};  ///< 0 while it runs
    std::optional<int> exit_code;
    std::optional<int> signal;
    std::optional<ExecutionError> error;
    base::Millis duration{0};              ///< of the command alone, monotonic
    std::optional<base::Millis> cpu_time;  ///< user + system, the command and what it waited for
    std::optional<std::int64_t> max_rss_bytes;
    std::string stdout_path;  ///< absolute; empty for work inside the worker
    std::string stderr_path;
    std::int64_t stdout_offset = 0;  ///< where the command's own output begins (after the header)
    std::int64_t stderr_offset = 0;
    std::string stderr_excerpt;  ///< last words, UTF-8, at most kExcerptBytes
    bool suspicious = false;     ///< ended in a way that deserves a look
    bool operator==(const Attempt&) const = default;
};
inline constexpr std::size_t kExcerptBytes = 2048;

[[nodiscard]] base::JsonText to_json_text(const Attempt& attempt);
/// Throws ProtocolError naming the first member that is wrong.
[[nodiscard]] Attempt attempt_from_json(const base::JsonText& text);

/// What a store tells about one execution.
struct Execution {
    ExecutionId id;
    std::string batch;  ///< batch name, empty for none
    std::string pool;
    std::string stage;  ///< empty for the pool's default stage
    Status status = Status::pending;
    std::int64_t item_number = 0;  ///< `{#}`, 0 for none
    int priority = 0;
    Counters counters;
    int max_attempts = 1;
    base::StoreTime created_at{};
    std::optional<base::StoreTime> started_at;   ///< begin of the last attempt
    std::optional<base::StoreTime> finished_at;  ///< of the terminal commit
    std::optional<base::Millis> due_in;          ///< delay or deadline still to pass, if any
    std::string worker_id;                       ///< current or last owner
    std::string channel;                         ///< waited for, else empty
    std::int64_t spec = 0;                       ///< see WorkBackend::spec
    base::JsonText input;
    base::JsonText output;                ///< of a done execution
    std::optional<ExecutionError> error;  ///< last failure; kept when it is retried
    std::optional<Attempt> last_attempt;
    std::string unique_key;
    bool cancel_requested = false;
    bool poisoned = false;  ///< failed because max_attempts counting failures were used up
    ExecutionId parent;     ///< nil for roots
    ExecutionId root;       ///< its own id for roots
    std::string label;      ///< by what name the parent calls the machine; empty for roots
    /// Children that the wait in which it is parked still waits for.
    std::int64_t children_open = 0;
};

/// `id batch pool stage status attempt failures priority created_at started_at finished_at worker
/// input output error{kind,type,message,evidence}`: the one JSON form of an execution, one line.
[[nodiscard]] base::JsonText to_json_text(const Execution& execution);

}  // namespace fleet::model
