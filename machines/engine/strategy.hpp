// How an agent is called for one state: once, again until it works, several times at once, or until
// enough answers agree. Semantics of ExecutionConfig in the FlatAgents runtime specification 4.2;
// voting is that of the paper "Solving a Million-Step LLM Task with Zero Errors" (first to be ahead
// by k).
#pragma once

#include "machines/calls/agents.hpp"
#include "machines/config/machine_config.hpp"

namespace fleet::engine {

/// The most samples of one call.
inline constexpr std::int64_t kMostSamples = 1000;

/// The usage and cost of the result are the sum of all calls. An agent's own error is in the
/// result; what a single call throws is thrown (`default`), becomes the result's error (`retry`) or
/// is one sample less. Throws base::Cancelled when the scope's token is stopped.
[[nodiscard]] calls::AgentResult call_by_strategy(calls::Agent& agent,
                                                  const calls::CallScope& scope,
                                                  const calls::AgentRequest& request,
                                                  const config::Execution& execution);

}  // namespace fleet::engine
