// A registration: one worker process, or one host (its scaler).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json_text.hpp"
#include "common/base/time.hpp"

namespace fleet::model {

/// Tells one process from every other that ever ran: a pid alone is reused.
struct ProcessIdentity {
    std::string boot_id;
    std::uint64_t pid_namespace = 0;  ///< inode of /proc/self/ns/pid
    std::int32_t pid = 0;
    std::uint64_t start_ticks = 0;  ///< field 22 of /proc/PID/stat
    bool operator==(const ProcessIdentity&) const = default;

    /// Same boot and pid namespace: the process can be looked at and signalled from here.
    [[nodiscard]] bool same_box(const ProcessIdentity& other) const {
        return boot_id == other.boot_id && pid_namespace == other.pid_namespace;
    }
};

enum class WorkerKind { worker, host };

//   active ----> terminating ----> terminated
//     |  ^          |   |
//     |  +----------+   |    (called back)
//     +----> lost <-----+
//
// `terminated` and `lost` are final for that worker id.
enum class WorkerStatus { active, terminating, terminated, lost };

[[nodiscard]] std::string_view to_text(WorkerStatus status);
[[nodiscard]] std::optional<WorkerStatus> parse_worker_status(std::string_view text);
/// The table behind the drawing; a status may always be set to itself.
[[nodiscard]] bool is_legal_change(WorkerStatus from, WorkerStatus to);

struct WorkerRecord {
    std::string worker_id;
    WorkerKind kind = WorkerKind::worker;
    std::string host;
    ProcessIdentity process;
    std::string owner;  ///< `host:pid:run_id`, what leases are held under
    std::string pool;   ///< empty for hosts
    std::string batch;  ///< batch it is bound to, else empty
    WorkerStatus status = WorkerStatus::active;
    int slots = 0;  ///< for a host: its capacity
    int busy = 0;
    std::string version;
    std::int64_t generation = 0;
    std::vector<std::string> capabilities;
    base::Millis heartbeat_interval{5000};
    base::Millis ttl{10'000};  ///< stale when no heartbeat came for this long
    base::StoreTime started_at{};
    base::Millis heartbeat_age{0};
    bool stale = false;
    std::int64_t rss_bytes = 0;
    int open_fds = 0;
    std::int64_t seat = 0;     ///< 0 for none
    std::string launch_token;  ///< proves the seat; never listed
    base::JsonText metadata;   ///< an object; heartbeats merge into it
    std::string reason;  ///< why it has this status ("scale down: ...", "no heartbeat for 12s")
};

/// `id host pid pool status slots busy heartbeat_age_ms started_at version` and more.
[[nodiscard]] base::JsonText to_json_text(const WorkerRecord& worker);

}  // namespace fleet::model
