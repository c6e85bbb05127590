#include "machines/config/state_reader.hpp"

#include <string_view>
#include <utility>

namespace fleet::config {
namespace {

std::string indexed(const std::string& path, std::size_t index) {
    return path + '.' + std::to_string(index);
}

std::optional<SourceText> read_condition(Fields& fields) {
    const Node* const value = fields.get("condition");
    if (value == nullptr) {
        return std::nullopt;
    }
    if (const auto boolean = value->as_boolean()) {
        fields.findings().warn(fields.place_of(*value, "condition"),
                               "`condition` is a boolean and should be a text",
                               "write an expression, or leave it out where it is always true");
        return SourceText{*boolean ? "true" : "false", value->at};
    }
    if (!value->is_text()) {
        fields.findings().error(
            fields.place_of(*value, "condition"),
            "`condition` is " + std::string(name_of(value->kind)) + " and should be a text",
            "write an expression such as \"context.score >= 8\"");
        return std::nullopt;
    }
    return SourceText{value->text, value->at};
}

std::vector<Transition> read_transitions(Fields& state) {
    std::vector<Transition> transitions;
    const Node* const list = state.get("transitions", Node::Kind::list);
    if (list == nullptr) {
        return transitions;
    }
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        const Node& item = list->items[i];
        const std::string path = indexed(state.path_of("transitions"), i);
        if (!item.is_map()) {
            state.findings().error({item.at, path},
                                   "a transition is " + std::string(name_of(item.kind)),
                                   "write {to: STATE} or {condition: EXPRESSION, to: STATE}");
            continue;
        }
        Fields fields(item, path, state.findings());
        Transition transition;
        transition.at = item.at;
        transition.condition = read_condition(fields);
        const Node* const to = fields.get("to");
        if (to == nullptr) {
            state.findings().error({item.at, path}, "a transition without `to` is never taken",
                                   "add `to: STATE`");
        } else if (auto name = name_text(*to)) {
            transition.to = std::move(*name);
            transition.at = to->at;
        } else {
            state.findings().error(
                fields.place_of(*to, "to"),
                "`to` is " + std::string(name_of(to->kind)) + " and should be the name of a state",
                {});
        }
        fields.finish();
        transitions.push_back(std::move(transition));
    }
    return transitions;
}

std::vector<ErrorRoute> read_on_error(Fields& state) {
    std::vector<ErrorRoute> routes;
    const Node* const value = state.get("on_error");
    if (value == nullptr) {
        return routes;
    }
    const auto add = [&](const std::string& type, const Node& target, const std::string& key) {
        if (auto name = name_text(target)) {
            routes.push_back({type, std::move(*name), target.at});
        } else {
            state.findings().error(state.place_of(target, key),
                                   "`on_error` leads to " + std::string(name_of(target.kind)),
                                   "write the name of a state");
        }
    };
    if (!value->is_map()) {
        add("default", *value, "on_error");
        return routes;
    }
    for (const Member& member : value->members) {
        add(member.key, member.value, "on_error." + member.key);
    }
    return routes;
}

void add_call(std::vector<MachineCall>& calls, const Node& item, const std::string& path,
              Findings& findings) {
    if (auto name = name_text(item)) {
        calls.push_back({std::move(*name), std::nullopt, item.at});
        return;
    }
    if (!item.is_map()) {
        findings.error({item.at, path}, "a machine is " + std::string(name_of(item.kind)),
                       "write its name, or {name: MACHINE, input: {...}}");
        return;
    }
    Fields fields(item, path, findings);
    MachineCall call;
    call.at = item.at;
    if (auto name = fields.text("name")) {
        call.name = std::move(*name);
        call.at = fields.get("name")->at;
    } else {
        findings.error({item.at, path}, "a machine has no `name`", "add `name: MACHINE`");
    }
    call.input = fields.map("input");
    fields.finish();
    calls.push_back(std::move(call));
}

/// `machine` and `launch`: a name or a list. Only `machine` may give inputs.
std::vector<MachineCall> read_calls(Fields& state, std::string_view key, bool& is_list) {
    std::vector<MachineCall> calls;
    const Node* const value = state.get(key);
    if (value == nullptr) {
        return calls;
    }
    is_list = value->is_list();
    const std::string path = state.path_of(key);
    if (!is_list) {
        add_call(calls, *value, path, state.findings());
        return calls;
    }
    for (std::size_t i = 0; i < value->items.size(); ++i) {
        add_call(calls, value->items[i], indexed(path, i), state.findings());
    }
    return calls;
}

std::optional<std::vector<double>> read_backoffs(Fields& fields) {
    const Node* const list = fields.get("backoffs", Node::Kind::list);
    if (list == nullptr) {
        return std::nullopt;
    }
    std::vector<double> seconds;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        const Node& item = list->items[i];
        const auto number = item.as_number();
        if (number && *number >= 0) {
            seconds.push_back(*number);
            continue;
        }
        const std::string what = number ? item.text : std::string(name_of(item.kind));
        fields.findings().error({item.at, indexed(fields.path_of("backoffs"), i)},
                                "a backoff cannot be " + what,
                                "write seconds, 0 or more, such as [2, 8, 16, 35]");
    }
    return seconds;
}

std::optional<Execution> read_execution(Fields& state) {
    const Node* const map = state.get("execution", Node::Kind::map);
    if (map == nullptr) {
        return std::nullopt;
    }
    Fields fields(*map, state.path_of("execution"), state.findings());
    Execution execution;
    if (!fields.has("type")) {
        state.findings().error(state.place_of_key("execution"), "`execution` has no `type`",
                               "add `type: default`, `retry`, `parallel` or `mdap_voting`");
    }
    const auto type = fields.choice("type", {"default", "retry", "parallel", "mdap_voting"});
    execution.type = static_cast<ExecutionType>(type.value_or(0));
    execution.backoffs_s = read_backoffs(fields);
    execution.jitter = fields.number("jitter", {0, 1});
    execution.n_samples = fields.integer("n_samples", {1, {}});
    execution.k_margin = fields.integer("k_margin", {1, {}});
    execution.max_candidates = fields.integer("max_candidates", {1, {}});
    fields.finish();
    return execution;
}

std::optional<ToolLoop> read_tool_loop(Fields& state) {
    const Node* const value = state.get("tool_loop");
    if (value == nullptr) {
        return std::nullopt;
    }
    if (const auto boolean = value->as_boolean()) {
        return *boolean ? std::optional(ToolLoop{}) : std::nullopt;
    }
    if (!value->is_map()) {
        state.findings().error(state.place_of(*value, "tool_loop"),
                               "`tool_loop` is " + std::string(name_of(value->kind)) +
                                   " and should be a boolean or a mapping",
                               "write true, or {max_turns: 5}");
        return std::nullopt;
    }
    Fields fields(*value, state.path_of("tool_loop"), state.findings());
    ToolLoop loop;
    loop.max_tool_calls = fields.number_or_template("max_tool_calls");
    loop.max_turns = fields.number_or_template("max_turns");
    loop.allowed_tools = fields.texts("allowed_tools");
    loop.denied_tools = fields.texts("denied_tools").value_or(std::vector<std::string>{});
    loop.tool_timeout_s = fields.number_or_template("tool_timeout");
    loop.total_timeout_s = fields.number_or_template("total_timeout");
    loop.max_cost = fields.number_or_template("max_cost");
    fields.finish();
    return loop;
}

void add_hooks(std::vector<HooksReference>& hooks, const Node& value, const std::string& path,
               Findings& findings) {
    if (auto name = name_text(value)) {
        hooks.push_back({std::move(*name), std::nullopt, value.at});
        return;
    }
    if (!value.is_map()) {
        findings.error({value.at, path}, "hooks are " + std::string(name_of(value.kind)),
                       "write a name, or {name: NAME, args: {...}}");
        return;
    }
    Fields fields(value, path, findings);
    HooksReference reference{{}, std::nullopt, value.at};
    if (auto name = fields.text("name")) {
        reference.name = std::move(*name);
    } else {
        findings.error({value.at, path}, "hooks have no `name`", "add `name: NAME`");
    }
    reference.args = fields.map("args");
    fields.finish();
    hooks.push_back(std::move(reference));
}

void read_work(State& state, Fields& fields) {
    bool is_launch_list = false;
    state.agent = fields.text("agent");
    state.machines = read_calls(fields, "machine", state.is_machine_list);
    state.foreach = fields.source("foreach");
    state.as = fields.text("as").value_or("item");
    state.key = fields.source("key");
    state.mode = static_cast<Mode>(fields.choice("mode", {"settled", "any"}).value_or(0));
    state.timeout_s = fields.number("timeout", {});
    state.launch = read_calls(fields, "launch", is_launch_list);
    state.launch_input = fields.map("launch_input");
    state.action = fields.text("action");
    state.hooks = read_hooks(fields, "hooks");
    state.wait_for = fields.source("wait_for");
    state.session_id = fields.source("session_id");
    state.execution = read_execution(fields);
    if (const auto sampling = fields.choice("sampling", {"single", "multi"})) {
        state.sampling = static_cast<Sampling>(*sampling);
    }
    state.tool_loop = read_tool_loop(fields);
}

}  // namespace

std::vector<HooksReference> read_hooks(Fields& fields, std::string_view key) {
    std::vector<HooksReference> hooks;
    const Node* const value = fields.get(key);
    if (value == nullptr) {
        return hooks;
    }
    const std::string path = fields.path_of(key);
    if (!value->is_list()) {
        add_hooks(hooks, *value, path, fields.findings());
        return hooks;
    }
    for (std::size_t i = 0; i < value->items.size(); ++i) {
        add_hooks(hooks, value->items[i], indexed(path, i), fields.findings());
    }
    return hooks;
}

std::string read_stage(const std::optional<Node>& metadata, const std::string& path,
                       Findings& findings) {
    const Member* const stage = metadata ? metadata->find("stage") : nullptr;
    if (stage == nullptr || stage->value.is_null()) {
        return {};
    }
    auto name = name_text(stage->value);
    if (!name || name->empty()) {
        findings.error({stage->value.at, path + ".stage"}, "`stage` should be a name",
                       "write a word such as `cheap`");
    }
    return name.value_or("");
}

State read_state(const Member& member, const std::string& path, Findings& findings) {
    State state;
    state.name = member.key;
    state.at = member.at;
    if (member.value.is_null()) {
        return state;
    }
    if (!member.value.is_map()) {
        findings.refuse({member.value.at, path},
                        "the state `" + member.key + "` is " +
                            std::string(name_of(member.value.kind)) + " and should be a mapping",
                        "write `name: value` lines below it");
        return state;
    }
    Fields fields(member.value, path, findings);
    if (const auto type = fields.choice("type", {"initial", "final"})) {
        state.type = *type == 0 ? StateType::initial : StateType::final_state;
    }
    read_work(state, fields);
    state.on_error = read_on_error(fields);
    state.input = fields.map("input");
    state.output_to_context = fields.map("output_to_context");
    state.output = fields.map("output");
    state.transitions = read_transitions(fields);
    state.metadata = fields.map("metadata");
    state.stage = read_stage(state.metadata, fields.path_of("metadata"), findings);
    fields.finish();
    return state;
}

}  // namespace fleet::config
