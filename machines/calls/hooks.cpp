#include "machines/calls/hooks.hpp"

#include <algorithm>
#include <utility>

namespace fleet::calls {
namespace {

class CombinedHooks final : public Hooks {
  public:
    explicit CombinedHooks(std::vector<std::unique_ptr<Hooks>> parts) : parts_(std::move(parts)) {}

    [[nodiscard]] bool leaves_process(std::string_view method) const override {
        return std::ranges::any_of(parts_,
                                   [&](const auto& part) { return part->leaves_process(method); });
    }
    Value on_machine_start(const CallScope& scope, Value context) override {
        for (const auto& part : parts_) {
            context = part->on_machine_start(scope, std::move(context));
        }
        return context;
    }
    Value on_machine_end(const CallScope& scope, const Value& context, Value output) override {
        for (const auto& part : parts_) {
            output = part->on_machine_end(scope, context, std::move(output));
        }
        return output;
    }
    Value on_state_enter(const CallScope& scope, Value context) override {
        for (const auto& part : parts_) {
            context = part->on_state_enter(scope, std::move(context));
        }
        return context;
    }
    Value on_state_exit(const CallScope& scope, const Value& context, Value output) override {
        for (const auto& part : parts_) {
            output = part->on_state_exit(scope, context, std::move(output));
        }
        return output;
    }
    std::string on_transition(const CallScope& scope, const std::string& to,
                              const Value& context) override {
        std::string target = to;
        for (const auto& part : parts_) {
            target = part->on_transition(scope, target, context);
        }
        return target;
    }
    std::optional<std::string> on_error(const CallScope& scope, const std::string& type,
                                        const std::string& message, const Value& context) override {
        for (const auto& part : parts_) {
            if (auto target = part->on_error(scope, type, message, context)) {
                return target;
            }
        }
        return std::nullopt;
    }
    Value on_action(const CallScope& scope, const std::string& action, Value context) override {
        for (const auto& part : parts_) {
            context = part->on_action(scope, action, std::move(context));
        }
        return context;
    }
    Value on_tool_calls(const CallScope& scope, const std::vector<ToolCall>& calls,
                        Value context) override {
        for (const auto& part : parts_) {
            context = part->on_tool_calls(scope, calls, std::move(context));
        }
        return context;
    }
    Value on_tool_result(const CallScope& scope, const ToolCall& call, const ToolResult& result,
                         Value context) override {
        for (const auto& part : parts_) {
            context = part->on_tool_result(scope, call, result, std::move(context));
        }
        return context;
    }
    ToolProvider* tools(const CallScope& scope) override {
        for (const auto& part : parts_) {
            if (ToolProvider* provider = part->tools(scope)) {
                return provider;
            }
        }
        return nullptr;
    }

  private:
    std::vector<std::unique_ptr<Hooks>> parts_;
};

}  // namespace

bool Hooks::leaves_process(std::string_view /*method*/) const {
    return true;
}
expression::Value Hooks::on_machine_start(const CallScope& /*scope*/, Value context) {
    return context;
}
expression::Value Hooks::on_machine_end(const CallScope& /*scope*/, const Value& /*context*/,
                                        Value output) {
    return output;
}
expression::Value Hooks::on_state_enter(const CallScope& /*scope*/, Value context) {
    return context;
}
expression::Value Hooks::on_state_exit(const CallScope& /*scope*/, const Value& /*context*/,
                                       Value output) {
    return output;
}
std::string Hooks::on_transition(const CallScope& /*scope*/, const std::string& to,
                                 const Value& /*context*/) {
    return to;
}
std::optional<std::string> Hooks::on_error(const CallScope& /*scope*/, const std::string& /*type*/,
                                           const std::string& /*message*/,
                                           const Value& /*context*/) {
    return std::nullopt;
}
expression::Value Hooks::on_action(const CallScope& /*scope*/, const std::string& /*action*/,
                                   Value context) {
    return context;
}
expression::Value Hooks::on_tool_calls(const CallScope& /*scope*/,
                                       const std::vector<ToolCall>& /*calls*/, Value context) {
    return context;
}
expression::Value Hooks::on_tool_result(const CallScope& /*scope*/, const ToolCall& /*call*/,
                                        const ToolResult& /*result*/, Value context) {
    return context;
}
ToolProvider* Hooks::tools(const CallScope& /*scope*/) {
    return nullptr;
}

std::unique_ptr<Hooks> combine(std::vector<std::unique_ptr<Hooks>> parts) {
    if (parts.size() == 1) {
        return std::move(parts.front());
    }
    return std::make_unique<CombinedHooks>(std::move(parts));
}

}  // namespace fleet::calls
