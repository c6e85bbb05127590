#include "cli/work/host_scaler.hpp"

#include <algorithm>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "common/process/identity.hpp"

namespace fleet::cli {
namespace {

/// The batch of a host's registration: in the record, or in its metadata.
std::string batch_of(const model::WorkerRecord& host) {
    if (!host.batch.empty() || host.metadata.find("\"batch\"") == std::string::npos) {
        return host.batch;
    }
    const base::Json json = base::parse_json(host.metadata, "metadata of " + host.worker_id);
    const auto batch = json.find("batch");
    return batch != json.end() && batch->is_string() ? batch->get<std::string>() : "";
}

contracts::WorkerFilter living(model::WorkerKind kind) {
    contracts::WorkerFilter filter;
    filter.kind = kind;
    filter.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating};
    return filter;
}

}  // namespace

std::optional<HostScaler> find_host_scaler(contracts::Store& store) {
    for (const auto& host : store.registration().list(living(model::WorkerKind::host))) {
        // Alive as seen from here: that it is of this box is part of the answer.
        if (process::liveness(host.process) == process::Liveness::alive) {
            return HostScaler{
                .owner = host.owner, .batch = batch_of(host), .process = host.process};
        }
    }
    return std::nullopt;
}

int count_workers(contracts::Store& store, const std::string& pool, const std::string& batch) {
    contracts::WorkerFilter filter = living(model::WorkerKind::worker);
    filter.pool = pool;
    const auto workers = store.registration().list(filter);
    return static_cast<int>(std::count_if(
        workers.begin(), workers.end(),
        [&batch](const model::WorkerRecord& worker) { return worker.batch == batch; }));
}

}  // namespace fleet::cli
