// Reads an agent's document and what it refers to into an AgentConfig. Everything that is wrong is
// reported at once, each with its file, line and column. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machines/agents/agent_config.hpp"
#include "machines/agents/agent_files.hpp"
#include "machines/config/diagnostic.hpp"
#include "machines/config/fields.hpp"

namespace fleet::agents {

struct LoadedAgent {
    /// nullopt when anything is wrong but warnings.
    std::optional<AgentConfig> config;
    std::vector<config::Diagnostic> diagnostics;
};

struct AgentDocument {
    const config::Node& document;  ///< a whole flatagent
    std::string file;  ///< by the name of AgentFiles; what it refers to is found from it
    std::string path;  ///< the dotted path of an agent in a machine's file; else empty
    std::string name;  ///< by which the machine calls it
    /// A second place for the catalogue `profiles.yml`: the machine's file. May be empty.
    std::string machine_file;
};

[[nodiscard]] LoadedAgent load_agent(const AgentDocument& agent, const AgentFiles& files);

/// `map`: the `config` of an agent `{type: command, config: {...}}`. `file` and the machine's path
/// in it, with a point behind it where it is not empty: for messages.
[[nodiscard]] LoadedAgent load_command(const config::Node& map, const std::string& name,
                                       const std::string& file,
                                       const std::string& machine_path = {});

// For the loader's own parts: each reads one mapping and reports into the fields' findings.
[[nodiscard]] PromptConfig read_prompt(const config::Node& map, const std::string& path,
                                       config::Findings& findings);
[[nodiscard]] ModelConfig read_model(const config::Node& map, const std::string& path,
                                     config::Findings& findings);
[[nodiscard]] CommandConfig read_command(config::Fields& fields);

}  // namespace fleet::agents
