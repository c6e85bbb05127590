// What a batch of a machine will come to: calls of each agent, their tokens and their cost, and
// where each figure is from. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/estimate/agent_facts.hpp"
#include "machines/estimate/course.hpp"
#include "machines/estimate/graph_calls.hpp"
#include "machines/estimate/history.hpp"
#include "machines/estimate/trial.hpp"

namespace fleet::estimate {

/// In the order of preference: earlier executions, then a graph that leaves no choice, then trial
/// runs, which decide by invented answers, then the least that the graph allows.
enum class CallsFrom { history, graph, trial, at_least };
/// The batch's own items in trial runs; calls of the same provider and stage; the prompt's text
/// before anything is filled in.
enum class InputFrom { trial, history, prompt_text };
/// Calls of the same provider and stage; else what the profile allows, or the default of that.
enum class OutputFrom { history, max_tokens, default_most };
[[nodiscard]] std::string_view to_text(CallsFrom source);
[[nodiscard]] std::string_view to_text(InputFrom source);
[[nodiscard]] std::string_view to_text(OutputFrom source);

/// One agent in one stage. All figures but those of a call are of the whole batch.
struct AgentLine {
    std::string stage;
    std::string agent;
    std::string machine;              ///< its name
    std::vector<std::string> states;  ///< that call it
    std::string provider;             ///< "openai/gpt-4o"; empty for a program
    std::string program;
    std::string trouble;  ///< why it cannot be called; empty: it can
    double calls = 0;     ///< what is counted on
    Bounds bounds;        ///< `most_with_errors` with all attempts of an item
    CallsFrom calls_from = CallsFrom::graph;
    double input_tokens = 0;  ///< of a call
    InputFrom input_from = InputFrom::prompt_text;
    double output_tokens = 0;  ///< of a call; at most, unless it is from history
    OutputFrom output_from = OutputFrom::max_tokens;
    std::optional<double> cost_micros;   ///< absent: no price is known
    std::optional<CallHistory> history;  ///< of its provider and stage

    [[nodiscard]] bool is_at_most() const { return output_from != OutputFrom::history; }
};

/// All calls of one provider's model.
struct ProviderLine {
    std::string provider;
    double calls = 0;
    double input_tokens = 0;
    double output_tokens = 0;
    std::optional<double> cost_micros;  ///< absent: of some call no price is known
    bool is_at_most = false;

    [[nodiscard]] Need need() const {
        return {calls, input_tokens + output_tokens, cost_micros.value_or(0)};
    }
};

struct Estimate {
    std::vector<AgentLine> agents;        ///< in the order of the machine's states
    std::vector<ProviderLine> providers;  ///< by name
};

struct EstimateParts {
    const engine::Program& program;
    std::size_t entry = 0;
    std::int64_t items = 0;
    int max_attempts = 1;
    const AllAgents& agents;
    const Trials& trials;
    const CallHistories& calls;
    const MachineHistory& machine;
};
[[nodiscard]] Estimate make_estimate(const EstimateParts& parts);

}  // namespace fleet::estimate
