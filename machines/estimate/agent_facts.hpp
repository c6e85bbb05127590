// What is known of a machine's agents before any of them is called. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "machines/agents/output_schema.hpp"
#include "machines/agents/provider_settings.hpp"
#include "machines/engine/program.hpp"

namespace fleet::estimate {

struct AgentFacts {
    std::string provider;  ///< "openai/gpt-4o"; empty for a program
    std::string program;   ///< of an agent that is one; empty for a model
    std::optional<agents::Prices> prices;
    std::int64_t most_output_tokens = 0;  ///< of one answer
    bool says_most = false;               ///< the profile has `max_tokens`
    std::int64_t prompt_bytes = 0;        ///< of its texts, before anything is filled in
    agents::OutputSchema output;
    std::string trouble;  ///< why it cannot be called; empty: it can
};

/// By machine of the program and the agent's name in it.
using AllAgents = std::map<std::pair<std::size_t, std::string>, AgentFacts>;

/// Every agent of every machine. A profile's own prices win over those of `providers`.
[[nodiscard]] AllAgents read_agents(const engine::Program& program,
                                    const agents::ProviderTable& providers);

}  // namespace fleet::estimate
