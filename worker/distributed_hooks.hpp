// The hooks `distributed-worker` of users' machines: the family's actions for work that a machine
// takes out of a pool by itself, looking at the pool, and reaping silent workers. docs/machines.md
// says which fields of the context each reads and sets.
//
// A machine works as the worker process that runs it: the jobs that it claims are held under that
// worker's registration, heartbeat and leases, and those it has not completed when its run ends go
// back.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/base/clock.hpp"
#include "common/contracts/store.hpp"
#include "machines/calls/hooks.hpp"
#include "worker/lease_keeper.hpp"

namespace fleet::worker {

/// The jobs that machines of this worker hold. Thread-safe.
class MachineJobs {
  public:
    struct Ports {
        contracts::Store& store;
        const base::Clock& clock;
        const model::WorkerRecord& worker;
        base::Millis lease_ttl{15'000};
    };
    explicit MachineJobs(Ports ports) : ports_(ports) {}
    MachineJobs(const MachineJobs&) = delete;
    MachineJobs& operator=(const MachineJobs&) = delete;

    /// From the registration on; it outlives every machine's run.
    void renew_with(LeaseKeeper& keeper) { keeper_ = &keeper; }

    [[nodiscard]] const Ports& ports() const { return ports_; }
    /// nullopt: nothing is ready. Throws CallError and base::StoreError.
    [[nodiscard]] std::optional<contracts::Claimed> claim(const std::string& pool,
                                                          const void* holder);
    /// Ends it. Throws CallError LeaseLost when it is not held any more.
    void end(const std::string& job, model::Next next);
    /// What this holder has claimed and nobody has ended goes back. Throws base::StoreError.
    void give_back(const void* holder);

  private:
    struct Held {
        contracts::Claimed claimed;
        const void* holder = nullptr;
        base::StoreTime since{};
    };
    void let_go(const model::Lease& lease);

    const Ports ports_;
    std::atomic<LeaseKeeper*> keeper_ = nullptr;
    std::mutex mutex_;  ///< guards held_
    std::map<std::string, Held> held_;
};

/// One object for one state of one run.
[[nodiscard]] std::unique_ptr<calls::Hooks> make_distributed_hooks(MachineJobs& jobs);

}  // namespace fleet::worker
