#include "cli/work/host_scaler.hpp"

#include <algorithm>
#include <string_view>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "common/process/identity.hpp"
#include "common/process/proc.hpp"

namespace fleet::cli {
namespace {

/// What the scaler's own command line says; it is alive on this box.
std::string batch_of_process(const model::ProcessIdentity& process) {
    const auto text = process::read_small_file("/proc/" + std::to_string(process.pid) + "/cmdline");
    // Arguments, each ended by a zero byte.
    constexpr std::string_view kOption("--batch\0", 8);
    const std::size_t option = text ? text->find(kOption) : std::string::npos;
    if (option == std::string::npos) {
        return "";
    }
    const std::size_t begin = option + kOption.size();
    return text->substr(begin, text->find('\0', begin) - begin);
}

/// In the record, in its metadata (from the first heartbeat on), else as its process was started.
std::string batch_of(const model::WorkerRecord& host) {
    if (!host.batch.empty()) {
        return host.batch;
    }
    if (host.metadata.find("\"batch\"") != std::string::npos) {
        const base::Json json = base::parse_json(host.metadata, "metadata of " + host.worker_id);
        const auto batch = json.find("batch");
        if (batch != json.end() && batch->is_string()) {
            return batch->get<std::string>();
        }
    }
    return batch_of_process(host.process);
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
