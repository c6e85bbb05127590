#include "worker/fleet_agents.hpp"

#include <utility>

namespace fleet::worker {

FleetAgents::FleetAgents(FleetGate::Ports gate, Settings settings)
    : gate_(gate),
      agents_({.gate = gate_,
               .clock = gate.clock,
               .providers = std::move(settings.providers),
               .classes = std::move(settings.classes),
               .environment = std::move(settings.environment)}) {}

std::shared_ptr<calls::Agent> FleetAgents::make(const AgentPlace& place,
                                                const config::AgentDefinition& definition) {
    // Only what the configuration in the store holds: any box may run it.
    return agents_.make({.definition = definition,
                         .files = place.program.bundle().files,
                         .machine_file = place.machine.definition->file,
                         .phase = place.stage});
}

}  // namespace fleet::worker
