#include "tests/conformance/stub_agent.hpp"

#include <algorithm>
#include <utility>

#include "machines/config/node.hpp"
#include "machines/engine/failure.hpp"
#include "machines/expression/print.hpp"
#include "tests/conformance/stub_errors.hpp"

namespace fleet::conformance {
namespace {

using calls::AgentRequest;
using calls::AgentResult;
using engine::FailureClass;
using engine::MachineError;
using expression::Dict;
using expression::List;
using expression::Value;

Value value_of(const std::optional<config::Node>& node) {
    return node ? expression::from_json(config::to_json(*node)) : Value();
}

/// `$input`, `$input.a.b` and `$call` in a response's output, at any depth.
class Substitution {
  public:
    Substitution(const Value& input, int call) : input_(input), call_(call) {}

    [[nodiscard]] Value apply(const Value& value) {
        if (value.is_string()) {
            return text(value);
        }
        if (value.is_list_like()) {
            List items;
            for (const Value& item : value.as_list()) {
                items.push_back(apply(item));
            }
            return Value::list(std::move(items));
        }
        if (value.is_dict()) {
            Dict members;
            for (const auto& [key, member] : value.as_dict().entries()) {
                members.set(key, apply(member));
            }
            return Value::dict(std::move(members));
        }
        return value;
    }
    [[nodiscard]] bool used_the_call() const { return used_the_call_; }

  private:
    Value text(const Value& value) {
        const std::string& name = value.as_string();
        if (name == "$call") {
            used_the_call_ = true;
            return Value::integer(call_);
        }
        if (name == "$input") {
            return input_;
        }
        constexpr std::string_view kPrefix = "$input.";
        if (!name.starts_with(kPrefix)) {
            return value;
        }
        const Value* at = &input_;
        std::string_view path = std::string_view(name).substr(kPrefix.size());
        while (at != nullptr && !path.empty()) {
            const auto dot = path.find('.');
            at = at->find(path.substr(0, dot));
            path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
        }
        return at == nullptr ? Value() : *at;
    }

    const Value& input_;
    int call_;
    bool used_the_call_ = false;
};

Value member_or_null(const Value& object, const char* key) {
    const Value* const found = object.find(key);
    return found == nullptr ? Value() : *found;
}

calls::AgentError error_of(const Value& error) {
    calls::AgentError result;
    result.type = text_of(error, "type", "AgentError");
    result.message = text_of(error, "message", "unknown");
    if (const Value* const status = error.find("status_code");
        status != nullptr && status->is_integral()) {
        result.status_code = static_cast<int>(status->as_integer());
    }
    const Value* const retryable = error.find("retryable");
    result.retryable =
        retryable != nullptr && retryable->is(expression::Kind::boolean) && retryable->as_boolean();
    return result;
}

std::vector<calls::ToolCall> tool_calls_of(const Value& list) {
    std::vector<calls::ToolCall> found;
    for (const Value& one : list.as_list()) {
        Value arguments = member_or_null(one, "arguments");
        if (arguments.is_null()) {
            arguments = Value::dict({});
        }
        found.push_back({text_of(one, "id"), text_of(one, "name"), std::move(arguments)});
    }
    return found;
}

class StubAgent final : public calls::Agent {
  public:
    StubAgent(std::string name, Value config, StubState& state, CallLog log)
        : name_(std::move(name)), config_(std::move(config)), state_(state), log_(std::move(log)) {}

    AgentResult call(const calls::CallScope& scope, const AgentRequest& request) override {
        const int number = state_.next_call(text_of(config_, "id", name_));
        log_(name_, request);
        const Value response = response_to(request.input, number);
        if (const auto pause = millis_of(response, "sleep_ms"); pause.count() > 0) {
            sleep_or_stop(pause, scope.stop);
        }
        if (const Value* const error = response.find("raise")) {
            raise(*error);
        }
        return result_of(response, request.input, number);
    }

    [[nodiscard]] bool has_tool_loop() const override {
        const Value* const no_tools = config_.find("no_tools");
        return no_tools == nullptr || !no_tools->is(expression::Kind::boolean) ||
               !no_tools->as_boolean();
    }

    [[nodiscard]] Value metadata() const override { return member_or_null(config_, "metadata"); }

  private:
    [[nodiscard]] Value response_to(const Value& input, int number) const {
        if (const Value* const match = config_.find("match"); match != nullptr) {
            for (const Value& candidate : match->as_list()) {
                if (fits(candidate, input)) {
                    return candidate;
                }
            }
        }
        if (const Value* const list = config_.find("calls");
            list != nullptr && list->is_list_like() && !list->as_list().empty()) {
            const auto& responses = list->as_list();
            if (responses.size() > 1) {
                state_.note_counter_used();
            }
            return responses[std::min(responses.size(), static_cast<std::size_t>(number)) - 1];
        }
        return expression::from_json(R"({"output":{"echo":"$input","call":"$call"}})");
    }

    static bool fits(const Value& candidate, const Value& input) {
        const Value* const when = candidate.find("when");
        if (when == nullptr || !when->is_dict()) {
            return true;
        }
        return std::ranges::all_of(when->as_dict().entries(), [&](const auto& entry) {
            const Value* const given = input.find(expression::plain_text(entry.first));
            return expression::equal(given == nullptr ? Value() : *given, entry.second);
        });
    }

    AgentResult result_of(const Value& response, const Value& input, int number) const {
        Substitution substitution(input, number);
        AgentResult result;
        result.output = substitution.apply(member_or_null(response, "output"));
        if (substitution.used_the_call()) {
            state_.note_counter_used();
        }
        if (const Value* const content = response.find("content");
            content != nullptr && !content->is_null()) {
            result.content = expression::plain_text(*content);
        }
        if (const Value* const error = response.find("error"); error != nullptr) {
            result.error = error_of(*error);
        }
        result.usage = member_or_null(response, "usage");
        result.cost = member_or_null(response, "cost");
        result.rate_limit = member_or_null(response, "rate_limit");
        result.finish_reason = text_of(response, "finish_reason");
        if (const Value* const tools = response.find("tool_calls");
            tools != nullptr && tools->is_list_like()) {
            result.tool_calls = tool_calls_of(*tools);
            result.finish_reason = "tool_use";
        }
        result.rendered_user_prompt = text_of(response, "rendered_user_prompt");
        return result;
    }

    const std::string name_;
    const Value config_;
    StubState& state_;
    const CallLog log_;
};

void override_members(Value& base, const Value& members) {
    if (!members.is_dict()) {
        return;
    }
    for (const auto& [key, member] : members.as_dict().entries()) {
        base.set(expression::plain_text(key), member);
    }
}

/// The profile of a flatagent document, with a `config` inside of it taken as its members.
Value profile_of(const Value& document) {
    const Value* const data = document.find("data");
    const Value* const profile = data == nullptr ? nullptr : data->find("profile");
    if (profile == nullptr || !profile->is_dict()) {
        return {};
    }
    Value config = *profile;
    if (const Value* const inner = profile->find("config"); inner != nullptr) {
        override_members(config, *inner);
    }
    return config;
}

Value config_of(const config::AgentDefinition& definition) {
    const Value document = value_of(definition.document);
    if (definition.form == config::AgentForm::adapter) {
        Value base = profile_of(document);
        if (base.is_null()) {
            base = document.is_dict() ? document : Value::dict({});
        }
        override_members(base, value_of(definition.config));
        return base;
    }
    return profile_of(document);
}

}  // namespace

std::shared_ptr<calls::Agent> make_stub_agent(const config::AgentDefinition& definition,
                                              StubState& state, CallLog log) {
    if (definition.form == config::AgentForm::malformed) {
        throw MachineError(FailureClass::config, "ValueError",
                           "Invalid agent reference. Expected string path or {type, ref/config}.");
    }
    Value config = config_of(definition);
    const std::string type = definition.form == config::AgentForm::adapter
                                 ? definition.type
                                 : text_of(config, "type", "flatagent");
    if (type != "stub") {
        throw MachineError(FailureClass::unknown_agent_type, "ValueError",
                           "No adapter for agents of the type `" + type + "`; there is `stub`");
    }
    return std::make_shared<StubAgent>(definition.name, std::move(config), state, std::move(log));
}

}  // namespace fleet::conformance
