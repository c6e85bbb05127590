// Makes the agents that machines call: models of providers and commands.
//
//   StandardAgents agents({...});                        one per worker process
//   auto agent = agents.make({.definition = ..., ...});  per agent of a run
//
// Thread-safe. What it makes must not outlive it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "machines/agents/provider_gate.hpp"
#include "machines/agents/provider_settings.hpp"
#include "machines/calls/agents.hpp"
#include "machines/config/machine_config.hpp"
#include "machines/http/client.hpp"
#include "machines/limits/error_classes.hpp"

namespace fleet::agents {

struct AgentConfig;

/// All that is not owned outlives it.
struct AgentsHost {
    ProviderGate& gate;
    const base::Clock& clock;
    ProviderTable providers{};
    limits::ErrorClasses classes{};
    /// "NAME=value": where keys are looked for, and what commands are given, their process mark
    /// included. A variable with a provider's key is given to those commands only that name it.
    std::vector<std::string> environment{};
};

/// One agent of one machine.
struct AgentSource {
    const config::AgentDefinition& definition;
    /// The documents that the machine's bundle holds, by their names.
    const std::map<std::string, config::Node>& files;
    /// The machine's file, by that name ("machine.yml", "parts/child.yml").
    std::string machine_file{};
    /// Where those names are found on the disk; empty: only what the bundle holds is found.
    std::filesystem::path folder{};
    std::string phase{};  ///< the stage, for the day's sums
};

class StandardAgents {
  public:
    explicit StandardAgents(AgentsHost host);
    StandardAgents(const StandardAgents&) = delete;
    StandardAgents& operator=(const StandardAgents&) = delete;

    /// nullptr: an adapter of a type that this program does not know. Throws base::ConfigError with
    /// all that is wrong with the agent's files, a line each, and for a key that is not where it
    /// should be.
    [[nodiscard]] std::shared_ptr<calls::Agent> make(const AgentSource& source);

  private:
    [[nodiscard]] std::shared_ptr<calls::Agent> make_model(AgentConfig config, std::string phase);
    [[nodiscard]] std::shared_ptr<calls::Agent> make_command(AgentConfig config);

    AgentsHost host_;
    http::Client client_;
    std::vector<std::string> command_environment_;
};

}  // namespace fleet::agents
