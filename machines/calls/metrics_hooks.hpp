// The built-in hooks `metrics`: how often each state of a run was entered and how long it took.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/base/clock.hpp"
#include "machines/calls/hooks.hpp"

namespace fleet::calls {

struct StateMetrics {
    std::int64_t entered = 0;
    std::int64_t errors = 0;
    base::Millis duration{0};  ///< of all its visits that have ended
};

struct RunMetrics {
    std::map<std::string, StateMetrics> states;
    std::map<std::string, std::int64_t> transitions;  ///< "from->to"
    std::map<std::string, std::int64_t> actions;
};

/// Of one run of one machine in one process: what ran before a restart is in that attempt's line.
/// When the machine ends, or the run ends without that, one line is added to the attempt's log:
/// {"metrics": {"execution_id", "machine", "states", "transitions", "actions"}}.
class MetricsHooks final : public Hooks {
  public:
    /// `clock` must outlive it.
    explicit MetricsHooks(const base::Clock& clock) : clock_(clock) {}
    ~MetricsHooks() override;

    [[nodiscard]] const RunMetrics& metrics() const { return metrics_; }

    [[nodiscard]] bool leaves_process(std::string_view /*method*/) const override { return false; }
    Value on_machine_end(const CallScope& scope, const Value& context, Value output) override;
    Value on_state_enter(const CallScope& scope, Value context) override;
    Value on_state_exit(const CallScope& scope, const Value& context, Value output) override;
    std::string on_transition(const CallScope& scope, const std::string& to,
                              const Value& context) override;
    std::optional<std::string> on_error(const CallScope& scope, const std::string& type,
                                        const std::string& message, const Value& context) override;
    Value on_action(const CallScope& scope, const std::string& action, Value context) override;

  private:
    void remember(const CallScope& scope);
    void leave(const std::string& state);
    [[nodiscard]] std::string line() const;
    void write_line();

    const base::Clock& clock_;
    RunMetrics metrics_;
    std::map<std::string, base::BootTime> entered_at_;
    std::string execution_id_;
    std::string machine_;
    std::string log_path_;
    bool unwritten_ = false;
};

}  // namespace fleet::calls
