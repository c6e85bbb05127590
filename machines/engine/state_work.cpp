#include <string>
#include <utility>

#include "machines/engine/run_state.hpp"
#include "machines/engine/time_limit.hpp"
#include "machines/expression/operators.hpp"
#include "machines/expression/print.hpp"

namespace fleet::engine {
namespace {

using expression::Value;

/// A signal's data is an object to templates.
Value as_object(const Value& data) {
    if (data.is_dict()) {
        return data;
    }
    Value object = Value::dict({});
    object.set("value", data);
    return object;
}

Work receive(RunState& run, const State& state) {
    const Value channel = state.wait_for.get().render(run.variables());
    std::string name = expression::plain_text(channel);
    if (name.empty() || channel.is_null()) {
        throw MachineError(
            FailureClass::value, "ValueError",
            "the state `" + state.definition->name + "` waits for a channel whose name is empty");
    }
    std::optional<Value> data = run.host.receive(name, state.timeout);
    if (!data) {
        return Waiting{std::move(name), state.timeout};
    }
    run.map_output(state, as_object(*data));
    return std::move(*data);
}

/// An action may return less than it got; that is said, as it is rarely meant.
void report_dropped(RunState& run, const State& state, const Value& before) {
    const Value& after = run.snapshot.context;
    if (before.same_storage(after)) {
        return;
    }
    for (const auto& [key, value] : before.as_dict().entries()) {
        if (key.is_string() && key.as_string() != "machine" &&
            after.find(key.as_string()) == nullptr) {
            run.host.warn("the action `" + *state.definition->action + "` of the state `" +
                          state.definition->name + "` has dropped `" + key.as_string() +
                          "` from the context");
        }
    }
}

void run_action(RunState& run, const State& state, const std::stop_token& stop) {
    calls::Hooks* hooks = run.hooks_of(state);
    if (hooks == nullptr) {
        return;
    }
    const std::string& action = *state.definition->action;
    run.before_hook(*hooks, "on_action");
    const Value before = run.snapshot.context;
    Value after = hooks->on_action(run.scope(state.definition->name, stop), action, before);
    if (!after.is_dict()) {
        throw MachineError(FailureClass::type, "TypeError",
                           "the action `" + action + "` returned " + expression::type_name(after) +
                               " instead of the context, an object");
    }
    run.snapshot.context = std::move(after);
    report_dropped(run, state, before);
}

void launch(RunState& run, const State& state) {
    const Value input = run.render_object(state.launch_input);
    for (const CompiledCall& call : state.launches) {
        if (call.failure) {
            throw MachineError(*call.failure);
        }
        const std::string id = run.host.launch_id(run.snapshot);
        run.snapshot.pending_launches.push_back({id, call.name, input, false});
        run.host.launch(run.snapshot, {call.name, call.machine, input, {}}, id);
        run.snapshot.pending_launches.back().launched = true;
    }
}

bool has_children(const State& state) {
    return !state.machines.empty() || state.foreach.is_present();
}

/// Everything but waiting for a signal.
Work do_work(RunState& run, const State& state, WorkFrom from, const std::stop_token& stop) {
    Value output;
    if (from == WorkFrom::beginning) {
        if (state.definition->action) {
            run_action(run, state, stop);
        }
        if (!state.launches.empty()) {
            launch(run, state);
        }
    }
    if (from != WorkFrom::agent && has_children(state)) {
        auto result = run_children(run, state);
        if (!result) {
            return Parked{};
        }
        output = std::move(*result);
        run.map_output(state, output.is_null() ? Value::dict({}) : output);
    }
    if (state.definition->agent) {
        output = state.definition->tool_loop ? run_tool_loop(run, state, stop)
                                             : call_agent(run, state, stop);
        run.map_output(state, output);
    }
    run.last_output = output;
    return output;
}

}  // namespace

Work execute_state(RunState& run, const State& state, WorkFrom from) {
    Work work;
    if (state.wait_for.is_present()) {
        work = receive(run, state);
    } else {
        const TimeLimit limit(run.options.stop, state.timeout);
        try {
            work = do_work(run, state, from, limit.token());
        } catch (const base::Cancelled&) {
            if (!limit.has_passed()) {
                throw;
            }
            throw MachineError(FailureClass::timeout, "TimeoutError",
                               "the state `" + state.definition->name + "` did not end within " +
                                   expression::float_text(*state.definition->timeout_s) + " s");
        }
    }
    if (state.is_final && state.output.is_present() && std::holds_alternative<Value>(work)) {
        // The final output sees the context alone.
        templates::Variables variables;
        variables.add("context", run.snapshot.context);
        Value output = state.output.get().render(variables);
        if (expression::truthy(output)) {
            work = std::move(output);
        }
    }
    return work;
}

std::optional<std::size_t> find_transition(const RunState& run, const State& state,
                                           bool conditional_only) {
    for (const CompiledTransition& transition : state.transitions) {
        switch (transition.kind) {
            case CompiledTransition::Kind::always:
                if (!conditional_only) {
                    return transition.target;
                }
                break;
            case CompiledTransition::Kind::never:
                break;
            case CompiledTransition::Kind::cel:
                if (transition.cel.get().test(
                        {run.snapshot.context, run.snapshot.context, run.last_output})) {
                    return transition.target;
                }
                break;
            case CompiledTransition::Kind::simple:
                if (transition.simple.get().test(run.snapshot.context)) {
                    return transition.target;
                }
                break;
        }
    }
    return std::nullopt;
}

namespace {

/// The state that the definition names for the failure; `type` becomes the name that matched.
const std::string* configured_target(const State& state, const Failure& failure,
                                     std::string& type) {
    const auto named = [&](const std::string& name) -> const std::string* {
        for (const config::ErrorRoute& route : state.definition->on_error) {
            if (!name.empty() && route.type == name) {
                return &route.state;
            }
        }
        return nullptr;
    };
    if (const std::string* target = named(failure.agent_type)) {
        type = failure.agent_type;
        return target;
    }
    if (const std::string* target = named(failure.type)) {
        return target;
    }
    return named("default");
}

}  // namespace

std::optional<std::size_t> recover(RunState& run, const State& state, const Failure& failure) {
    std::string type = failure.type;
    const std::string* configured = configured_target(state, failure, type);
    run.snapshot.context.set("last_error", Value::string(failure.message));
    run.snapshot.context.set("last_error_type", Value::string(type));
    std::string target = configured == nullptr ? std::string() : *configured;
    if (target.empty()) {
        if (calls::Hooks* hooks = run.hooks_of(state)) {
            run.before_hook(*hooks, "on_error");
            target = hooks
                         ->on_error(run.scope(state.definition->name, run.options.stop), type,
                                    failure.message, run.snapshot.context)
                         .value_or("");
        }
    }
    if (target.empty()) {
        return std::nullopt;
    }
    const auto found = run.machine.find_state(target);
    if (!found) {
        run.host.warn("an error of the state `" + state.definition->name +
                      "` would lead to the state `" + target +
                      "`, which the machine does not have");
    }
    return found;
}

}  // namespace fleet::engine
