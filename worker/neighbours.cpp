#include "worker/neighbours.hpp"

#include <string>

#include "common/process/tree.hpp"

namespace fleet::worker {

std::size_t end_expired(contracts::Store& store, std::span<const model::WorkerRecord> neighbours,
                        const model::ProcessIdentity& self, base::Log& log) {
    std::size_t ended = 0;
    for (const model::WorkerRecord& neighbour : neighbours) {
        if (neighbour.process == self) {
            continue;
        }
        const std::string pid = std::to_string(neighbour.process.pid);
        // A worker's commands carry its owner id as their mark.
        const process::KillResult result = process::kill_tree(neighbour.process, neighbour.owner);
        if (!result.clean) {
            log.warn("a worker of this box does not renew its leases and cannot be ended",
                     {{"worker", neighbour.worker_id}, {"pid", pid}});
            continue;
        }
        const std::string reason = result.killed > 0
                                       ? "did not renew its leases, ended by another worker"
                                       : "its process is gone";
        // It is proven gone by now: nothing has to be waited for. Its registration comes last: if
        // we are killed in between, the scaler still finds it and repeats this.
        const auto returned = store.work().release_by_worker(neighbour.worker_id,
                                                             contracts::ReleaseReason::worker_dead);
        store.registration().mark_dead(neighbour.worker_id, reason);
        log.warn("took over from a worker of this box whose leases had expired",
                 {{"worker", neighbour.worker_id},
                  {"pid", pid},
                  {"killed", std::to_string(result.killed)},
                  {"executions", std::to_string(returned.size())}});
        ++ended;
    }
    return ended;
}

}  // namespace fleet::worker
