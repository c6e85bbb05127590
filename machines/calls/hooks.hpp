// What a machine may call besides agents and machines: hooks, actions and tools. One `Hooks` object
// serves one run of one machine and is called from one thread at a time.
//
// A context is the machine's whole context, an object; what a method returns replaces it. Whatever
// goes wrong is a CallError, whose `type` a machine's `on_error` can name.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/errors.hpp"
#include "common/base/time.hpp"
#include "machines/expression/value.hpp"

namespace fleet::calls {

/// An error with a name of its own: raised by an action, a hook, an agent or a tool.
class CallError final : public base::Error {
  public:
    CallError(std::string type, const std::string& message,
              std::optional<expression::Value> context = std::nullopt)
        : Error(message), type_(std::move(type)), context_(std::move(context)) {}
    [[nodiscard]] const std::string& type() const noexcept { return type_; }
    /// What a hook or action had made of the context until then, which stays; nullopt: nothing.
    [[nodiscard]] const std::optional<expression::Value>& context() const noexcept {
        return context_;
    }

  private:
    std::string type_;
    std::optional<expression::Value> context_;
};

/// What every call is told about the run that makes it.
struct CallScope {
    std::string execution_id;
    std::string machine_name;
    std::string state;  ///< empty at the start and the end of a machine
    /// Where a hook command's stderr goes, with the rest of the attempt; may be empty.
    std::string log_path;
    std::stop_token stop;  ///< ends the call: base::Cancelled
};

struct ToolCall {
    std::string id;
    std::string name;
    expression::Value arguments;  ///< an object
};

struct ToolResult {
    std::string content;
    bool is_error = false;
};

struct ToolDefinition {
    std::string name;
    expression::Value definition;  ///< {type: function, function: {name, description, parameters}}
};

class ToolProvider {
  public:
    ToolProvider() = default;
    ToolProvider(const ToolProvider&) = delete;
    ToolProvider& operator=(const ToolProvider&) = delete;
    virtual ~ToolProvider() = default;
    [[nodiscard]] virtual std::vector<ToolDefinition> tools() = 0;
    /// `timeout` 0: none. A tool that does not end in time throws CallError TimeoutError.
    virtual ToolResult call(const CallScope& scope, const ToolCall& call, base::Millis timeout) = 0;
};

class Hooks {
  public:
    using Value = expression::Value;

    Hooks() = default;
    Hooks(const Hooks&) = delete;
    Hooks& operator=(const Hooks&) = delete;
    virtual ~Hooks() = default;

    /// Whether calling the method has an effect outside of this process, before which everything
    /// done so far has to be durable.
    [[nodiscard]] virtual bool leaves_process(std::string_view method) const;

    virtual Value on_machine_start(const CallScope& scope, Value context);
    /// Returns the final output.
    virtual Value on_machine_end(const CallScope& scope, const Value& context, Value output);
    virtual Value on_state_enter(const CallScope& scope, Value context);
    /// Returns the state's output.
    virtual Value on_state_exit(const CallScope& scope, const Value& context, Value output);
    /// Returns the state to go to.
    virtual std::string on_transition(const CallScope& scope, const std::string& to,
                                      const Value& context);
    /// Returns the state to go to, or nullopt to let the error pass.
    virtual std::optional<std::string> on_error(const CallScope& scope, const std::string& type,
                                                const std::string& message, const Value& context);
    /// An unknown action leaves the context alone.
    virtual Value on_action(const CallScope& scope, const std::string& action, Value context);
    virtual Value on_tool_calls(const CallScope& scope, const std::vector<ToolCall>& calls,
                                Value context);
    virtual Value on_tool_result(const CallScope& scope, const ToolCall& call,
                                 const ToolResult& result, Value context);
    /// nullptr: no tools in this state. Lives as long as the hooks.
    virtual ToolProvider* tools(const CallScope& scope);
};

/// Several hooks as one: each gets what the one before returned; the first that answers `on_error`
/// decides, and the first that has tools gives them.
[[nodiscard]] std::unique_ptr<Hooks> combine(std::vector<std::unique_ptr<Hooks>> parts);

/// Makes hooks by the names that machines use. Thread-safe.
class HooksRegistry {
  public:
    HooksRegistry() = default;
    HooksRegistry(const HooksRegistry&) = delete;
    HooksRegistry& operator=(const HooksRegistry&) = delete;
    virtual ~HooksRegistry() = default;
    /// A new object each time; `args` may be null. nullptr: no such name.
    [[nodiscard]] virtual std::unique_ptr<Hooks> make(const std::string& name,
                                                      const expression::Value& args) = 0;
    /// For messages, sorted.
    [[nodiscard]] virtual std::vector<std::string> names() const = 0;
};

}  // namespace fleet::calls
