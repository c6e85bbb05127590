// What a program adds to the machines that its worker runs: hooks under names of their own, and
// agents. Plain values.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "machines/calls/hooks_registry.hpp"
#include "worker/machine_host.hpp"

namespace fleet::worker {

struct MachineExtras {
    std::map<std::string, calls::HooksMaker> hooks;
    std::shared_ptr<AgentMaker> agents;  ///< nullptr: the fleet's own (FleetAgents)
    /// `machine: one` as an execution of its own, which any worker may run, instead of in its
    /// parent's place.
    bool children_elsewhere = false;
};

}  // namespace fleet::worker
