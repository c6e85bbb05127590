// Why a machine, a state or a call failed: values that `on_error`, `last_error` and parents see.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/errors.hpp"

namespace fleet::engine {

/// What kind of thing went wrong, whoever named it.
enum class FailureClass {
    user,             ///< raised by an action, a hook, an agent or a tool under a name of its own
    agent_error,      ///< reported by an agent in its result
    agent_retryable,  ///< likewise, and worth another try
    timeout,
    template_undefined,
    template_syntax,
    expression,
    type,
    key,
    index,
    arithmetic,
    value,
    limit,
    file_not_found,
    unknown_hook,
    unknown_agent,
    unknown_agent_type,
    unknown_machine,
    foreach_type,
    config,
    yaml,
    child,     ///< a child machine that ran elsewhere
    internal,  ///< what the program did not foresee
};
/// "user", "agent_error", ...
[[nodiscard]] std::string_view name_of(FailureClass kind);

struct Failure {
    FailureClass kind = FailureClass::internal;
    /// The error's type as `on_error` and `last_error_type` know it: "ValueError".
    std::string type;
    /// Never empty.
    std::string message;
    /// The type that an agent gave its error, which `on_error` may name as well; else empty.
    std::string agent_type;
};

/// A failure on its way to `on_error`.
class MachineError final : public base::Error {
  public:
    explicit MachineError(Failure failure) : Error(failure.message), failure_(std::move(failure)) {}
    MachineError(FailureClass kind, std::string type, std::string message)
        : MachineError(Failure{kind, std::move(type), std::move(message), {}}) {}
    [[nodiscard]] const Failure& failure() const noexcept { return failure_; }

  private:
    Failure failure_;
};

/// nullopt for what no machine may handle: a stop, a lost lease, a store that does not answer.
[[nodiscard]] std::optional<Failure> failure_of(const std::exception& error);

}  // namespace fleet::engine
