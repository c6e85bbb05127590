// What calls of agents have in common, in a tool loop or not. Only for the engine's sources.
#pragma once

#include <string>

#include "machines/calls/agents.hpp"
#include "machines/engine/run_state.hpp"

namespace fleet::engine {

/// The state's session_id without blanks around it; empty: none.
[[nodiscard]] std::string session_id(const RunState& run, const State& state);
/// Throws MachineError as on_error knows it.
[[noreturn]] void throw_agent_error(const calls::AgentError& error);

}  // namespace fleet::engine
