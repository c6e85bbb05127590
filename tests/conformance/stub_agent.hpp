// The scripted agent of the conformance cases.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "machines/calls/agents.hpp"
#include "machines/config/machine_config.hpp"
#include "tests/conformance/stub_state.hpp"

namespace fleet::conformance {

/// What a call was asked, before anything else happens.
using CallLog = std::function<void(const std::string& agent, const calls::AgentRequest& request)>;

/// Throws MachineError for an agent that is no stub. `state` outlives the agent.
[[nodiscard]] std::shared_ptr<calls::Agent> make_stub_agent(
    const config::AgentDefinition& definition, StubState& state, CallLog log);

}  // namespace fleet::conformance
