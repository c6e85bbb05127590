#include "machines/engine/run.hpp"

#include <utility>

#include "machines/engine/run_state.hpp"
#include "machines/expression/operators.hpp"

namespace fleet::engine {

using expression::Value;

class MachineRun::Impl {
  public:
    Impl(const Program& program, const Machine& machine, Host& host, RunOptions options)
        : run_(program, machine, host, std::move(options)),
          max_steps_(run_.options.max_steps.value_or(machine.max_steps)) {}

    Outcome start(const Value& input) {
        begin(input);
        run_.checkpoint(Event::machine_start, "start");
        run_start_hook();
        return loop(run_.machine.definition->initial);
    }

    Outcome resume(MachineSnapshot snapshot, ResumeAt at) {
        adopt(std::move(snapshot));
        MachineSnapshot& now = run_.snapshot;
        const Event event = now.event;
        for (const LaunchIntent& intent : now.pending_launches) {
            if (!intent.launched) {
                run_.host.relaunch(intent);
            }
        }
        if (event == Event::machine_end) {
            return Finished{now.output.is_null() ? Value::dict({}) : now.output};
        }
        if (event == Event::machine_start) {
            run_.set_machine(initial_state().name);
            run_start_hook();
            return loop(run_.machine.definition->initial);
        }
        const auto state = run_.machine.find_state(now.current_state);
        if (!state) {
            return Failure{FailureClass::config,
                           "ConfigError",
                           "resuming " + now.execution_id + ": its checkpoint is in the state `" +
                               now.current_state + "`, which the machine `" +
                               run_.machine.definition->name + "` does not have",
                           {}};
        }
        run_.set_machine(run_.machine.states[*state].name);
        if (at == ResumeAt::children) {
            return loop(*state, Entry::at_children);
        }
        if (event == Event::tool_call && now.tool_loop_state.is_dict()) {
            return loop(*state, Entry::at_agent);
        }
        if (event == Event::state_exit && !run_.options.reenter_after_exit) {
            Value output = std::exchange(now.output, Value());
            const State& left = run_.machine.states[*state];
            return left.is_final ? finish(left, std::move(output))
                                 : loop(*state, Entry::after_exit);
        }
        return loop(*state);
    }

    [[nodiscard]] const MachineSnapshot& snapshot() const { return run_.snapshot; }

  private:
    enum class Entry { enter, at_children, at_agent, after_exit };
    /// What a step leads to: another state, the end, or out of the run.
    using Next = std::variant<std::size_t, Finished, Waiting, Parked, HandedOver>;

    void begin(const Value& input) {
        templates::Variables variables;
        variables.add("input", input);
        Value context = run_.machine.context.is_present()
                            ? run_.machine.context.get().render(variables)
                            : Value::dict({});
        run_.snapshot.context = context.is_dict() ? std::move(context) : Value::dict({});
        run_.set_machine(initial_state().name);
    }

    void adopt(MachineSnapshot snapshot) {
        snapshot.machine_name = run_.snapshot.machine_name;
        snapshot.spec_version = run_.snapshot.spec_version;
        snapshot.config_hash = run_.snapshot.config_hash;
        if (snapshot.parent_execution_id.empty()) {
            snapshot.parent_execution_id = run_.snapshot.parent_execution_id;
        }
        snapshot.execution_id = run_.snapshot.execution_id;
        snapshot.waiting_channel.clear();
        run_.snapshot = std::move(snapshot);
    }

    [[nodiscard]] const State& initial_state() const {
        return run_.machine.states[run_.machine.definition->initial];
    }

    void run_start_hook() {
        if (run_.lifecycle) {
            run_.before_hook(*run_.lifecycle, "on_machine_start");
            run_.snapshot.context = run_.lifecycle->on_machine_start(
                run_.scope("", run_.options.stop), run_.snapshot.context);
        }
    }

    [[nodiscard]] bool calls_are_used_up() const {
        return run_.options.max_agent_calls &&
               run_.snapshot.total_api_calls.as_floating() >=
                   static_cast<double>(*run_.options.max_agent_calls);
    }

    /// Behind the exit of a final state.
    Outcome finish(const State& state, Value output) {
        output = run_exit_hook(state, std::move(output));
        return end(expression::truthy(output) ? std::move(output) : Value::dict({}));
    }

    Outcome loop(std::size_t current, Entry entry = Entry::enter) {
        for (;;) {
            if (run_.options.stop.stop_requested()) {
                throw base::Cancelled("running the machine " + run_.snapshot.machine_name);
            }
            const State& state = run_.machine.states[current];
            Next next = current;
            if (entry == Entry::after_exit) {
                next = leave(state);
            } else {
                if (entry != Entry::at_children) {
                    if ((max_steps_ > 0 && run_.snapshot.step >= max_steps_) ||
                        calls_are_used_up()) {
                        return end(Value::dict({}));
                    }
                    if (!run_.host.may_enter_stage(state.stage)) {
                        return hand_over(state);
                    }
                }
                next = step(state, entry);
            }
            entry = Entry::enter;
            if (const auto* target = std::get_if<std::size_t>(&next)) {
                current = *target;
                continue;
            }
            if (auto* finished = std::get_if<Finished>(&next)) {
                return end(std::move(finished->output));
            }
            return std::visit(
                [](auto& over) -> Outcome {
                    if constexpr (std::is_same_v<std::decay_t<decltype(over)>, std::size_t>) {
                        return Parked{};
                    } else {
                        return std::move(over);
                    }
                },
                next);
        }
    }

    void enter(const State& state) {
        const std::string& name = state.definition->name;
        ++run_.snapshot.step;
        run_.set_machine(state.name);
        run_.checkpoint(Event::state_enter, name);
        if (calls::Hooks* hooks = run_.hooks_of(state)) {
            run_.before_hook(*hooks, "on_state_enter");
            run_.snapshot.context =
                hooks->on_state_enter(run_.scope(name, run_.options.stop), run_.snapshot.context);
        }
        run_.checkpoint(Event::execute, name);
    }

    /// The next run enters the state, with all that led to it behind it.
    Outcome hand_over(const State& state) {
        run_.snapshot.event = Event::state_enter;
        run_.snapshot.current_state = state.definition->name;
        run_.snapshot.output = Value();
        run_.host.amend(run_.snapshot, false);
        return HandedOver{state.stage};
    }

    static WorkFrom work_from(Entry entry) {
        switch (entry) {
            case Entry::at_children:
                return WorkFrom::children;
            case Entry::at_agent:
                return WorkFrom::agent;
            case Entry::enter:
            case Entry::after_exit:
                break;
        }
        return WorkFrom::beginning;
    }

    Next step(const State& state, Entry entry) {
        const std::string& name = state.definition->name;
        if (entry != Entry::at_children) {
            enter(state);
        }
        Value output;
        try {
            Work work = execute_state(run_, state, work_from(entry));
            if (auto* waiting = std::get_if<Waiting>(&work)) {
                run_.snapshot.waiting_channel = waiting->channel;
                run_.checkpoint(Event::waiting, name);
                return std::move(*waiting);
            }
            if (std::holds_alternative<Parked>(work)) {
                return Parked{};
            }
            output = std::move(std::get<Value>(work));
        } catch (const std::exception& error) {
            const auto failure = failure_of(error);
            if (!failure) {
                throw;
            }
            keep_context_of(error);
            const auto target = recover(run_, state, *failure);
            if (!target) {
                throw MachineError(*failure);
            }
            run_.set_machine(run_.machine.states[*target].name);
            return *target;
        }
        run_.checkpoint(Event::state_exit, name, state.is_final ? output : Value());
        output = run_exit_hook(state, std::move(output));
        if (state.is_final) {
            return Finished{expression::truthy(output) ? std::move(output) : Value::dict({})};
        }
        if (calls_are_used_up()) {
            return Finished{Value::dict({})};
        }
        return leave(state);
    }

    /// A hook that fails half-way may have changed the context before.
    void keep_context_of(const std::exception& error) {
        const auto* call = dynamic_cast<const calls::CallError*>(&error);
        if (call != nullptr && call->context() && call->context()->is_dict()) {
            run_.snapshot.context = *call->context();
        }
    }

    Value run_exit_hook(const State& state, Value output) {
        if (calls::Hooks* hooks = run_.hooks_of(state)) {
            run_.before_hook(*hooks, "on_state_exit");
            return hooks->on_state_exit(run_.scope(state.definition->name, run_.options.stop),
                                        run_.snapshot.context, std::move(output));
        }
        return output;
    }

    Next leave(const State& state) {
        std::optional<std::size_t> target = tool_loop_target();
        if (!target) {
            target = find_transition(run_, state, false);
        }
        if (!target) {
            return Finished{Value::dict({})};
        }
        calls::Hooks* hooks = run_.hooks_of(state);
        if (hooks == nullptr) {
            return *target;
        }
        run_.before_hook(*hooks, "on_transition");
        const std::string& proposed = run_.machine.states[*target].definition->name;
        const std::string chosen = hooks->on_transition(
            run_.scope(state.definition->name, run_.options.stop), proposed, run_.snapshot.context);
        if (chosen == proposed) {
            return *target;
        }
        if (chosen.empty()) {
            return Finished{Value::dict({})};
        }
        const auto other = run_.machine.find_state(chosen);
        if (!other) {
            throw MachineError(FailureClass::config, "ConfigError",
                               "a hook of the state `" + state.definition->name +
                                   "` leads to the state `" + chosen +
                                   "`, which the machine does not have");
        }
        return *other;
    }

    /// A tool loop that a transition has ended says where it leads.
    std::optional<std::size_t> tool_loop_target() {
        const Value* name = run_.snapshot.context.find("_tool_loop_next_state");
        if (name == nullptr) {
            return std::nullopt;
        }
        const auto target =
            name->is_string() ? run_.machine.find_state(name->as_string()) : std::nullopt;
        run_.snapshot.context.erase("_tool_loop_next_state");
        run_.snapshot.context.erase("_tool_loop_stop");
        return target;
    }

    Outcome end(Value output) {
        if (run_.lifecycle) {
            // Before the end's checkpoint: that becomes durable with what the hook makes of it.
            run_.before_hook(*run_.lifecycle, "on_machine_end");
        }
        run_.checkpoint(Event::machine_end, "end", output);
        if (run_.lifecycle) {
            Value changed = run_.lifecycle->on_machine_end(run_.scope("", run_.options.stop),
                                                           run_.snapshot.context, output);
            if (!changed.same_storage(output) && !expression::equal(changed, output)) {
                run_.snapshot.output = changed;
                run_.host.amend(run_.snapshot, run_.machine.keeps(Event::machine_end));
            }
            output = std::move(changed);
        }
        return Finished{std::move(output)};
    }

    RunState run_;
    const std::int64_t max_steps_;
};

namespace {

/// Failures that nobody handles are the run's outcome.
template <typename Body>
Outcome outcome_of(const Body& body) {
    try {
        return body();
    } catch (const std::exception& error) {
        if (auto failure = failure_of(error)) {
            return std::move(*failure);
        }
        throw;
    }
}

}  // namespace

MachineRun::MachineRun(const Program& program, const Machine& machine, Host& host,
                       RunOptions options)
    : impl_(std::make_unique<Impl>(program, machine, host, std::move(options))) {}

MachineRun::~MachineRun() = default;

Outcome MachineRun::start(const Value& input) {
    return outcome_of([&] { return impl_->start(input); });
}

Outcome MachineRun::resume(MachineSnapshot snapshot, ResumeAt at) {
    return outcome_of([&] { return impl_->resume(std::move(snapshot), at); });
}

const MachineSnapshot& MachineRun::snapshot() const {
    return impl_->snapshot();
}

}  // namespace fleet::engine
