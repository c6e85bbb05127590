// Where the checkpoints and signals of one case are. Memory lives as long as the case; files are
// opened anew for every op, as a new process would. Ops run one at a time; what is handed out is
// thread-safe.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "machines/config/machine_config.hpp"
#include "machines/family/checkpoints.hpp"
#include "machines/family/signals.hpp"

namespace fleet::conformance {

class Backends {
  public:
    /// `kind` as a case names it: memory, local, sqlite, config. `folder` is the working folder.
    Backends(std::string kind, std::filesystem::path folder);

    /// A new process that runs this machine: what it opens is what the ops after it look at.
    void begin(const config::MachineDefinition& machine);
    [[nodiscard]] family::FamilyCheckpoints& checkpoints() { return *checkpoints_; }
    [[nodiscard]] family::FamilySignals& signals() { return *signals_; }

  private:
    void open(const std::string& kind, const std::string& database);

    const std::string kind_;
    const std::filesystem::path folder_;
    std::unique_ptr<family::FamilyCheckpoints> checkpoints_;
    std::unique_ptr<family::FamilySignals> signals_;
};

}  // namespace fleet::conformance
