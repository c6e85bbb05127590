#include "machines/agents/chat.hpp"

#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::agents {

using expression::Value;

std::string text_in(const Value& object, std::string_view key) {
    const Value* const found = object.find(key);
    return found != nullptr && found->is_string() ? found->as_string() : std::string();
}

std::int64_t count_in(const Value& object, std::string_view key) {
    constexpr double kMost = 1e15;
    const Value* const found = object.find(key);
    if (found == nullptr || !found->is_number()) {
        return 0;
    }
    const double number = found->as_floating();
    return number > 0 && number < kMost ? static_cast<std::int64_t>(number) : 0;
}

Value text_value(std::string_view text) {
    return Value::string(std::string(text));
}

Value arguments_of(const std::string& text) {
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
        return Value::dict({});
    }
    try {
        return expression::from_json(text);
    } catch (const expression::EvaluationError&) {
        return Value::string(text);
    }
}

std::optional<ChatFault> fault_in(const Value& answer) {
    const Value* const error = answer.find("error");
    if (error == nullptr || error->is_null()) {
        return std::nullopt;
    }
    ChatFault fault;
    if (error->is_string()) {
        fault.message = error->as_string();
        return fault;
    }
    for (const std::string_view key : {"type", "code", "message"}) {
        const std::string part = text_in(*error, key);
        if (!part.empty()) {
            fault.message += (fault.message.empty() ? "" : ": ") + part;
        }
    }
    const std::int64_t code = count_in(*error, "code");
    if (code >= 400 && code < 600) {
        fault.status = static_cast<int>(code);
    }
    if (text_in(*error, "type") == "overloaded_error") {
        constexpr int kOverloaded = 529;
        fault.status = kOverloaded;
    }
    return fault;
}

}  // namespace fleet::agents
