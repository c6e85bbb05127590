#include "machines/engine/compile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "machines/engine/node_value.hpp"
#include "machines/expression/errors.hpp"

namespace fleet::engine {
namespace {

using expression::Value;

Text compile_value(const Value& config, std::string_view item) {
    try {
        return Text(templates::ValueTemplate::parse(config, item));
    } catch (const expression::EvaluationError& error) {
        return Text(*failure_of(error));
    }
}

Text compile_node(const std::optional<config::Node>& node, std::string_view item = {}) {
    if (!node || node->is_null()) {
        return {};
    }
    return compile_value(value_of(*node), item);
}

Text compile_text(const std::optional<config::SourceText>& source, std::string_view item = {}) {
    if (!source) {
        return {};
    }
    return compile_value(Value::string(source->text), item);
}

template <typename Expression>
Compiled<Expression> compile_expression(const std::string& text) {
    try {
        return Compiled<Expression>(Expression::parse(text));
    } catch (const expression::EvaluationError& error) {
        return Compiled<Expression>(*failure_of(error));
    }
}

void compile_condition(const std::string& text, config::ExpressionEngine engine,
                       CompiledTransition& transition) {
    if (const auto constant = constant_condition(text)) {
        transition.kind =
            *constant ? CompiledTransition::Kind::always : CompiledTransition::Kind::never;
        return;
    }
    if (engine == config::ExpressionEngine::cel) {
        transition.kind = CompiledTransition::Kind::cel;
        transition.cel = compile_expression<cel::CelExpression>(text);
    } else {
        transition.kind = CompiledTransition::Kind::simple;
        transition.simple = compile_expression<expression::Expression>(text);
    }
}

std::vector<CompiledTransition> compile_transitions(const config::MachineDefinition& machine,
                                                    const config::State& state) {
    std::vector<CompiledTransition> result;
    for (const config::Transition& transition : state.transitions) {
        if (transition.to.empty()) {
            continue;
        }
        CompiledTransition compiled;
        const config::State* target = machine.find_state(transition.to);
        // The loader refuses targets that do not exist.
        compiled.target = target == nullptr
                              ? machine.states.size()
                              : static_cast<std::size_t>(target - machine.states.data());
        if (transition.condition && !transition.condition->text.empty()) {
            compile_condition(transition.condition->text, machine.expression_engine, compiled);
        }
        result.push_back(std::move(compiled));
    }
    return result;
}

std::vector<HookUse> compile_hooks(const std::vector<config::HooksReference>& references) {
    std::vector<HookUse> hooks;
    for (const config::HooksReference& reference : references) {
        hooks.push_back({reference.name, reference.args ? value_of(*reference.args) : Value()});
    }
    return hooks;
}

Failure unknown_machine(const std::string& name) {
    return {FailureClass::unknown_machine,
            "ValueError",
            "Unknown machine reference: " + name + ". Check 'machines:' section in config.",
            {}};
}

std::vector<CompiledCall> compile_calls(const config::MachineDefinition& machine,
                                        const std::vector<config::MachineCall>& calls) {
    std::vector<CompiledCall> result;
    for (const config::MachineCall& call : calls) {
        CompiledCall compiled;
        compiled.name = call.name;
        compiled.input = compile_node(call.input);
        const config::MachineReference* reference = machine.find_machine(call.name);
        if (reference == nullptr) {
            compiled.failure = unknown_machine(call.name);
        } else if (!reference->index) {
            compiled.failure = Failure{FailureClass::file_not_found,
                                       "FileNotFoundError",
                                       "Machine config file not found: " + reference->file,
                                       {}};
        } else {
            compiled.machine = *reference->index;
        }
        result.push_back(std::move(compiled));
    }
    return result;
}

std::vector<NamedText> compile_mapping(const std::optional<config::Node>& node) {
    std::vector<NamedText> result;
    if (!node) {
        return result;
    }
    for (const config::Member& member : node->members) {
        result.push_back({member.key, compile_value(value_of(member.value), {})});
    }
    return result;
}

std::optional<base::Millis> milliseconds(const std::optional<double>& seconds) {
    if (!seconds || !(*seconds > 0)) {
        return std::nullopt;
    }
    constexpr double kLongest = 1e12;
    const double milliseconds = std::min(*seconds * 1000.0, kLongest);
    return base::Millis(static_cast<std::int64_t>(std::ceil(milliseconds)));
}

State compile_state(const config::MachineDefinition& machine, const config::State& definition) {
    const std::string_view item = definition.foreach ? std::string_view(definition.as) : "";
    State state;
    state.definition = &definition;
    state.name = Value::string(definition.name);
    state.is_final = definition.type == config::StateType::final_state;
    state.hooks = compile_hooks(definition.hooks);
    state.wait_for = compile_text(definition.wait_for);
    state.session_id = compile_text(definition.session_id);
    state.foreach = compile_text(definition.foreach);
    state.key = compile_text(definition.key, item);
    state.input = compile_node(definition.input, item);
    state.output = compile_node(definition.output);
    state.launch_input = compile_node(definition.launch_input);
    state.output_to_context = compile_mapping(definition.output_to_context);
    state.machines = compile_calls(machine, definition.machines);
    state.launches = compile_calls(machine, definition.launch);
    state.transitions = compile_transitions(machine, definition);
    state.timeout = milliseconds(definition.timeout_s);
    state.stage = definition.stage.empty() ? machine.stage : definition.stage;
    return state;
}

std::bitset<8> kept_events(const config::MachineDefinition& machine) {
    if (machine.persistence && !machine.persistence->enabled) {
        return {};
    }
    std::bitset<8> events;
    if (!machine.persistence || !machine.persistence->checkpoint_on) {
        return events.set();
    }
    for (const std::string& name : *machine.persistence->checkpoint_on) {
        if (const auto event = parse_event(name)) {
            events.set(static_cast<std::size_t>(*event));
        }
    }
    // A parked run that left no checkpoint could not be found again.
    return events.set(static_cast<std::size_t>(Event::waiting));
}

}  // namespace

std::optional<bool> constant_condition(std::string_view text) {
    if (text == "true" || text == "True") {
        return true;
    }
    if (text == "false" || text == "False") {
        return false;
    }
    return std::nullopt;
}

Machine compile_machine(const config::MachineDefinition& definition) {
    Machine machine;
    machine.definition = &definition;
    machine.context = compile_node(definition.context);
    machine.lifecycle_hooks = compile_hooks(definition.lifecycle_hooks);
    machine.checkpoint_on = kept_events(definition);
    machine.persists = !definition.persistence || definition.persistence->enabled;
    machine.max_steps = definition.settings.max_steps.value_or(machine.max_steps);
    machine.max_depth = definition.settings.max_depth.value_or(machine.max_depth);
    machine.states.reserve(definition.states.size());
    machine.computes_only = definition.lifecycle_hooks.empty();
    for (const config::State& source : definition.states) {
        machine.states.push_back(compile_state(definition, source));
        const State& state = machine.states.back();
        const bool has_children =
            !state.machines.empty() || !state.launches.empty() || state.foreach.is_present();
        machine.has_children = machine.has_children || has_children;
        machine.computes_only = machine.computes_only && !has_children && !source.agent &&
                                state.hooks.empty() && !state.wait_for.is_present();
        if (std::ranges::find(machine.stages, state.stage) == machine.stages.end()) {
            machine.stages.push_back(state.stage);
        }
    }
    machine.computes_only = machine.computes_only && machine.stages.size() <= 1;
    return machine;
}

}  // namespace fleet::engine
