// The agents of a worker in a fleet: models of providers behind the fleet's gate, and commands.
// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "machines/agents/standard_agents.hpp"
#include "worker/fleet_gate.hpp"
#include "worker/machine_host.hpp"

namespace fleet::worker {

class FleetAgents final : public AgentMaker {
  public:
    struct Settings {
        agents::ProviderTable providers;
        limits::ErrorClasses classes;
        std::vector<std::string> environment;  ///< "NAME=value", the process mark included
    };
    FleetAgents(FleetGate::Ports gate, Settings settings);

    std::shared_ptr<calls::Agent> make(const AgentPlace& place,
                                       const config::AgentDefinition& definition) override;

  private:
    FleetGate gate_;
    agents::StandardAgents agents_;
};

}  // namespace fleet::worker
