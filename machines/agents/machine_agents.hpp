// The agents that a machine names: each read from where its entry says, and a machine's file
// together with all of its agents, for those who check files before anything runs. Not thread-safe.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "machines/agents/agent_loader.hpp"
#include "machines/config/machine_bundle.hpp"

namespace fleet::agents {

/// An entry of a machine's `agents`.
struct NamedAgent {
    const config::AgentDefinition& definition;
    std::string machine_file;  ///< by the name of AgentFiles
    /// Of the machine in its file, with a point behind it where it is not empty.
    std::string machine_path{};
};

/// nullopt: an adapter of a type that this program does not know.
[[nodiscard]] std::optional<LoadedAgent> load_named_agent(const NamedAgent& agent,
                                                          const AgentFiles& files);

struct MachineWithAgents {
    /// The diagnostics are those of its agents as well, each once, in the order of files and lines.
    config::LoadResult machine;
    /// Of its own or of a machine that it refers to: that agent could not be called.
    bool has_agent_errors = false;
};

/// As config::load_machine, and reads every agent, also of a machine that cannot be started.
[[nodiscard]] MachineWithAgents load_machine_with_agents(const std::filesystem::path& file,
                                                         const config::MachineChecks& checks = {});

}  // namespace fleet::agents
