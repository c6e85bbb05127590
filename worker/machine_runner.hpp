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
#include "worker/machine_host.hpp"
#include "worker/prepared_machine.hpp"

namespace fleet::worker {

struct MachineOutcome {
    /// Without lease, id and attempt. Not meaningful otherwise than with Kind::commit.
    model::StepCommit commit;
    enum class Kind {
        commit,   ///< `commit` ends or parks the execution
        aborted,  ///< stopped before its end: hand it back
        lost,     ///< no longer ours, or cancelled: forget it
    };
    Kind kind = Kind::commit;
};

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
    [[nodiscard]] MachineOutcome run(const contracts::Claimed& claimed,
                                     const PreparedMachine& prepared, const std::stop_token& stop);

  private:
    [[nodiscard]] std::int64_t depth_of(const contracts::Claimed& claimed);
    [[nodiscard]] std::string log_path(const contracts::Claimed& claimed) const;
    [[nodiscard]] std::optional<model::Attempt> log_record_of(const contracts::Claimed& claimed,
                                                              const std::string& path) const;
    [[nodiscard]] model::Attempt record_of(const contracts::Claimed& claimed,
                                           const model::ExecutionError& error) const;

    const Ports ports_;
    std::atomic<bool> leaving_ = false;
    std::mutex mutex_;  ///< guards `programs_`
    /// By configuration: its machines share one program while anybody uses it.
    std::map<std::string, std::weak_ptr<const engine::Program>> programs_;
};

}  // namespace fleet::worker
