#include "common/model/worker.hpp"

#include "common/model/json_writer.hpp"
#include "common/model/names.hpp"

namespace fleet::model {
namespace {

constexpr NameTable<WorkerStatus, 4> kStatusNames{{
    {WorkerStatus::active, "active"},
    {WorkerStatus::terminating, "terminating"},
    {WorkerStatus::terminated, "terminated"},
    {WorkerStatus::lost, "lost"},
}};

base::JsonText string_array(const std::vector<std::string>& values) {
    std::string json = "[";
    for (const std::string& value : values) {
        if (json.size() > 1) {
            json += ',';
        }
        append_json_string(json, value);
    }
    return json + "]";
}

}  // namespace

std::string_view to_text(WorkerStatus status) {
    return name_of(kStatusNames, status);
}

std::optional<WorkerStatus> parse_worker_status(std::string_view text) {
    return value_of(kStatusNames, text);
}

bool is_legal_change(WorkerStatus from, WorkerStatus to) {
    if (from == to) {
        return true;
    }
    switch (from) {
        case WorkerStatus::active:
            return to == WorkerStatus::terminating || to == WorkerStatus::lost;
        case WorkerStatus::terminating:
            return true;
        case WorkerStatus::terminated:
        case WorkerStatus::lost:
            break;
    }
    return false;
}

base::JsonText to_json_text(const WorkerRecord& worker) {
    JsonObjectWriter json;
    json.text("id", worker.worker_id);
    json.text("host", worker.host);
    json.integer("pid", worker.process.pid);
    json.text("pool", worker.pool);
    json.text("status", to_text(worker.status));
    json.integer("slots", worker.slots);
    json.integer("busy", worker.busy);
    json.integer("heartbeat_age_ms", worker.heartbeat_age.count());
    json.time("started_at", worker.started_at);
    json.text("version", worker.version);
    json.text("kind", worker.kind == WorkerKind::host ? "host" : "worker");
    json.text("owner", worker.owner);
    json.text("batch", worker.batch);
    json.boolean("stale", worker.stale);
    json.integer("rss_bytes", worker.rss_bytes);
    json.integer("open_fds", worker.open_fds);
    json.integer("seat", worker.seat);
    json.integer("generation", worker.generation);
    json.embed("capabilities", string_array(worker.capabilities));
    json.text("reason", worker.reason);
    json.embed("metadata", worker.metadata.empty() ? "{}" : worker.metadata);
    return json.finish();
}

}  // namespace fleet::model
