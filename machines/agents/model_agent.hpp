// An agent that asks a model: renders the prompt, asks, finds the output in the answer.
#pragma once

#include <memory>

#include "machines/agents/agent_config.hpp"
#include "machines/agents/model_endpoint.hpp"
#include "machines/calls/agents.hpp"

namespace fleet::agents {

/// `config` has a prompt and a model. The host's parts outlive the agent.
///
/// With an output schema the answer is read by it; one that does not fit is sent back once with
/// what is wrong, and if the next one does not fit either the result is an error (`OutputError`).
/// In a tool loop the answer is text alone. Besides what calls::Agent says, a call throws
/// ProviderWait.
[[nodiscard]] std::shared_ptr<calls::Agent> make_model_agent(AgentConfig config,
                                                             ModelEndpoint endpoint);

}  // namespace fleet::agents
