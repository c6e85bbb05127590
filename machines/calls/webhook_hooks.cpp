#include "machines/calls/webhook_hooks.hpp"

#include <atomic>
#include <mutex>

#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::calls {
namespace {

using expression::Dict;
using expression::List;
using expression::Value;

std::string json_of(const Value& value, const std::string& what) {
    try {
        return expression::to_json(value);
    } catch (const expression::EvaluationError& error) {
        throw CallError("HookRequestError", what + " cannot be written as JSON: " + error.what());
    }
}

Value call_value(const ToolCall& call) {
    Dict members;
    members.set("id", Value::string(call.id));
    members.set("name", Value::string(call.name));
    members.set("arguments", call.arguments);
    return Value::dict(std::move(members));
}

class Webhook final : public Hooks {
  public:
    Webhook(std::shared_ptr<WebhookClient> client, base::Millis timeout)
        : client_(std::move(client)), timeout_(timeout) {}

    Value on_machine_start(const CallScope& scope, Value context) override {
        return context_of(send(scope, "machine_start", {}, context), context);
    }
    Value on_machine_end(const CallScope& scope, const Value& context, Value output) override {
        Dict members;
        members.set("output", output);
        return output_of(send(scope, "machine_end", members, context), output);
    }
    Value on_state_enter(const CallScope& scope, Value context) override {
        return context_of(send(scope, "state_enter", state(scope), context), context);
    }
    Value on_state_exit(const CallScope& scope, const Value& context, Value output) override {
        Dict members = state(scope);
        members.set("output", output);
        return output_of(send(scope, "state_exit", members, context), output);
    }
    std::string on_transition(const CallScope& scope, const std::string& to,
                              const Value& context) override {
        Dict members;
        members.set("from", Value::string(scope.state));
        members.set("to", Value::string(to));
        const Value answer = send(scope, "transition", members, context);
        const Value* const target = answer.find("to_state");
        return target != nullptr && target->is_string() ? target->as_string() : to;
    }
    std::optional<std::string> on_error(const CallScope& scope, const std::string& type,
                                        const std::string& message, const Value& context) override {
        Dict members = state(scope);
        members.set("error", Value::string(message));
        members.set("error_type", Value::string(type));
        const Value answer = send(scope, "error", members, context);
        const Value* const target = answer.find("recovery_state");
        return target != nullptr && target->is_string() ? std::optional(target->as_string())
                                                        : std::nullopt;
    }
    Value on_action(const CallScope& scope, const std::string& action, Value context) override {
        Dict members;
        members.set("action", Value::string(action));
        return context_of(send(scope, "action", members, context), context);
    }
    Value on_tool_calls(const CallScope& scope, const std::vector<ToolCall>& calls,
                        Value context) override {
        List list;
        for (const ToolCall& call : calls) {
            list.push_back(call_value(call));
        }
        Dict members = state(scope);
        members.set("tool_calls", Value::list(std::move(list)));
        return context_of(send(scope, "tool_calls", members, context), context);
    }
    Value on_tool_result(const CallScope& scope, const ToolCall& call, const ToolResult& result,
                         Value context) override {
        Dict told;
        told.set("tool_call_id", Value::string(call.id));
        told.set("name", Value::string(call.name));
        told.set("arguments", call.arguments);
        told.set("content", Value::string(result.content));
        told.set("is_error", Value::boolean(result.is_error));
        Dict members = state(scope);
        members.set("tool_result", Value::dict(std::move(told)));
        return context_of(send(scope, "tool_result", members, context), context);
    }

  private:
    static Dict state(const CallScope& scope) {
        Dict members;
        members.set("state", Value::string(scope.state));
        return members;
    }
    static Value context_of(const Value& answer, const Value& context) {
        const Value* const changed = answer.find("context");
        return changed != nullptr && changed->is_dict() ? *changed : context;
    }
    static Value output_of(const Value& answer, const Value& output) {
        const Value* const changed = answer.find("output");
        return changed != nullptr ? *changed : output;
    }

    /// The answer, an object, or null.
    Value send(const CallScope& scope, const std::string& event, const Dict& members,
               const Value& context) {
        const std::string what = "webhook " + event;
        Dict body;
        body.set("event", Value::string(event));
        for (const auto& [name, value] : members.entries()) {
            body.set(name, value);
        }
        body.set("context", context);
        body.set("execution_id", Value::string(scope.execution_id));
        body.set("machine", Value::string(scope.machine_name));
        const std::string text = json_of(Value::dict(std::move(body)), what);
        const WebhookResponse response =
            client_->post({.body = text, .timeout = timeout_, .what = what}, scope.stop);
        if (response.body.empty()) {
            return {};
        }
        const std::string where = what + ": POST " + client_->shown_url() + ": its answer ";
        Value answer;
        try {
            answer = expression::from_json(response.body);
        } catch (const expression::EvaluationError&) {
            throw CallError("WebhookError",
                            where + "is not JSON: " + quoted_beginning(response.body));
        }
        if (!answer.is_dict() && !answer.is_null()) {
            throw CallError("WebhookError",
                            where + "is no JSON object: " + quoted_beginning(response.body));
        }
        return answer;
    }

    std::shared_ptr<WebhookClient> client_;
    base::Millis timeout_;
};

/// Timeouts of a call that were given as a longer one than libcurl takes.
constexpr base::Millis kLongestTimeout = std::chrono::hours(24);

class Endpoint final : public HookPeer {
  public:
    Endpoint(std::shared_ptr<http::Client> client, const HookEndpoint& endpoint, Value args)
        : client_(std::move(client), endpoint.url, endpoint.headers),
          name_(endpoint.name),
          timeout_(endpoint.timeout),
          args_(std::move(args)) {}

    std::shared_ptr<const HookHello> hello(const CallScope& scope) override {
        if (auto known = known_hello()) {
            return known;
        }
        Dict members;
        members.set("version", Value::integer(kHookProtocolVersion));
        members.set("name", Value::string(name_));
        members.set("args", args_.is_dict() ? args_ : Value::dict({}));
        const std::string body =
            post(scope, {kHelloId, "hello", Value::dict(std::move(members))}, timeout_);
        auto hello = std::make_shared<const HookHello>(parse_hello(body));
        const std::scoped_lock lock(mutex_);
        hello_ = hello;
        return hello;
    }

    [[nodiscard]] std::shared_ptr<const HookHello> known_hello() const override {
        const std::scoped_lock lock(mutex_);
        return hello_;
    }

    Value call(const CallScope& scope, const std::string& method, Value members,
               base::Millis timeout) override {
        const std::uint64_t id = ++last_id_;
        try {
            const HookAnswer answer = parse_answer(
                post(scope, {id, method, std::move(members)},
                     timeout == base::Millis{0} ? timeout_ : std::min(timeout, kLongestTimeout)));
            if (answer.id != id) {
                throw CallError("HookProtocolError", named(method) + ": it answered the request " +
                                                         std::to_string(answer.id) +
                                                         " and was sent " + std::to_string(id));
            }
            if (const auto* failure = std::get_if<HookFailure>(&answer.outcome)) {
                throw CallError(failure->type, failure->message);
            }
            return std::get<Value>(answer.outcome);
        } catch (const CallError&) {
            // Perhaps it is another program now, with other methods.
            const std::scoped_lock lock(mutex_);
            hello_.reset();
            throw;
        }
    }

    void begin_end() override {}  // nothing of it runs between calls

  private:
    [[nodiscard]] std::string named(const std::string& method) const {
        return "hook \"" + name_ + "\", " + method;
    }
    std::string post(const CallScope& scope, const HookRequest& request, base::Millis timeout) {
        const std::string body = encode_request(request);
        const std::string what = named(request.method);
        return client_.post({.body = body, .timeout = timeout, .what = what}, scope.stop).body;
    }

    WebhookClient client_;
    const std::string name_;
    const base::Millis timeout_;
    const Value args_;
    std::atomic<std::uint64_t> last_id_{kHelloId};
    mutable std::mutex mutex_;  ///< guards `hello_`
    std::shared_ptr<const HookHello> hello_;
};

}  // namespace

std::unique_ptr<Hooks> make_webhook(std::shared_ptr<WebhookClient> client, base::Millis timeout) {
    return std::make_unique<Webhook>(std::move(client), timeout);
}

std::shared_ptr<HookPeer> make_endpoint(std::shared_ptr<http::Client> client,
                                        const HookEndpoint& endpoint, const Value& args) {
    return std::make_shared<Endpoint>(std::move(client), endpoint, args);
}

}  // namespace fleet::calls
