// The slots: threads that take claimed items, run them and pass on what came of them.
//
// A command is spawned by its slot's thread, which lives until the command has ended: the kernel
// ties a command's death signal to that thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.hpp"
#include "common/contracts/work.hpp"
#include "machines/calls/run_attempt.hpp"
#include "worker/claim_size.hpp"
#include "worker/commit_pipe.hpp"
#include "worker/item_outcome.hpp"
#include "worker/lease_keeper.hpp"
#include "worker/machine_room.hpp"
#include "worker/running_attempts.hpp"
#include "worker/work_queue.hpp"

namespace fleet::worker {

/// Ids for commits: unique within an execution, which is all that the store compares. One generator
/// a thread; a random start keeps the threads apart without a system call for each id.
class CommitIds {
  public:
    CommitIds();
    [[nodiscard]] std::int64_t next();

  private:
    std::int64_t last_;
};

class Slots {
  public:
    struct Ports {
        contracts::WorkBackend& work;
        const base::Clock& clock;
        calls::AttemptRunner& runner;
        MachineRoom& machines;
        WorkQueue& queue;
        RunningAttempts& attempts;
        ClaimSize& claim_size;
        LeaseKeeper& keeper;
        CommitPipe& pipe;
        /// For the records of what could not be tried at all.
        std::function<model::Attempt(const contracts::Claimed&)> empty_record;
        std::function<void(const std::string& why, base::StoreError::Kind kind)> fatal;
    };

    Slots(std::size_t count, Ports ports);
    Slots(const Slots&) = delete;
    Slots& operator=(const Slots&) = delete;
    /// Closes the queue, ends the attempts that run, waits for the threads.
    ~Slots();

  private:
    void run(std::size_t slot);
    void run_instant(std::vector<WorkItem>& items, CommitIds& ids);
    /// Runs it, and what comes after it as long as both can share a write.
    void run_others(std::size_t slot, WorkItem& item, CommitIds& ids);
    /// nullopt: it was not run or recorded here.
    [[nodiscard]] std::optional<model::StepCommit> run_one(std::size_t slot, WorkItem& item,
                                                           const std::stop_token& stop,
                                                           CommitIds& ids);
    [[nodiscard]] ItemOutcome run_item(const WorkItem& item, const std::stop_token& stop);
    [[nodiscard]] ItemOutcome run_machine(const WorkItem& item, const PreparedMachine& machine,
                                          const std::stop_token& stop);
    /// False: the item must not run here, and was disposed of.
    bool prepare(const WorkItem& item);
    bool begin(const WorkItem& item);
    void give_up(const WorkItem& item);

    const Ports ports_;
    std::vector<std::jthread> threads_;
};

}  // namespace fleet::worker
