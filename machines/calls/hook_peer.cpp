#include "machines/calls/hook_peer.hpp"

#include <algorithm>
#include <utility>

#include "machines/expression/print.hpp"

namespace fleet::calls {
namespace {

using expression::Dict;
using expression::List;
using expression::Value;

constexpr base::Millis kPeersTimeout{0};

Value call_value(const ToolCall& call) {
    Dict members;
    members.set("id", Value::string(call.id));
    members.set("name", Value::string(call.name));
    members.set("arguments", call.arguments);
    return Value::dict(std::move(members));
}

Value result_value(const ToolCall& call, const ToolResult& result) {
    Dict members;
    members.set("tool_call_id", Value::string(call.id));
    members.set("name", Value::string(call.name));
    members.set("arguments", call.arguments);
    members.set("content", Value::string(result.content));
    members.set("is_error", Value::boolean(result.is_error));
    return Value::dict(std::move(members));
}

/// What every request says first.
Dict about(const CallScope& scope) {
    Dict members;
    members.set("execution_id", Value::string(scope.execution_id));
    members.set("machine", Value::string(scope.machine_name));
    members.set("state", Value::string(scope.state));
    return members;
}

[[noreturn]] void wrong_result(const std::string& method, const Value& result,
                               std::string_view wanted) {
    throw CallError("HookProtocolError", "the result of " + method + " is a " +
                                             expression::type_name(result) + " and should be " +
                                             std::string(wanted));
}

/// A result of null leaves everything as it was.
Value new_context(const std::string& method, Value result, Value context) {
    if (result.is_null()) {
        return context;
    }
    if (!result.is_dict()) {
        wrong_result(method, result, "the context, an object");
    }
    return result;
}

class PeerTools final : public ToolProvider {
  public:
    explicit PeerTools(HookPeer& peer) : peer_(peer) {}

    void learn(const HookHello& hello) { tools_ = hello.tools; }
    [[nodiscard]] std::vector<ToolDefinition> tools() override { return tools_; }

    ToolResult call(const CallScope& scope, const ToolCall& call, base::Millis timeout) override {
        Dict members = about(scope);
        members.set("tool_call", call_value(call));
        const Value result =
            peer_.call(scope, "call_tool", Value::dict(std::move(members)), timeout);
        const Value* const content = result.find("content");
        if (content != nullptr && content->is_string()) {
            const Value* const is_error = result.find("is_error");
            return {content->as_string(), is_error != nullptr &&
                                              is_error->is(expression::Kind::boolean) &&
                                              is_error->as_boolean()};
        }
        if (result.is_string()) {
            return {result.as_string(), false};
        }
        return {result.is_null() ? std::string() : expression::to_json(result), false};
    }

  private:
    HookPeer& peer_;
    std::vector<ToolDefinition> tools_;
};

class PeerHooks final : public Hooks {
  public:
    explicit PeerHooks(std::shared_ptr<HookPeer> peer) : peer_(std::move(peer)), tools_(*peer_) {}

    /// Methods that the peer does not handle are not sent; until it has said so, all may be.
    [[nodiscard]] bool leaves_process(std::string_view method) const override {
        const auto hello = peer_->known_hello();
        return !hello || hello->handles(method) ||
               std::ranges::find(kHookMethods, method) == kHookMethods.end();
    }

    Value on_machine_start(const CallScope& scope, Value context) override {
        return ask_for_context(scope, "on_machine_start", about(scope), std::move(context));
    }
    Value on_machine_end(const CallScope& scope, const Value& context, Value output) override {
        return ask_for_output(scope, "on_machine_end", context, std::move(output));
    }
    Value on_state_enter(const CallScope& scope, Value context) override {
        return ask_for_context(scope, "on_state_enter", about(scope), std::move(context));
    }
    Value on_state_exit(const CallScope& scope, const Value& context, Value output) override {
        return ask_for_output(scope, "on_state_exit", context, std::move(output));
    }
    std::string on_transition(const CallScope& scope, const std::string& to,
                              const Value& context) override {
        static const std::string method = "on_transition";
        if (!handles(scope, method)) {
            return to;
        }
        Dict members = about(scope);
        members.set("from", Value::string(scope.state));
        members.set("to", Value::string(to));
        const Value result = ask(scope, method, std::move(members), context);
        if (result.is_null()) {
            return to;
        }
        if (!result.is_string()) {
            wrong_result(method, result, "the name of a state");
        }
        return result.as_string();
    }
    std::optional<std::string> on_error(const CallScope& scope, const std::string& type,
                                        const std::string& message, const Value& context) override {
        static const std::string method = "on_error";
        if (!handles(scope, method)) {
            return std::nullopt;
        }
        Dict error;
        error.set("type", Value::string(type));
        error.set("message", Value::string(message));
        Dict members = about(scope);
        members.set("error", Value::dict(std::move(error)));
        const Value result = ask(scope, method, std::move(members), context);
        if (result.is_null()) {
            return std::nullopt;
        }
        if (!result.is_string()) {
            wrong_result(method, result, "the name of a state or null");
        }
        return result.as_string();
    }
    Value on_action(const CallScope& scope, const std::string& action, Value context) override {
        Dict members = about(scope);
        members.set("action", Value::string(action));
        return ask_for_context(scope, "on_action", std::move(members), std::move(context));
    }
    Value on_tool_calls(const CallScope& scope, const std::vector<ToolCall>& calls,
                        Value context) override {
        List list;
        for (const ToolCall& call : calls) {
            list.push_back(call_value(call));
        }
        Dict members = about(scope);
        members.set("tool_calls", Value::list(std::move(list)));
        return ask_for_context(scope, "on_tool_calls", std::move(members), std::move(context));
    }
    Value on_tool_result(const CallScope& scope, const ToolCall& call, const ToolResult& result,
                         Value context) override {
        Dict members = about(scope);
        members.set("tool_result", result_value(call, result));
        return ask_for_context(scope, "on_tool_result", std::move(members), std::move(context));
    }
    ToolProvider* tools(const CallScope& scope) override {
        const auto hello = peer_->hello(scope);
        tools_.learn(*hello);
        return hello->tools.empty() ? nullptr : &tools_;
    }

  private:
    [[nodiscard]] bool handles(const CallScope& scope, const std::string& method) const {
        return peer_->hello(scope)->handles(method);
    }
    Value ask(const CallScope& scope, const std::string& method, Dict members,
              const Value& context) {
        members.set("context", context);
        return peer_->call(scope, method, Value::dict(std::move(members)), kPeersTimeout);
    }
    Value ask_for_context(const CallScope& scope, const std::string& method, Dict members,
                          Value context) {
        if (!handles(scope, method)) {
            return context;
        }
        Value result = ask(scope, method, std::move(members), context);
        return new_context(method, std::move(result), std::move(context));
    }
    Value ask_for_output(const CallScope& scope, const std::string& method, const Value& context,
                         Value output) {
        if (!handles(scope, method)) {
            return output;
        }
        Dict members = about(scope);
        members.set("output", output);
        Value result = ask(scope, method, std::move(members), context);
        return result.is_null() ? output : result;
    }

    /// Shared with the registry, which keeps the peer for the next run.
    std::shared_ptr<HookPeer> peer_;
    PeerTools tools_;
};

}  // namespace

std::unique_ptr<Hooks> make_peer_hooks(std::shared_ptr<HookPeer> peer) {
    return std::make_unique<PeerHooks>(std::move(peer));
}

}  // namespace fleet::calls
