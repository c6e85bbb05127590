#include "cli/work/host_scaler.hpp"

#include <algorithm>

#include "common/process/identity.hpp"

namespace fleet::cli {
namespace {

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
            return HostScaler{.owner = host.owner, .batch = host.batch, .process = host.process};
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
