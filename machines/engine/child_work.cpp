#include <set>
#include <string>
#include <utility>

#include "machines/engine/run_state.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::engine {
namespace {

using expression::Value;

std::optional<Failure> refusal_of(const RunState& run, const CompiledCall& call) {
    return call.failure ? call.failure : run.program.refusal(call.machine);
}

/// `machine: a` and `machine: [a, b]`.
class ListSource final : public ChildSource {
  public:
    ListSource(const RunState& run, const State& state)
        : run_(run), state_(state), input_(run.render_object(state.input)) {}

    [[nodiscard]] std::size_t size() const override { return state_.machines.size(); }
    [[nodiscard]] ChildCall call(std::size_t ordinal) const override {
        const CompiledCall& machine = state_.machines[ordinal];
        Value input = input_;
        if (machine.input.is_present()) {
            const Value own = run_.render_object(machine.input);
            for (const auto& [key, value] : own.as_dict().entries()) {
                input.set(key.as_string(), value);
            }
        }
        return {machine.name, machine.machine, std::move(input), refusal_of(run_, machine)};
    }

  private:
    const RunState& run_;
    const State& state_;
    Value input_;
};

/// `foreach`: one machine, an item each.
class ForeachSource final : public ChildSource {
  public:
    ForeachSource(const RunState& run, const State& state, Value items)
        : run_(run), state_(state), items_(std::move(items)) {}

    [[nodiscard]] std::size_t size() const override { return items_.as_list().size(); }
    [[nodiscard]] ChildCall call(std::size_t ordinal) const override {
        const CompiledCall& machine = state_.machines.front();
        Value input = Value::dict({});
        if (state_.input.is_present()) {
            input = state_.input.get().render(variables(ordinal));
        }
        return {machine.name, machine.machine, std::move(input), refusal_of(run_, machine)};
    }
    [[nodiscard]] std::string key(std::size_t ordinal) const {
        return expression::plain_text(state_.key.get().render(variables(ordinal)));
    }

  private:
    [[nodiscard]] templates::Variables variables(std::size_t ordinal) const {
        templates::Variables variables = run_.variables();
        variables.add(state_.definition->as, items_.as_list()[ordinal]);
        return variables;
    }

    const RunState& run_;
    const State& state_;
    Value items_;
};

/// A template gives text: the list as JSON.
Value items_of(const RunState& run, const State& state) {
    Value items = state.foreach.get().render(run.variables());
    if (items.is_string()) {
        try {
            items = expression::from_json(items.as_string());
        } catch (const expression::EvaluationError&) {
            // It is no list either way, which is told below.
        }
    }
    if (!items.is_list_like()) {
        throw MachineError(FailureClass::foreach_type, "ValueError",
                           "foreach expression must yield a list, got " +
                               expression::type_name(items) + " (state `" + state.definition->name +
                               "`)");
    }
    return items;
}

Value value_of(const ChildEnd& end) {
    if (end.output) {
        return *end.output;
    }
    Value value = Value::dict({});
    value.set("_error", Value::string(end.failure->message));
    value.set("_error_type", Value::string(end.failure->type));
    return value;
}

/// No result is lost to an equal name: the second one is `name_2`.
class Results {
  public:
    void add(const std::string& name, Value value) {
        std::string free = name;
        for (int number = 2; !names_.insert(free).second; ++number) {
            free = name + "_" + std::to_string(number);
        }
        values_.set(free, std::move(value));
    }
    [[nodiscard]] Value take() { return Value::dict(std::move(values_)); }

  private:
    std::set<std::string> names_;
    expression::Dict values_;
};

std::optional<ChildrenEnd> run_all(RunState& run, const State& state, const ChildSource& source,
                                   bool single) {
    if (source.size() == 0) {
        return ChildrenEnd{};
    }
    if (run.options.depth + 1 > run.machine.max_depth) {
        throw MachineError(FailureClass::limit, "MaxDepthError",
                           "the state `" + state.definition->name +
                               "` would start machines nested deeper than max_depth, " +
                               std::to_string(run.machine.max_depth));
    }
    const ChildrenRequest request{source, state.definition->mode,
                                  run.machine.definition->settings.any_cancels, single,
                                  state.timeout};
    auto answer = run.host.children(run.snapshot, request);
    if (std::holds_alternative<Parked>(answer)) {
        return std::nullopt;
    }
    auto& end = std::get<ChildrenEnd>(answer);
    if (end.timed_out) {
        throw MachineError(FailureClass::timeout, "TimeoutError",
                           "the machines of the state `" + state.definition->name +
                               "` did not end within " +
                               expression::float_text(*state.definition->timeout_s) + " s");
    }
    return std::move(end);
}

/// Which ends count: all of them, or the first.
std::vector<std::size_t> counted(const State& state, const ChildrenEnd& end) {
    std::vector<std::size_t> ordinals;
    if (state.definition->mode == config::Mode::any) {
        if (end.first) {
            ordinals.push_back(*end.first);
        }
        return ordinals;
    }
    for (std::size_t ordinal = 0; ordinal < end.ends.size(); ++ordinal) {
        if (end.ends[ordinal]) {
            ordinals.push_back(ordinal);
        }
    }
    return ordinals;
}

std::optional<Value> run_foreach(RunState& run, const State& state) {
    if (state.machines.empty()) {
        throw MachineError(
            FailureClass::config, "ConfigError",
            "the state `" + state.definition->name + "` has `foreach` and no `machine`");
    }
    const ForeachSource source(run, state, items_of(run, state));
    auto end = run_all(run, state, source, false);
    if (!end) {
        return std::nullopt;
    }
    if (state.key.is_present()) {
        Results results;
        for (const std::size_t ordinal : counted(state, *end)) {
            results.add(source.key(ordinal), value_of(*end->ends[ordinal]));
        }
        return results.take();
    }
    expression::List list;
    for (const std::size_t ordinal : counted(state, *end)) {
        list.push_back(value_of(*end->ends[ordinal]));
    }
    return Value::list(std::move(list));
}

}  // namespace

std::optional<Value> run_children(RunState& run, const State& state) {
    if (state.foreach.is_present()) {
        return run_foreach(run, state);
    }
    const ListSource source(run, state);
    const bool single = !state.definition->is_machine_list;
    if (single && source.call(0).failure) {
        throw MachineError(*source.call(0).failure);
    }
    auto end = run_all(run, state, source, single);
    if (!end) {
        return std::nullopt;
    }
    if (single) {
        ChildEnd& child = *end->ends.front();
        if (child.failure) {
            throw MachineError(*child.failure);
        }
        return std::move(*child.output);
    }
    Results results;
    for (const std::size_t ordinal : counted(state, *end)) {
        results.add(state.machines[ordinal].name, value_of(*end->ends[ordinal]));
    }
    return results.take();
}

}  // namespace fleet::engine
