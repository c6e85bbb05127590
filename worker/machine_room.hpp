// Everything that a worker needs to run machines, made when the first one comes: a worker of
// commands alone pays nothing for it. Thread-safe.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/clock.hpp"
#include "common/base/logging.hpp"
#include "common/contracts/store.hpp"
#include "machines/calls/hooks_registry.hpp"
#include "machines/fleet_file/fleet_file.hpp"
#include "worker/machine_extras.hpp"
#include "worker/machine_runner.hpp"

namespace fleet::worker {

class MachineRoom {
  public:
    struct Ports {
        contracts::Store& store;
        const base::Clock& clock;
        base::Log& log;
        std::string worker_id;
        std::string host;
        std::string process_mark;
        MachineExtras extras;
    };
    explicit MachineRoom(Ports ports);
    MachineRoom(const MachineRoom&) = delete;
    MachineRoom& operator=(const MachineRoom&) = delete;
    ~MachineRoom();

    /// Throws base::ConfigError when the fleet's file (fleet.yml) is wrong.
    [[nodiscard]] MachineRunner& runner();
    /// The worker retires, or was called back: machines that run end between two steps.
    void set_leaving(bool leaving);
    /// Ends the hook commands that no machine uses, as their documentation says it; before those
    /// that are left over are killed.
    void end_hooks();

  private:
    [[nodiscard]] std::shared_ptr<AgentMaker> own_agents(fleet_file::FleetFile fleet) const;

    const Ports ports_;
    std::mutex mutex_;  ///< guards everything below
    std::unique_ptr<calls::StandardHooks> hooks_;
    std::shared_ptr<AgentMaker> agents_;
    std::unique_ptr<MachineRunner> runner_;
    bool leaving_ = false;
};

}  // namespace fleet::worker
