#include "common/store/sqlite/worker_row.hpp"

#include <algorithm>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"

namespace fleet::store::sqlite {

namespace {

std::vector<std::string> capabilities_of(const std::string& text) {
    std::vector<std::string> capabilities;
    if (text.empty()) {
        return capabilities;
    }
    for (const auto& one : base::parse_json(text, "a worker's stored capabilities")) {
        if (one.is_string()) {
            capabilities.push_back(one.get<std::string>());
        }
    }
    return capabilities;
}

/// A status that a newer program may have written is no reason to hand out work: it counts as lost.
model::WorkerStatus status_of(std::string_view text) {
    return model::parse_worker_status(text).value_or(model::WorkerStatus::lost);
}

}  // namespace

Judgement judgement_at(Connection& connection, base::StoreTime now) {
    auto row = connection.prepare("SELECT gap_end_ms FROM clock WHERE id = 1");
    return {.now = now, .gap_end = base::store_time(row.step() ? row.integer(0) : 0)};
}

bool is_final(model::WorkerStatus status) {
    return status == model::WorkerStatus::terminated || status == model::WorkerStatus::lost;
}

WorkerRow read_worker(const Statement& row, const Judgement& judgement) {
    WorkerRow result;
    result.number = row.integer(0);
    auto& record = result.record;
    record.worker_id = row.text(1);
    record.kind = row.view(2) == "host" ? model::WorkerKind::host : model::WorkerKind::worker;
    record.host = row.text(3);
    record.process.boot_id = row.text(4);
    record.process.pid_namespace = static_cast<std::uint64_t>(row.integer(5));
    record.process.pid = static_cast<std::int32_t>(row.integer(6));
    record.process.start_ticks = static_cast<std::uint64_t>(row.integer(7));
    record.owner = row.text(8);
    record.pool = row.text(9);
    record.batch = row.text(10);
    record.status = status_of(row.view(11));
    record.slots = static_cast<int>(row.integer(12));
    record.busy = static_cast<int>(row.integer(13));
    record.version = row.text(14);
    record.generation = row.integer(15);
    record.capabilities = capabilities_of(row.text(16));
    record.heartbeat_interval = base::Millis{row.integer(17)};
    record.ttl = base::Millis{row.integer(18)};
    record.started_at = base::store_time(row.integer(19));
    const auto heartbeat_at = base::store_time(row.integer(20));
    record.heartbeat_age = judgement.now - heartbeat_at;
    record.stale = !is_final(record.status) &&
                   judgement.now >= std::max(heartbeat_at, judgement.gap_end) + record.ttl;
    record.rss_bytes = row.integer(21);
    record.open_fds = static_cast<int>(row.integer(22));
    record.seat = row.integer(23);
    record.metadata = row.text(24);
    record.reason = row.text(25);
    return result;
}

std::optional<WorkerRow> find_worker_row(Connection& connection, const std::string& worker_id,
                                         const Judgement& judgement) {
    auto row = connection.prepare("SELECT " FLEET_WORKER_COLUMNS
                                  " FROM worker_registry WHERE worker_id = ?1");
    if (!row.bind(1, worker_id).step()) {
        return std::nullopt;
    }
    return read_worker(row, judgement);
}

std::string capabilities_text(const model::WorkerRecord& worker) {
    auto list = base::Json::array();
    for (const auto& one : worker.capabilities) {
        list.push_back(one);
    }
    return base::dump_json(list);
}

base::JsonText merged_metadata(const std::string& worker_id, const base::JsonText& stored,
                               const base::JsonText& news) {
    if (news.empty()) {
        return stored;
    }
    const auto where = "metadata of worker " + worker_id;
    try {
        const auto changes = base::parse_json(news, where);
        if (!changes.is_object()) {
            throw base::ProtocolError(where + ": it is not a JSON object but " +
                                      changes.type_name());
        }
        auto object =
            stored.empty() ? base::Json::object() : base::parse_json(stored, "stored " + where);
        for (const auto& [key, value] : changes.items()) {
            object[key] = value;
        }
        return base::dump_json(object);
    } catch (const base::ConfigError& failure) {
        throw base::ProtocolError(failure.what());
    }
}

}  // namespace fleet::store::sqlite
