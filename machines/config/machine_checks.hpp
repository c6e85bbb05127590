// What is wrong between the parts of one machine: targets that do not exist, states that cannot be
// reached, members that have no effect together.
#pragma once

#include "machines/config/diagnostic.hpp"
#include "machines/config/machine_config.hpp"

namespace fleet::config {

/// Chooses the initial state and replaces each target by its state's name as well.
/// `path` is that of the machine's `data`.
void check_machine(MachineDefinition& machine, const std::string& path, Findings& findings);

}  // namespace fleet::config
