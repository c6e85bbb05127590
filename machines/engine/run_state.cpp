#include "machines/engine/run_state.hpp"

#include <utility>

#include "machines/engine/metrics.hpp"

namespace fleet::engine {

using expression::Value;

RunState::RunState(const Program& the_program, const Machine& the_machine, Host& the_host,
                   RunOptions the_options)
    : program(the_program),
      machine(the_machine),
      host(the_host),
      options(std::move(the_options)),
      hooks_(the_machine.states.size()) {
    snapshot.execution_id = options.execution_id;
    snapshot.parent_execution_id = options.parent_execution_id;
    snapshot.machine_name = machine.definition->name;
    snapshot.spec_version = machine.definition->spec_version;
    snapshot.config_hash = program.config_hash();
    scope_ = {snapshot.execution_id, snapshot.machine_name, {}, options.log_path, options.stop};
    lifecycle = make_hooks(machine.lifecycle_hooks);
}

std::unique_ptr<calls::Hooks> RunState::make_hooks(const std::vector<HookUse>& uses) {
    std::vector<std::unique_ptr<calls::Hooks>> parts;
    parts.reserve(uses.size());
    for (const HookUse& use : uses) {
        parts.push_back(host.hooks(use.name, use.args));
    }
    return parts.empty() ? nullptr : calls::combine(std::move(parts));
}

void RunState::set_machine(const Value& state_name) {
    const bool is_new = !machine_values_.is_dict();
    if (is_new) {
        expression::Dict entries;
        entries.set("execution_id", Value::string(snapshot.execution_id));
        entries.set("machine_name", Value::string(snapshot.machine_name));
        entries.set("parent_execution_id", snapshot.parent_execution_id.empty()
                                               ? Value()
                                               : Value::string(snapshot.parent_execution_id));
        entries.set("spec_version", Value::string(snapshot.spec_version));
        machine_values_ = Value::dict(std::move(entries));
    }
    machine_values_.set("step", Value::integer(snapshot.step));
    machine_values_.set("current_state", state_name);
    // These two change seldom.
    if (is_new || !expression::equal(snapshot.total_api_calls, total_calls_)) {
        total_calls_ = snapshot.total_api_calls;
        machine_values_.set("total_api_calls", total_calls_);
    }
    if (is_new || total_cost_ != snapshot.total_cost) {
        total_cost_ = snapshot.total_cost;
        machine_values_.set("total_cost", Value::floating(total_cost_));
    }
    snapshot.context.set("machine", machine_values_);
}

void RunState::checkpoint(Event event, std::string_view state, Value output) {
    snapshot.event = event;
    snapshot.current_state = state;
    snapshot.output = std::move(output);
    host.checkpoint(snapshot, machine.keeps(event));
}

calls::Hooks* RunState::hooks_of(const State& state) {
    if (state.hooks.empty()) {
        return nullptr;
    }
    auto& hooks = hooks_[static_cast<std::size_t>(&state - machine.states.data())];
    if (!hooks) {
        hooks = make_hooks(state.hooks);
    }
    return hooks.get();
}

void RunState::before_hook(const calls::Hooks& hooks, std::string_view method) {
    if (hooks.leaves_process(method)) {
        host.before_call();
    }
}

calls::Agent& RunState::agent(const std::string& name) {
    auto& agent = agents_[name];
    if (!agent) {
        const config::AgentDefinition* definition = machine.definition->find_agent(name);
        if (definition == nullptr) {
            throw MachineError(FailureClass::unknown_agent, "ValueError", "Unknown agent: " + name);
        }
        if (definition->form == config::AgentForm::malformed) {
            throw MachineError(
                FailureClass::config, "ValueError",
                "Invalid agent reference. Expected string path or {type, ref/config}.");
        }
        agent = host.agent(machine, *definition);
    }
    return *agent;
}

const calls::CallScope& RunState::scope(const std::string& state, const std::stop_token& stop) {
    scope_.state = state;
    scope_.stop = stop;
    return scope_;
}

templates::Variables RunState::variables() const {
    templates::Variables variables;
    variables.add("context", snapshot.context);
    variables.add("input", snapshot.context);
    return variables;
}

Value RunState::render_object(const Text& text) const {
    return text.is_present() ? text.get().render(variables()) : Value::dict({});
}

void RunState::map_output(const State& state, const Value& output) {
    for (const NamedText& entry : state.output_to_context) {
        templates::Variables names = variables();
        names.add("output", output);
        Value value = entry.text.get().render(names);
        snapshot.context.set(entry.name, std::move(value));
    }
}

void RunState::count(const Value& calls, double cost) {
    snapshot.total_api_calls = add(snapshot.total_api_calls, calls);
    snapshot.total_cost += cost;
}

}  // namespace fleet::engine
