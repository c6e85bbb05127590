#include "machines/config/machine_checks.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "machines/config/yaml_scalar.hpp"

namespace fleet::config {
namespace {

class Checker {
  public:
    Checker(MachineDefinition& machine, const std::string& path, Findings& findings)
        : machine_(machine), path_(path), findings_(findings) {
        for (const State& state : machine.states) {
            index_.emplace(state.name, names_.size());
            names_.push_back(state.name);
        }
        for (const AgentDefinition& agent : machine.agents) {
            agents_.insert(agent.name);
        }
        for (const MachineReference& reference : machine.machines) {
            machines_.insert(reference.name);
        }
    }

    void check() {
        choose_initial();
        for (State& state : machine_.states) {
            check_targets(state);
            check_names(state);
            check_combination(state);
        }
        if (!has_bad_target_) {
            check_reachable();
        }
    }

  private:
    [[nodiscard]] std::string path_of(const State& state, std::string_view rest = {}) const {
        std::string path = path_ + ".states." + state.name;
        return rest.empty() ? path : path + '.' + std::string(rest);
    }

    void choose_initial() {
        const State* first = nullptr;
        for (std::size_t i = 0; i < machine_.states.size(); ++i) {
            const State& state = machine_.states[i];
            if (state.type != StateType::initial) {
                continue;
            }
            if (first != nullptr) {
                findings_.refuse({state.at, path_of(state, "type")},
                                 "`" + state.name + "` is a second initial state; `" + first->name +
                                     "` in line " + std::to_string(first->at.line) +
                                     " is the first",
                                 "keep `type: initial` at one of them");
                continue;
            }
            first = &state;
            machine_.initial = i;
        }
        if (first == nullptr) {
            const auto start = index_.find("start");
            machine_.initial = start == index_.end() ? 0 : start->second;
        }
    }

    /// A state that was named `on` may be meant by `yes`: both are true in YAML.
    [[nodiscard]] std::optional<std::string> state_named(const std::string& name) const {
        if (index_.contains(name)) {
            return name;
        }
        const Scalar meant = resolve_plain_scalar(name);
        if (meant.kind != Node::Kind::boolean) {
            return std::nullopt;
        }
        const auto same = std::ranges::find_if(names_, [&](const std::string& state) {
            const Scalar scalar = resolve_plain_scalar(state);
            return scalar.kind == meant.kind && scalar.text == meant.text;
        });
        return same == names_.end() ? std::nullopt : std::optional(*same);
    }

    void check_target(std::string& target, const Position& at, const std::string& path,
                      const std::string& what) {
        if (auto name = state_named(target)) {
            target = std::move(*name);
            return;
        }
        has_bad_target_ = true;
        findings_.refuse({at, path}, what + " leads to `" + target + "`, which is no state",
                         suggestion(target, names_));
    }

    void check_targets(State& state) {
        for (std::size_t i = 0; i < state.transitions.size(); ++i) {
            Transition& transition = state.transitions[i];
            if (!transition.to.empty()) {
                check_target(transition.to, transition.at,
                             path_of(state, "transitions." + std::to_string(i) + ".to"),
                             "a transition of `" + state.name + "`");
            }
        }
        for (ErrorRoute& route : state.on_error) {
            check_target(route.state, route.at, path_of(state, "on_error"),
                         "`on_error` of `" + state.name + "`");
        }
    }

    void check_calls(const State& state, const std::vector<MachineCall>& calls,
                     std::string_view key) {
        for (const MachineCall& call : calls) {
            if (!call.name.empty() && !machines_.contains(call.name)) {
                findings_.error({call.at, path_of(state, key)},
                                "`" + call.name + "` is not among the machines of this file",
                                nearest_of(call.name, machine_.machines, "machines"));
            }
        }
    }

    void check_names(const State& state) {
        check_calls(state, state.machines, "machine");
        check_calls(state, state.launch, "launch");
        if (state.agent && !agents_.contains(*state.agent)) {
            findings_.error({state.at, path_of(state, "agent")},
                            "the agent `" + *state.agent + "` of `" + state.name +
                                "` is not among the agents of this file",
                            nearest_of(*state.agent, machine_.agents, "agents"));
        }
    }

    template <typename Named>
    static std::string nearest_of(const std::string& typed, const std::vector<Named>& all,
                                  const std::string& section) {
        std::vector<std::string> names;
        for (const Named& one : all) {
            names.push_back(one.name);
        }
        return names.empty() ? "add it to `" + section + "`" : suggestion(typed, names);
    }

    void warn(const State& state, const std::string& message, const std::string& advice) {
        findings_.warn({state.at, path_of(state)}, message, advice);
    }

    void check_wait(const State& state) {
        const bool works = state.agent || !state.machines.empty() || state.action ||
                           !state.launch.empty() || state.foreach;
        if (state.wait_for && works) {
            findings_.error({state.at, path_of(state)},
                            "`" + state.name +
                                "` waits for a signal and does nothing else, but names other work",
                            "put `agent`, `machine`, `action` and `launch` into the next state");
        }
    }

    void check_combination(const State& state) {
        const std::string name = "`" + state.name + "`";
        const bool is_final = state.type == StateType::final_state;
        check_wait(state);
        if (state.foreach && state.machines.empty()) {
            findings_.error({state.foreach->at, path_of(state, "foreach")},
                            "`foreach` of " + name + " has no `machine` to run",
                            "add `machine: NAME`");
        }
        if (state.key && !state.foreach) {
            warn(state, "`key` of " + name + " has no effect without `foreach`", "remove it");
        }
        if (state.launch_input && state.launch.empty()) {
            warn(state, "`launch_input` of " + name + " has no effect without `launch`",
                 "remove it");
        }
        if (state.execution && !state.agent) {
            warn(state, "`execution` of " + name + " has no effect without `agent`", "remove it");
        }
        if (is_final && !state.transitions.empty()) {
            warn(state, name + " is final: its transitions are never taken", "remove them");
        }
        if (!is_final && state.transitions.empty()) {
            warn(state, name + " has no transition: the machine ends there with an empty output",
                 "add `transitions`, or `type: final`");
        }
        if (!is_final && state.output) {
            warn(state, "`output` of " + name + " has no effect: the state is not final",
                 "write `output_to_context`");
        }
        const bool gives_output = state.agent || !state.machines.empty() || state.wait_for;
        if (state.output_to_context && !gives_output) {
            warn(state,
                 "`output_to_context` of " + name + " has no effect: nothing gives an output",
                 "it needs `agent`, `machine` or `wait_for`");
        }
    }

    void check_reachable() {
        std::vector<std::size_t> open{machine_.initial};
        std::vector<bool> seen(names_.size(), false);
        seen[machine_.initial] = true;
        const auto reach = [&](const std::string& name) {
            const auto found = index_.find(name);
            if (found != index_.end() && !seen[found->second]) {
                seen[found->second] = true;
                open.push_back(found->second);
            }
        };
        while (!open.empty()) {
            const State& state = machine_.states[open.back()];
            open.pop_back();
            if (state.type != StateType::final_state) {
                for (const Transition& transition : state.transitions) {
                    reach(transition.to);
                }
            }
            for (const ErrorRoute& route : state.on_error) {
                reach(route.state);
            }
        }
        for (std::size_t i = 0; i < names_.size(); ++i) {
            if (!seen[i]) {
                warn(machine_.states[i], "no transition leads to `" + names_[i] + "`",
                     "let one lead to it, or remove it");
            }
        }
    }

    MachineDefinition& machine_;
    const std::string& path_;
    Findings& findings_;
    std::vector<std::string> names_;
    std::unordered_map<std::string, std::size_t> index_;
    std::unordered_set<std::string> agents_;
    std::unordered_set<std::string> machines_;
    bool has_bad_target_ = false;
};

}  // namespace

void check_machine(MachineDefinition& machine, const std::string& path, Findings& findings) {
    Checker(machine, path, findings).check();
}

}  // namespace fleet::config
