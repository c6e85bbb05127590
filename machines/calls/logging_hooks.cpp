#include "machines/calls/logging_hooks.hpp"

#include <utility>

namespace fleet::calls {
namespace {

class LoggingHooks final : public Hooks {
  public:
    LoggingHooks(base::Log& log, base::LogLevel level) : log_(log), level_(level) {}

    /// A line more or less after a crash changes nothing.
    [[nodiscard]] bool leaves_process(std::string_view /*method*/) const override { return false; }

    Value on_machine_start(const CallScope& scope, Value context) override {
        write("machine starts", scope);
        return context;
    }
    Value on_machine_end(const CallScope& scope, const Value& /*context*/, Value output) override {
        write("machine ends", scope);
        return output;
    }
    Value on_state_enter(const CallScope& scope, Value context) override {
        write("state entered", scope);
        return context;
    }
    Value on_state_exit(const CallScope& scope, const Value& /*context*/, Value output) override {
        write("state left", scope);
        return output;
    }
    std::string on_transition(const CallScope& scope, const std::string& to,
                              const Value& /*context*/) override {
        write("transition", scope, {"to", to});
        return to;
    }
    std::optional<std::string> on_error(const CallScope& scope, const std::string& type,
                                        const std::string& message,
                                        const Value& /*context*/) override {
        write("error", scope, {"error", type + ": " + message});
        return std::nullopt;
    }
    Value on_action(const CallScope& scope, const std::string& action, Value context) override {
        write("action", scope, {"action", action});
        return context;
    }
    Value on_tool_calls(const CallScope& scope, const std::vector<ToolCall>& calls,
                        Value context) override {
        std::string names;
        for (const ToolCall& call : calls) {
            names += (names.empty() ? "" : ",") + call.name;
        }
        write("tool calls", scope, {"tools", names});
        return context;
    }
    Value on_tool_result(const CallScope& scope, const ToolCall& call, const ToolResult& result,
                         Value context) override {
        write(result.is_error ? "tool failed" : "tool answered", scope, {"tool", call.name});
        return context;
    }

  private:
    void write(std::string_view what, const CallScope& scope, const base::LogField& more = {}) {
        const base::LogField execution{"execution", scope.execution_id};
        const base::LogField machine{"machine", scope.machine_name};
        const base::LogField state{"state", scope.state};
        if (scope.state.empty()) {
            write_line(what, {execution, machine});
        } else if (more.name.empty()) {
            write_line(what, {execution, machine, state});
        } else {
            write_line(what, {execution, machine, state, more});
        }
    }
    void write_line(std::string_view what, std::initializer_list<base::LogField> fields) {
        if (level_ == base::LogLevel::debug) {
            log_.debug(what, fields);
        } else {
            log_.info(what, fields);
        }
    }

    base::Log& log_;
    base::LogLevel level_;
};

}  // namespace

std::unique_ptr<Hooks> make_logging_hooks(base::Log& log, base::LogLevel level) {
    return std::make_unique<LoggingHooks>(log, level);
}

}  // namespace fleet::calls
