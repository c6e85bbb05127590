#include "tests/conformance/stub_hooks.hpp"

#include <utility>

#include "machines/expression/print.hpp"
#include "tests/conformance/stub_errors.hpp"
#include "tests/conformance/stub_ops.hpp"

namespace fleet::conformance {
namespace {

using calls::CallScope;
using expression::Value;

Value member_or_null(const Value& object, std::string_view key) {
    const Value* const found = object.find(key);
    return found == nullptr ? Value() : *found;
}

/// {set: {...}} adds members, {replace: value} replaces all of it.
Value changed(const Value& change, Value output) {
    if (!change.is_dict()) {
        return output;
    }
    if (const Value* const whole = change.find("replace")) {
        return *whole;
    }
    const Value added = member_or_null(change, "set");
    if (!added.is_dict()) {
        return output;
    }
    if (!output.is_dict()) {
        output = Value::dict({});
    }
    for (const auto& [key, member] : added.as_dict().entries()) {
        output.set(expression::plain_text(key), member);
    }
    return output;
}

class StubTools final : public calls::ToolProvider {
  public:
    explicit StubTools(Value tools) : tools_(std::move(tools)) {}

    std::vector<calls::ToolDefinition> tools() override {
        std::vector<calls::ToolDefinition> found;
        for (const auto& [key, tool] : tools_.as_dict().entries()) {
            expression::Dict function;
            function.set("name", key);
            function.set("parameters", Value::dict({}));
            expression::Dict definition;
            definition.set("type", Value::string("function"));
            definition.set("function", Value::dict(std::move(function)));
            found.push_back({expression::plain_text(key), Value::dict(std::move(definition))});
        }
        return found;
    }

    calls::ToolResult call(const CallScope& scope, const calls::ToolCall& call,
                           base::Millis timeout) override {
        const Value* const tool = tools_.find(call.name);
        if (tool == nullptr) {
            raise("KeyError", call.name);
        }
        if (const auto pause = millis_of(*tool, "sleep_ms"); pause.count() > 0) {
            const bool too_long = timeout.count() > 0 && pause > timeout;
            sleep_or_stop(too_long ? timeout : pause, scope.stop);
            if (too_long) {
                raise("TimeoutError", "the tool did not end in time");
            }
        }
        if (const Value* const error = tool->find("raise")) {
            raise(*error);
        }
        const Value* const is_error = tool->find("is_error");
        std::string content = text_of(*tool, "content");
        if (content == "$args") {
            content = expression::spaced_json(call.arguments, true);
        }
        return {std::move(content), is_error != nullptr &&
                                        is_error->is(expression::Kind::boolean) &&
                                        is_error->as_boolean()};
    }

  private:
    const Value tools_;
};

class StubHooks final : public calls::Hooks {
  public:
    StubHooks(const Value& args, StubState& state, EventLog log)
        : args_(args), id_(text_of(args, "id", "h")), state_(state), log_(std::move(log)) {
        if (const Value* const tools = args_.find("tools"); tools != nullptr && tools->is_dict()) {
            tools_ = std::make_unique<StubTools>(*tools);
        }
    }

    Value on_machine_start(const CallScope& scope, Value context) override {
        note("start");
        return run("start", scope, std::move(context));
    }

    Value on_machine_end(const CallScope& /*scope*/, const Value& /*context*/,
                         Value output) override {
        note("end");
        return changed(member_or_null(args_, "end"), std::move(output));
    }

    Value on_state_enter(const CallScope& scope, Value context) override {
        note("enter:" + scope.state);
        return run("enter", scope, std::move(context));
    }

    Value on_state_exit(const CallScope& scope, const Value& /*context*/, Value output) override {
        note("exit:" + scope.state);
        return changed(member_or_null(args_, "exit"), std::move(output));
    }

    std::string on_transition(const CallScope& scope, const std::string& to,
                              const Value& /*context*/) override {
        const std::string way = scope.state + "->" + to;
        note("transition:" + way);
        return text_of(member_or_null(args_, "transition"), way.c_str(), to);
    }

    std::optional<std::string> on_error(const CallScope& scope, const std::string& type,
                                        const std::string& /*message*/,
                                        const Value& /*context*/) override {
        note("error:" + scope.state + ":" + type);
        const Value routes = member_or_null(args_, "error");
        for (const std::string_view name : {std::string_view(type), std::string_view("default")}) {
            if (const Value* const target = routes.find(name);
                target != nullptr && target->is_string()) {
                return target->as_string();
            }
        }
        return std::nullopt;
    }

    Value on_action(const CallScope& scope, const std::string& action, Value context) override {
        note("action:" + scope.state + ":" + action);
        const Value ops = member_or_null(member_or_null(args_, "actions"), action);
        if (!ops.is_list_like()) {
            return context;
        }
        for (const Value& op : ops.as_list()) {
            if (text_of(op, "op") == "sleep") {
                sleep_or_stop(millis_of(op, "ms"), scope.stop);
            }
        }
        return run_ops(ops, std::move(context), {id_, action, scope.state}, state_);
    }

    Value on_tool_calls(const CallScope& scope, const std::vector<calls::ToolCall>& calls,
                        Value context) override {
        std::string names;
        for (const calls::ToolCall& call : calls) {
            names += (names.empty() ? "" : ",") + call.name;
        }
        note("tool_calls:" + scope.state + ":" + names);
        return run("tool_calls", scope, std::move(context));
    }

    Value on_tool_result(const CallScope& scope, const calls::ToolCall& call,
                         const calls::ToolResult& result, Value context) override {
        note("tool_result:" + scope.state + ":" + call.name + (result.is_error ? ":error" : ":ok"));
        return run("tool_result", scope, std::move(context));
    }

    calls::ToolProvider* tools(const CallScope& /*scope*/) override { return tools_.get(); }

  private:
    void note(const std::string& event) { log_(id_ + ":" + event); }

    Value run(const char* when, const CallScope& scope, Value context) {
        return run_ops(member_or_null(args_, when), std::move(context), {id_, when, scope.state},
                       state_);
    }

    const Value args_;
    const std::string id_;
    StubState& state_;
    const EventLog log_;
    std::unique_ptr<StubTools> tools_;
};

}  // namespace

std::unique_ptr<calls::Hooks> make_stub_hooks(const Value& args, StubState& state, EventLog log) {
    return std::make_unique<StubHooks>(args, state, std::move(log));
}

}  // namespace fleet::conformance
