// Runs one attempt of one claimed execution of a machine. The steps on the way are committed here;
// the last one is the caller's to commit.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "common/base/clock.hpp"
#include "common/base/logging.hpp"
#include "common/contracts/store.hpp"
#include "common/contracts/work.hpp"
#include "machines/calls/hooks_registry.hpp"
#include "worker/item_outcome.hpp"
#include "worker/machine_host.hpp"
#include "worker/prepared_machine.hpp"

namespace fleet::worker {

/// Thread-safe: `run` is called by all slots at once.
class MachineRunner {
  public:
    struct Ports {
        contracts::Store& store;
        const base::Clock& clock;
        base::Log& log;
        calls::StandardHooks& hooks;
        AgentMaker& agents;
        std::string worker_id;
        std::string host;
        bool children_elsewhere = false;  ///< see MachineExtras
    };
    explicit MachineRunner(Ports ports);
    MachineRunner(const MachineRunner&) = delete;
    MachineRunner& operator=(const MachineRunner&) = delete;

    /// An error (kind config) when its configuration is not stored or cannot be started. Throws
    /// base::StoreError.
    [[nodiscard]] std::variant<std::shared_ptr<const PreparedMachine>, model::ExecutionError>
    prepare(model::WorkSpec spec);

    /// While set, runs end between two steps, and go on elsewhere.
    void set_leaving(bool leaving) { leaving_ = leaving; }

    /// Blocks until the run is over here. Throws base::StoreError when the store is ruined.
    [[nodiscard]] ItemOutcome run(const contracts::Claimed& claimed,
                                  const PreparedMachine& prepared, const std::stop_token& stop);

  private:
    [[nodiscard]] std::int64_t depth_of(const contracts::Claimed& claimed);
    [[nodiscard]] std::string log_path(const contracts::Claimed& claimed) const;
    /// The evidence: an error, and what hooks have written. nullopt when there is neither.
    [[nodiscard]] std::optional<model::Attempt> record_of(const contracts::Claimed& claimed,
                                                          const model::Next& next,
                                                          const std::string& log_path) const;
    /// How it goes on after a run that is over, all steps taken.
    [[nodiscard]] model::StepCommit last_commit(const contracts::Claimed& claimed,
                                                const PreparedMachine& prepared,
                                                MachineSteps& steps,
                                                const engine::Outcome& result) const;

    const Ports ports_;
    std::atomic<bool> leaving_ = false;
    std::mutex mutex_;  ///< guards `programs_`
    /// By configuration: its machines share one program while anybody uses it.
    std::map<std::string, std::weak_ptr<const engine::Program>> programs_;
};

}  // namespace fleet::worker
