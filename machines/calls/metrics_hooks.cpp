#include "machines/calls/metrics_hooks.hpp"

#include <exception>
#include <fcntl.h>
#include <unistd.h>

#include "common/base/fd.hpp"
#include "common/base/json.hpp"

namespace fleet::calls {

using expression::Value;

MetricsHooks::~MetricsHooks() {
    try {
        write_line();
    } catch (const std::exception&) {
        // Figures of a run that has ended already; there is nobody to tell.
        unwritten_ = false;
    }
}

Value MetricsHooks::on_machine_end(const CallScope& scope, const Value& /*context*/, Value output) {
    remember(scope);
    write_line();
    return output;
}

Value MetricsHooks::on_state_enter(const CallScope& scope, Value context) {
    remember(scope);
    ++metrics_.states[scope.state].entered;
    entered_at_[scope.state] = clock_.boot_now();
    return context;
}

Value MetricsHooks::on_state_exit(const CallScope& scope, const Value& /*context*/, Value output) {
    remember(scope);
    leave(scope.state);
    return output;
}

std::string MetricsHooks::on_transition(const CallScope& scope, const std::string& to,
                                        const Value& /*context*/) {
    remember(scope);
    ++metrics_.transitions[scope.state + "->" + to];
    return to;
}

std::optional<std::string> MetricsHooks::on_error(const CallScope& scope,
                                                  const std::string& /*type*/,
                                                  const std::string& /*message*/,
                                                  const Value& /*context*/) {
    remember(scope);
    ++metrics_.states[scope.state].errors;
    leave(scope.state);
    return std::nullopt;
}

Value MetricsHooks::on_action(const CallScope& scope, const std::string& action, Value context) {
    remember(scope);
    ++metrics_.actions[action];
    return context;
}

void MetricsHooks::remember(const CallScope& scope) {
    unwritten_ = true;
    execution_id_ = scope.execution_id;
    machine_ = scope.machine_name;
    log_path_ = scope.log_path;
}

void MetricsHooks::leave(const std::string& state) {
    const auto entered = entered_at_.find(state);
    if (entered != entered_at_.end()) {
        metrics_.states[state].duration +=
            std::chrono::round<base::Millis>(clock_.boot_now() - entered->second);
        entered_at_.erase(entered);
    }
}

std::string MetricsHooks::line() const {
    base::Json states = base::Json::object();
    for (const auto& [name, state] : metrics_.states) {
        states[name] = {{"entered", state.entered},
                        {"errors", state.errors},
                        {"duration_ms", state.duration.count()}};
    }
    const base::Json all = {{"execution_id", execution_id_},
                            {"machine", machine_},
                            {"states", std::move(states)},
                            {"transitions", metrics_.transitions},
                            {"actions", metrics_.actions}};
    return base::dump_json({{"metrics", all}}) + '\n';
}

void MetricsHooks::write_line() {
    if (!unwritten_ || log_path_.empty()) {
        return;
    }
    unwritten_ = false;
    const base::UniqueFd file(
        ::open(log_path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (file) {
        const std::string text = line();
        // One write, so that lines of several processes do not mix. A full disk loses a figure.
        static_cast<void>(::write(file.get(), text.data(), text.size()));
    }
}

}  // namespace fleet::calls
