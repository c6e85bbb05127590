#include "machines/engine/failure.hpp"

#include <array>
#include <utility>

#include "machines/calls/hooks.hpp"
#include "machines/expression/errors.hpp"

namespace fleet::engine {
namespace {

using expression::ErrorKind;

constexpr std::array kNames{
    std::pair{FailureClass::user, std::string_view("user")},
    std::pair{FailureClass::agent_error, std::string_view("agent_error")},
    std::pair{FailureClass::agent_retryable, std::string_view("agent_retryable")},
    std::pair{FailureClass::timeout, std::string_view("timeout")},
    std::pair{FailureClass::template_undefined, std::string_view("template_undefined")},
    std::pair{FailureClass::template_syntax, std::string_view("template_syntax")},
    std::pair{FailureClass::expression, std::string_view("expression")},
    std::pair{FailureClass::type, std::string_view("type")},
    std::pair{FailureClass::key, std::string_view("key")},
    std::pair{FailureClass::index, std::string_view("index")},
    std::pair{FailureClass::arithmetic, std::string_view("arithmetic")},
    std::pair{FailureClass::value, std::string_view("value")},
    std::pair{FailureClass::limit, std::string_view("limit")},
    std::pair{FailureClass::file_not_found, std::string_view("file_not_found")},
    std::pair{FailureClass::unknown_hook, std::string_view("unknown_hook")},
    std::pair{FailureClass::unknown_agent, std::string_view("unknown_agent")},
    std::pair{FailureClass::unknown_agent_type, std::string_view("unknown_agent_type")},
    std::pair{FailureClass::unknown_machine, std::string_view("unknown_machine")},
    std::pair{FailureClass::foreach_type, std::string_view("foreach_type")},
    std::pair{FailureClass::config, std::string_view("config")},
    std::pair{FailureClass::yaml, std::string_view("yaml")},
    std::pair{FailureClass::child, std::string_view("child")},
    std::pair{FailureClass::internal, std::string_view("internal")},
};

/// The names that definitions of the family use in `on_error`.
struct Known {
    ErrorKind kind;
    FailureClass failure;
    std::string_view type;
};
constexpr std::array kEvaluation{
    Known{ErrorKind::expression, FailureClass::expression, "ExpressionError"},
    Known{ErrorKind::template_syntax, FailureClass::template_syntax, "TemplateSyntaxError"},
    Known{ErrorKind::template_undefined, FailureClass::template_undefined, "UndefinedError"},
    Known{ErrorKind::type, FailureClass::type, "TypeError"},
    Known{ErrorKind::key, FailureClass::key, "KeyError"},
    Known{ErrorKind::index, FailureClass::index, "IndexError"},
    Known{ErrorKind::arithmetic, FailureClass::arithmetic, "ArithmeticError"},
    Known{ErrorKind::value, FailureClass::value, "ValueError"},
    Known{ErrorKind::limit, FailureClass::limit, "LimitError"},
    Known{ErrorKind::internal, FailureClass::internal, "AttributeError"},
};

Failure failure_of_evaluation(const expression::EvaluationError& error) {
    for (const Known& known : kEvaluation) {
        if (known.kind == error.kind()) {
            return {known.failure, std::string(known.type), error.what(), {}};
        }
    }
    return {FailureClass::internal, "InternalError", error.what(), {}};
}

}  // namespace

std::string_view name_of(FailureClass kind) {
    for (const auto& [known, name] : kNames) {
        if (known == kind) {
            return name;
        }
    }
    return "internal";
}

std::optional<Failure> failure_of(const std::exception& error) {
    if (const auto* machine = dynamic_cast<const MachineError*>(&error)) {
        return machine->failure();
    }
    if (const auto* call = dynamic_cast<const calls::CallError*>(&error)) {
        const bool timeout = call->type() == "TimeoutError";
        std::string message = call->what();
        if (message.empty()) {
            message = call->type();
        }
        return Failure{timeout ? FailureClass::timeout : FailureClass::user,
                       call->type(),
                       std::move(message),
                       {}};
    }
    if (const auto* evaluation = dynamic_cast<const expression::EvaluationError*>(&error)) {
        return failure_of_evaluation(*evaluation);
    }
    if (const auto* config = dynamic_cast<const base::ConfigError*>(&error)) {
        return Failure{FailureClass::config, "ConfigError", config->what(), {}};
    }
    return std::nullopt;
}

}  // namespace fleet::engine
