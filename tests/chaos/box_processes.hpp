// The processes of one box of the chaos: all that was started there carries its mark in its
// environment, whoever its parent is by now. Thread-safe: no state.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/model/worker.hpp"

namespace fleet::chaos {

enum class Role { fleet, scaler, worker, command, other };

struct BoxProcess {
    Role role = Role::other;
    model::ProcessIdentity identity;
    std::string command_line;
};

class BoxProcesses {
  public:
    /// `name` tells this box from every other.
    explicit BoxProcesses(std::string name) : name_(std::move(name)) {}

    /// What everything in the box must have in its environment.
    [[nodiscard]] std::pair<std::string, std::string> variable() const;
    /// Those that live now.
    [[nodiscard]] std::vector<BoxProcess> list() const;

  private:
    std::string name_;
};

/// SIGKILL to exactly this process; false if it was gone.
bool kill_process(const BoxProcess& process);

/// "worker 123 (parent 1): COMMAND LINE".
[[nodiscard]] std::string describe(const BoxProcess& process);

}  // namespace fleet::chaos
