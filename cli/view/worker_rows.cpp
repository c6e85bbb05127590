#include "cli/view/worker_rows.hpp"

#include <algorithm>
#include <string>

#include "cli/view/describe.hpp"

namespace fleet::cli {
namespace {

bool is_live(const model::WorkerRecord& worker) {
    return worker.status == model::WorkerStatus::active ||
           worker.status == model::WorkerStatus::terminating;
}

std::string status_text(const model::WorkerRecord& worker) {
    const std::string status(model::to_text(worker.status));
    return worker.stale && is_live(worker) ? status + " (silent)" : status;
}

}  // namespace

Table worker_table(std::vector<model::WorkerRecord> workers) {
    std::stable_partition(workers.begin(), workers.end(), is_live);
    Table table({{"ID"},
                 {"HOST", Align::left, true},
                 {"PID", Align::right},
                 {"POOL", Align::left, true},
                 {"STATUS"},
                 {"SLOTS", Align::right},
                 {"HEARTBEAT", Align::right},
                 {"MEMORY", Align::right, false, true},
                 {"VERSION"},
                 {"REASON", Align::left, true, true}});
    for (const model::WorkerRecord& worker : workers) {
        const std::string pool =
            worker.batch.empty() ? worker.pool : worker.pool + " (" + worker.batch + ")";
        table.add({{worker.worker_id},
                   {worker.host},
                   {std::to_string(worker.process.pid)},
                   {pool},
                   {status_text(worker), colour_of(worker)},
                   {std::to_string(worker.busy) + "/" + std::to_string(worker.slots)},
                   {base::human_duration(worker.heartbeat_age) + " ago"},
                   {worker.rss_bytes > 0 ? human_bytes(worker.rss_bytes) : "-"},
                   {worker.version.empty() ? "-" : worker.version},
                   {worker.reason.empty() ? "-" : worker.reason}});
    }
    return table;
}

}  // namespace fleet::cli
