// A row of worker_registry as a record, and the statements that read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/time.hpp"
#include "common/model/worker.hpp"
#include "common/store/sqlite/connection.hpp"

namespace fleet::store::sqlite {

/// The columns that `read_worker` expects, in its order.
#define FLEET_WORKER_COLUMNS                                                                 \
    "number, worker_id, kind, host, boot_id, pid_namespace, pid, start_ticks, owner, pool, " \
    "batch, status, slots, busy, version, generation, capabilities, heartbeat_interval_ms, " \
    "ttl_ms, started_at_ms, heartbeat_at_ms, rss_bytes, open_fds, seat, metadata, reason"

struct WorkerRow {
    std::int64_t number = 0;
    model::WorkerRecord record;
};

/// What a worker is judged by: the time, and the end of the last gap in which nobody could have
/// sent a heartbeat.
struct Judgement {
    base::StoreTime now{};
    base::StoreTime gap_end{};
};
[[nodiscard]] Judgement judgement_at(Connection& connection, base::StoreTime now);

[[nodiscard]] bool is_final(model::WorkerStatus status);
[[nodiscard]] WorkerRow read_worker(const Statement& row, const Judgement& judgement);
[[nodiscard]] std::optional<WorkerRow> find_worker_row(Connection& connection,
                                                       const std::string& worker_id,
                                                       const Judgement& judgement);

/// A JSON array of strings.
[[nodiscard]] std::string capabilities_text(const model::WorkerRecord& worker);
/// Objects, merged key by key; what is new wins. Throws ProtocolError naming the worker when `news`
/// is not an object.
[[nodiscard]] base::JsonText merged_metadata(const std::string& worker_id,
                                             const base::JsonText& stored,
                                             const base::JsonText& news);

}  // namespace fleet::store::sqlite
