// An agent that is a program: a new process for each call, input on its stdin, answer on its
// stdout.
//
//   input: json    {"agent", "input", "session_id"} and with a prompt {"system", "user"}; in a tool
//                  loop {"tools", "messages"} too
//          text    the prompt's system and user texts with an empty line between them; without a
//                  prompt the input as JSON
//   output: json   an object: the agent's output
//           text   all of it, without the line's end: the agent's content
//           result an object with the members of an AgentResult: output, content, error {type,
//                  message, status_code, retryable}, usage, cost, finish_reason, tool_calls,
//                  rate_limit, provider_data
//
// An exit code other than 0 is an error (`CommandError`, retryable for 75), with the end of what
// the program wrote on stderr. It has a process group of its own, which is killed when the call is
// stopped or late (`TimeoutError`, retryable).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "machines/agents/agent_config.hpp"
#include "machines/calls/agents.hpp"

namespace fleet::agents {

/// A program that writes more is killed.
inline constexpr std::size_t kMaxCommandAnswerBytes = std::size_t{32} << 20U;
/// "Try again later", as sysexits.h has it.
inline constexpr int kTemporaryFailure = 75;

/// `config` has a command. `environment`: what the program gets besides its own variables, as
/// "NAME=value". `clock` outlives the agent.
[[nodiscard]] std::shared_ptr<calls::Agent> make_command_agent(AgentConfig config,
                                                               std::vector<std::string> environment,
                                                               const base::Clock& clock);

}  // namespace fleet::agents
