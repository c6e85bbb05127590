// Calls of agents: what a machine's `agent` state asks for and what comes back (AgentResult of the
// FlatAgents runtime specification 4.2).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "machines/calls/hooks.hpp"
#include "machines/expression/value.hpp"

namespace fleet::calls {

/// An error that the agent reported as such, in its result.
struct AgentError {
    std::string type;     ///< "AgentError" when the agent named none
    std::string message;  ///< "unknown" when the agent gave none
    std::optional<int> status_code;
    bool retryable = false;
};

struct AgentResult {
    using Value = expression::Value;
    Value output;                        ///< an object, or null
    std::optional<std::string> content;  ///< text
    std::optional<AgentError> error;
    Value usage;                ///< an object, or null
    Value cost;                 ///< a number, an object with `total`, or null
    std::string finish_reason;  ///< "tool_use": `tool_calls` are to be answered
    std::vector<ToolCall> tool_calls;
    std::string rendered_user_prompt;
    Value rate_limit;
    Value provider_data;
};

struct AgentRequest {
    expression::Value input;
    std::string session_id;  ///< empty: none
    /// Only in a tool loop.
    bool in_tool_loop = false;
    std::vector<ToolDefinition> tools;
    std::optional<expression::Value> messages;  ///< the conversation so far, a list
};

/// One agent of one machine, ready to be called; by several threads at once.
class Agent {
  public:
    Agent() = default;
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    virtual ~Agent() = default;
    /// Throws CallError, base::Cancelled.
    virtual AgentResult call(const CallScope& scope, const AgentRequest& request) = 0;
    [[nodiscard]] virtual bool has_tool_loop() const { return true; }
    /// What else is known about it (`parsing`); an object or null.
    [[nodiscard]] virtual expression::Value metadata() const { return {}; }
};

}  // namespace fleet::calls
