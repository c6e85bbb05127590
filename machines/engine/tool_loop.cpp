// An agent that asks for tools: call the agent, run what it asks for one by one, give it the
// results, until it asks for nothing more or a limit is reached. After each tool there is a
// checkpoint, from which a resumed run goes on in the middle of the loop.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "machines/engine/agent_request.hpp"
#include "machines/engine/metrics.hpp"
#include "machines/engine/node_value.hpp"
#include "machines/engine/run_state.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/operators.hpp"
#include "machines/expression/print.hpp"

namespace fleet::engine {
namespace {

using calls::AgentResult;
using calls::ToolCall;
using expression::Value;

constexpr double kDefaultTurns = 20;
constexpr double kDefaultToolCalls = 50;
constexpr double kDefaultToolTimeout = 30.0;
constexpr double kDefaultTotalTimeout = 600.0;
constexpr double kMillisPerSecond = 1000.0;

double number_of(const RunState& run, const std::optional<config::NumberOrTemplate>& limit,
                 double otherwise, const char* name) {
    if (!limit) {
        return otherwise;
    }
    if (limit->number) {
        return *limit->number;
    }
    Value value = templates::render_value(Value::string(limit->text.text), run.variables());
    if (value.is_string()) {
        try {
            value = expression::from_json(value.as_string());
        } catch (const expression::EvaluationError&) {
            // It is no number either way, which is told below.
        }
    }
    if (!value.is_number()) {
        throw MachineError(FailureClass::value, "ValueError",
                           std::string("tool_loop.") + name + " is no number: " +
                               expression::excerpt(expression::plain_text(value)));
    }
    return value.as_floating();
}

Value text(std::string_view content) {
    return Value::string(std::string(content));
}

Value assistant_message(const AgentResult& result) {
    Value message = Value::dict({});
    message.set("role", text("assistant"));
    message.set("content", text(result.content.value_or("")));
    if (result.tool_calls.empty()) {
        return message;
    }
    expression::List calls;
    for (const ToolCall& call : result.tool_calls) {
        Value function = Value::dict({});
        function.set("name", text(call.name));
        function.set("arguments", call.arguments.is_string()
                                      ? call.arguments
                                      : text(expression::spaced_json(call.arguments)));
        Value entry = Value::dict({});
        entry.set("id", text(call.id));
        entry.set("type", text("function"));
        entry.set("function", std::move(function));
        calls.push_back(std::move(entry));
    }
    message.set("tool_calls", Value::list(std::move(calls)));
    return message;
}

bool is_blank(const std::optional<std::string>& content) {
    return !content || content->find_first_not_of(" \t\r\n\f\v") == std::string::npos;
}

std::string text_in(const Value& object, std::string_view name) {
    const Value* value = object.find(name);
    return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

/// The calls of the last assistant message that no message after it answers.
std::vector<ToolCall> open_calls(const expression::List& chain) {
    std::vector<ToolCall> open;
    std::set<std::string> answered;
    for (std::size_t at = chain.size(); at > 0; --at) {
        const Value& message = chain[at - 1];
        if (text_in(message, "role") == "tool") {
            answered.insert(text_in(message, "tool_call_id"));
            continue;
        }
        const Value* calls = message.find("tool_calls");
        if (calls == nullptr || !calls->is_list_like()) {
            break;
        }
        for (const Value& call : calls->as_list()) {
            const Value* function = call.find("function");
            if (function == nullptr || answered.contains(text_in(call, "id"))) {
                continue;
            }
            Value arguments = text(text_in(*function, "arguments"));
            try {
                arguments = expression::from_json(arguments.as_string());
            } catch (const expression::EvaluationError&) {
                // An agent that wrote no JSON gets its text back.
            }
            open.push_back({text_in(call, "id"), text_in(*function, "name"), std::move(arguments)});
        }
        break;
    }
    return open;
}

class ToolLoop {
  public:
    ToolLoop(RunState& run, const State& state, const std::stop_token& stop)
        : run_(run),
          state_(state),
          definition_(*state.definition->tool_loop),
          name_(state.definition->name),
          agent_(run.agent(*state.definition->agent)),
          scope_(run.scope(name_, stop)) {}

    Value run() {
        if (!agent_.has_tool_loop()) {
            throw MachineError(FailureClass::user, "RuntimeError",
                               "Agent '" + *state_.definition->agent +
                                   "' does not support machine-driven tool loops; remove "
                                   "tool_loop from state '" +
                                   name_ + "'.");
        }
        prepare();
        turn_until_over();
        if (needs_last_words()) {
            ask_for_last_words();
        }
        return finish();
    }

  private:
    using Clock = std::chrono::steady_clock;

    Value& context() { return run_.snapshot.context; }

    void prepare() {
        const auto limit = [this](const auto& value, double otherwise, const char* name) {
            return number_of(run_, value, otherwise, name);
        };
        most_turns_ = std::trunc(limit(definition_.max_turns, kDefaultTurns, "max_turns"));
        most_calls_ =
            std::trunc(limit(definition_.max_tool_calls, kDefaultToolCalls, "max_tool_calls"));
        tool_timeout_ = limit(definition_.tool_timeout_s, kDefaultToolTimeout, "tool_timeout");
        total_timeout_ = limit(definition_.total_timeout_s, kDefaultTotalTimeout, "total_timeout");
        most_cost_ =
            limit(definition_.max_cost, std::numeric_limits<double>::infinity(), "max_cost");
        hooks_ = run_.hooks_of(state_);
        provider_ = hooks_ == nullptr ? nullptr : hooks_->tools(scope_);
        find_tools();
        request_.input = run_.render_object(state_.input);
        request_.session_id = session_id(run_, state_);
        request_.in_tool_loop = true;
        take_up_chain();
        if (!is_cut_off_) {
            // What ended an earlier loop says nothing about this one.
            context().erase("_tool_loop_stop");
            context().erase("_abort_tool_loop");
        }
        started_ = Clock::now();
    }

    void find_tools() {
        if (provider_ != nullptr) {
            tools_ = provider_->tools();
        }
        const config::AgentDefinition* agent =
            run_.machine.definition->find_agent(*state_.definition->agent);
        if (agent == nullptr || !agent->document) {
            return;
        }
        const Value document = value_of(*agent->document);
        const Value* data = document.find("data");
        const Value* declared = data == nullptr ? nullptr : data->find("tools");
        if (declared == nullptr || !declared->is_list_like()) {
            return;
        }
        for (const Value& tool : declared->as_list()) {
            const Value* function = tool.find("function");
            std::string tool_name =
                function == nullptr ? std::string() : text_in(*function, "name");
            const bool is_known = std::ranges::any_of(
                tools_, [&](const auto& known) { return known.name == tool_name; });
            if (!is_known) {
                tools_.push_back({std::move(tool_name), tool});
            }
        }
    }

    /// Of a loop that a checkpoint has cut off, or of this state's loop before.
    void take_up_chain() {
        Value saved;
        if (run_.snapshot.tool_loop_state.is_dict()) {
            const Value& state = run_.snapshot.tool_loop_state;
            if (const Value* chain = state.find("chain")) {
                saved = *chain;
            }
            turns_ = number_in(state, "turns");
            calls_ = number_in(state, "tool_calls_count");
            cost_ = number_in(state, "loop_cost");
            is_cut_off_ = true;
            if (const Value* content = context().find("_tool_loop_content");
                content != nullptr && content->is_string()) {
                last_content_ = content->as_string();
            }
        } else if (const Value* chain = context().find("_tool_loop_chain")) {
            if (text_in(context(), "_tool_loop_chain_state") == name_ &&
                text_in(context(), "_tool_loop_chain_agent") == *state_.definition->agent) {
                saved = *chain;
            }
        }
        context().erase("_tool_loop_chain");
        context().erase("_tool_loop_chain_state");
        context().erase("_tool_loop_chain_agent");
        run_.snapshot.tool_loop_state = Value();
        if (saved.is_list_like()) {
            chain_ = saved.as_list();
        }
        has_prior_chain_ = !chain_.empty();
    }

    static double number_in(const Value& object, std::string_view name) {
        const Value* value = object.find(name);
        return value != nullptr && value->is_number() ? value->as_floating() : 0;
    }

    void stop_with(std::string_view reason) { context().set("_tool_loop_stop", text(reason)); }

    [[nodiscard]] bool is_stopped() {
        const Value* stop = context().find("_tool_loop_stop");
        return stop != nullptr && expression::truthy(*stop);
    }

    [[nodiscard]] bool is_aborted() {
        const Value* abort = context().find("_abort_tool_loop");
        if (abort == nullptr || !expression::truthy(*abort)) {
            return false;
        }
        stop_with("aborted");
        return true;
    }

    [[nodiscard]] bool may_turn() {
        const std::chrono::duration<double> passed = Clock::now() - started_;
        if (passed.count() >= total_timeout_) {
            stop_with("timeout");
        } else if (turns_ >= most_turns_) {
            stop_with("max_turns");
        } else if (cost_ >= most_cost_) {
            stop_with("cost_limit");
        } else {
            return true;
        }
        return false;
    }

    void turn_until_over() {
        if (is_cut_off_) {
            if (!goes_on_after_tool()) {
                return;
            }
            const std::vector<ToolCall> open = open_calls(chain_);
            if (!open.empty() && !run_tools(open, {})) {
                return;
            }
            steer();
        }
        while (may_turn()) {
            const AgentResult result = ask();
            if (result.finish_reason != "tool_use") {
                return;
            }
            if (calls_ + static_cast<double>(result.tool_calls.size()) > most_calls_) {
                stop_with("max_tool_calls");
                return;
            }
            if (!run_calls(result.tool_calls)) {
                return;
            }
            steer();
        }
    }

    AgentResult ask() {
        const bool is_first = turns_ == 0 && !has_prior_chain_;
        calls::AgentRequest request = request_;
        request.tools = tools_;
        if (!is_first) {
            request.input = Value::dict({});
            request.messages = Value::list(chain_);
        }
        run_.host.before_call();
        AgentResult result = agent_.call(scope_, request);
        turns_ += 1;
        run_.count(stated_calls(result), cost_of(result));
        cost_ += cost_of(result);
        context().set("_tool_loop_turns", whole(turns_));
        context().set("_tool_loop_cost", Value::floating(cost_));
        context().set("_tool_calls_count", whole(calls_));
        context().set("_tool_loop_content", result.content ? text(*result.content) : Value());
        context().set("_tool_loop_usage", result.usage);
        if (result.error) {
            throw_agent_error(*result.error);
        }
        if (is_first && !result.rendered_user_prompt.empty()) {
            add_user_message(result.rendered_user_prompt);
        }
        chain_.push_back(assistant_message(result));
        last_content_ = result.content;
        return result;
    }

    static Value whole(double number) { return Value::integer(static_cast<std::int64_t>(number)); }

    void add_user_message(std::string_view content) {
        Value message = Value::dict({});
        message.set("role", text("user"));
        message.set("content", text(content));
        chain_.push_back(std::move(message));
    }

    void answer(const ToolCall& call, std::string_view content) {
        Value message = Value::dict({});
        message.set("role", text("tool"));
        message.set("tool_call_id", text(call.id));
        message.set("content", text(content));
        chain_.push_back(std::move(message));
    }

    /// False: the loop is over.
    bool run_calls(const std::vector<ToolCall>& calls) {
        if (hooks_ != nullptr) {
            run_.before_hook(*hooks_, "on_tool_calls");
            context() = hooks_->on_tool_calls(scope_, calls, context());
        }
        if (is_aborted()) {
            return false;
        }
        std::set<std::string> skipped;
        if (const Value* skip = context().find("_skip_tools"); skip != nullptr) {
            if (skip->is_list_like()) {
                for (const Value& name : skip->as_list()) {
                    skipped.insert(expression::plain_text(name));
                }
            }
            context().erase("_skip_tools");
        }
        return run_tools(calls, skipped);
    }

    bool run_tools(const std::vector<ToolCall>& calls, const std::set<std::string>& skipped) {
        for (const ToolCall& call : calls) {
            if (skipped.contains(call.id) || skipped.contains(call.name)) {
                answer(call, "Tool '" + call.name + "' was skipped by policy.");
            } else if (!is_allowed(call.name)) {
                answer(call, "Tool '" + call.name + "' is not allowed.");
            } else if (!run_tool(call)) {
                return false;
            }
        }
        return !is_stopped();
    }

    [[nodiscard]] bool is_allowed(const std::string& tool) const {
        const auto holds = [&](const std::vector<std::string>& names) {
            return std::ranges::find(names, tool) != names.end();
        };
        const bool is_listed = !definition_.allowed_tools || definition_.allowed_tools->empty() ||
                               holds(*definition_.allowed_tools);
        return is_listed && !holds(definition_.denied_tools);
    }

    calls::ToolResult result_of(const ToolCall& call) {
        if (provider_ == nullptr) {
            return {"No tool provider configured for '" + call.name + "'", true};
        }
        run_.host.before_call();
        try {
            return provider_->call(scope_, call,
                                   base::Millis(static_cast<std::int64_t>(
                                       std::ceil(tool_timeout_ * kMillisPerSecond))));
        } catch (const calls::CallError& error) {
            if (error.type() == "TimeoutError") {
                return {"Tool '" + call.name + "' timed out after " +
                            expression::float_text(tool_timeout_) + "s",
                        true};
            }
            return {"Error executing '" + call.name + "': " + error.what(), true};
        }
    }

    /// False: the loop is over.
    bool run_tool(const ToolCall& call) {
        const calls::ToolResult result = result_of(call);
        calls_ += 1;
        answer(call, result.content);
        context().set("_tool_calls_count", whole(calls_));
        if (hooks_ != nullptr) {
            run_.before_hook(*hooks_, "on_tool_result");
            context() = hooks_->on_tool_result(scope_, call, result, context());
        }
        Value state = Value::dict({});
        state.set("chain", Value::list(chain_));
        state.set("turns", whole(turns_));
        state.set("tool_calls_count", whole(calls_));
        state.set("loop_cost", Value::floating(cost_));
        run_.snapshot.tool_loop_state = std::move(state);
        run_.checkpoint(Event::tool_call, name_);
        run_.snapshot.tool_loop_state = Value();
        return goes_on_after_tool();
    }

    bool goes_on_after_tool() {
        if (is_aborted()) {
            return false;
        }
        if (const auto target = find_transition(run_, state_, true)) {
            stop_with("transition");
            context().set("_tool_loop_next_state",
                          text(run_.machine.states[*target].definition->name));
            return false;
        }
        return true;
    }

    void steer() {
        const Value* steering = context().find("_steering_messages");
        if (steering == nullptr) {
            return;
        }
        if (steering->is_list_like()) {
            for (const Value& message : steering->as_list()) {
                chain_.push_back(message);
            }
        }
        context().erase("_steering_messages");
    }

    [[nodiscard]] bool needs_last_words() {
        const std::string stop = text_in(context(), "_tool_loop_stop");
        const bool is_limit = stop == "max_tool_calls" || stop == "max_turns" ||
                              stop == "timeout" || stop == "cost_limit";
        return is_limit && is_blank(last_content_);
    }

    /// One more call without tools, so that there is an answer at all.
    void ask_for_last_words() {
        add_user_message(
            "[System: tool use limit reached. Provide your final response now using the "
            "information gathered so far.]");
        calls::AgentRequest request = request_;
        request.input = Value::dict({});
        request.messages = Value::list(chain_);
        run_.host.before_call();
        try {
            const AgentResult result = agent_.call(scope_, request);
            run_.count(stated_calls(result), cost_of(result));
            if (is_blank(result.content)) {
                return;
            }
            chain_.push_back(assistant_message(result));
            last_content_ = result.content;
            context().set("_tool_loop_content", text(*result.content));
            context().set("_tool_loop_usage", result.usage);
        } catch (const calls::CallError& error) {
            run_.host.warn("the last answer of the tool loop in the state `" + name_ +
                           "` failed: " + error.what());
        }
    }

    Value finish() {
        context().set("_tool_loop_chain", Value::list(chain_));
        context().set("_tool_loop_chain_state", text(name_));
        context().set("_tool_loop_chain_agent", text(*state_.definition->agent));
        Value output = Value::dict({});
        output.set("content", last_content_ ? text(*last_content_) : Value());
        output.set("_tool_calls_count", whole(calls_));
        output.set("_tool_loop_turns", whole(turns_));
        output.set("_tool_loop_cost", Value::floating(cost_));
        const Value* stop = context().find("_tool_loop_stop");
        output.set("_tool_loop_stop", stop == nullptr ? text("complete") : *stop);
        return output;
    }

    RunState& run_;
    const State& state_;
    const config::ToolLoop& definition_;
    const std::string& name_;
    calls::Agent& agent_;
    const calls::CallScope scope_;
    calls::Hooks* hooks_ = nullptr;
    calls::ToolProvider* provider_ = nullptr;
    std::vector<calls::ToolDefinition> tools_;
    calls::AgentRequest request_;

    double most_turns_ = 0;
    double most_calls_ = 0;
    double tool_timeout_ = 0;
    double total_timeout_ = 0;
    double most_cost_ = 0;
    Clock::time_point started_;

    expression::List chain_;
    bool has_prior_chain_ = false;
    bool is_cut_off_ = false;
    double turns_ = 0;
    double calls_ = 0;
    double cost_ = 0;
    std::optional<std::string> last_content_;
};

}  // namespace

Value run_tool_loop(RunState& run, const State& state, const std::stop_token& stop) {
    return ToolLoop(run, state, stop).run();
}

}  // namespace fleet::engine
