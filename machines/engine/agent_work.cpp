#include <string>
#include <utility>

#include "machines/engine/agent_request.hpp"
#include "machines/engine/metrics.hpp"
#include "machines/engine/run_state.hpp"
#include "machines/engine/strategy.hpp"
#include "machines/expression/print.hpp"

namespace fleet::engine {

using expression::Value;

std::string session_id(const RunState& run, const State& state) {
    if (!state.session_id.is_present()) {
        return {};
    }
    const Value value = state.session_id.get().render(run.variables());
    if (value.is_null()) {
        return {};
    }
    const std::string text = expression::plain_text(value);
    constexpr std::string_view kBlanks = " \t\r\n\f\v";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

void throw_agent_error(const calls::AgentError& error) {
    const bool retryable = error.retryable;
    const std::string& type = error.type.empty() ? std::string("AgentError") : error.type;
    const std::string& message = error.message.empty() ? std::string("unknown") : error.message;
    // The family's runtime raises these two classes, whatever the agent called its error.
    throw MachineError(
        Failure{retryable ? FailureClass::agent_retryable : FailureClass::agent_error,
                retryable ? "RetryableError" : "RuntimeError", type + ": " + message, error.type});
}

Value call_agent(RunState& run, const State& state, const std::stop_token& stop) {
    calls::Agent& agent = run.agent(*state.definition->agent);
    calls::AgentRequest request;
    request.input = run.render_object(state.input);
    request.session_id = session_id(run, state);
    const calls::CallScope& scope = run.scope(state.definition->name, stop);
    static const config::Execution once;
    run.host.before_call();
    const calls::AgentResult result =
        call_by_strategy(agent, scope, request, state.definition->execution.value_or(once));
    run.count(stated_calls(result), cost_of(result));
    if (result.error) {
        throw_agent_error(*result.error);
    }
    if (!result.tool_calls.empty()) {
        if (calls::Hooks* hooks = run.hooks_of(state)) {
            run.before_hook(*hooks, "on_tool_calls");
            run.snapshot.context =
                hooks->on_tool_calls(scope, result.tool_calls, run.snapshot.context);
        }
    }
    if (!result.output.is_null()) {
        return result.output;
    }
    Value payload = Value::dict({});
    if (result.content) {
        payload.set("content", Value::string(*result.content));
    }
    return payload;
}

}  // namespace fleet::engine
