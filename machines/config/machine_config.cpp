#include "machines/config/machine_config.hpp"

#include <algorithm>

namespace fleet::config {
namespace {

template <typename Named>
const Named* find_by_name(const std::vector<Named>& all, std::string_view name) {
    const auto found =
        std::ranges::find_if(all, [&](const Named& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

const State* MachineDefinition::find_state(std::string_view state) const {
    return find_by_name(states, state);
}

const AgentDefinition* MachineDefinition::find_agent(std::string_view agent) const {
    return find_by_name(agents, agent);
}

const MachineReference* MachineDefinition::find_machine(std::string_view machine) const {
    return find_by_name(machines, machine);
}

}  // namespace fleet::config
