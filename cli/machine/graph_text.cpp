#include "cli/machine/graph_text.hpp"

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fleet::cli {
namespace {

using config::MachineDefinition;
using config::State;
using config::StateType;

/// States may have any names; in the text they are s0, s1, ... in the file's order.
struct Edge {
    std::size_t from = 0;
    std::size_t to = 0;
    std::string label;
    bool is_error = false;
};

std::vector<Edge> edges_of(const MachineDefinition& machine) {
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < machine.states.size(); ++i) {
        places.emplace(machine.states[i].name, i);
    }
    std::vector<Edge> edges;
    const auto add = [&](std::size_t from, const std::string& to, std::string label, bool error) {
        const auto place = places.find(to);
        if (place != places.end()) {
            edges.push_back({from, place->second, std::move(label), error});
        }
    };
    for (std::size_t i = 0; i < machine.states.size(); ++i) {
        const State& state = machine.states[i];
        if (state.type != StateType::final_state) {
            for (const config::Transition& transition : state.transitions) {
                add(i, transition.to, transition.condition ? transition.condition->text : "",
                    false);
            }
        }
        for (const config::ErrorRoute& route : state.on_error) {
            add(i, route.state, route.type == "default" ? "error" : route.type, true);
        }
    }
    return edges;
}

std::string names_of(const std::vector<config::MachineCall>& calls) {
    std::string names;
    for (const config::MachineCall& call : calls) {
        names += (names.empty() ? "" : ", ") + call.name;
    }
    return names;
}

/// The name, and below it what the state does.
std::vector<std::string> label_lines(const State& state) {
    std::vector<std::string> lines{state.name};
    if (state.wait_for) {
        lines.push_back("wait_for: " + state.wait_for->text);
    }
    if (state.action) {
        lines.push_back("action: " + *state.action);
    }
    if (!state.launch.empty()) {
        lines.push_back("launch: " + names_of(state.launch));
    }
    if (!state.machines.empty()) {
        lines.push_back("machine: " + names_of(state.machines));
    }
    if (state.foreach) {
        lines.push_back("foreach: " + state.foreach->text);
    }
    if (state.agent) {
        lines.push_back("agent: " + *state.agent);
    }
    return lines;
}

std::string mermaid_text(std::string_view text) {
    static constexpr std::string_view kSpecial = "\"#<>&`\\{}[]()|;";
    std::string safe;
    for (const char c : text) {
        if (c == '\n' || c == '\r' || c == '\t') {
            safe += ' ';
        } else if (kSpecial.find(c) != std::string_view::npos) {
            safe += '#' + std::to_string(static_cast<int>(c)) + ';';
        } else {
            safe += c;
        }
    }
    return safe;
}

std::string dot_text(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '\n' || c == '\r' || c == '\t') {
            safe += ' ';
        } else {
            safe += c == '"' || c == '\\' ? "\\" : "";
            safe += c;
        }
    }
    return safe;
}

std::string joined(const std::vector<std::string>& lines, std::string_view between,
                   std::string (*quote)(std::string_view)) {
    std::string text;
    for (const std::string& line : lines) {
        text += text.empty() ? "" : std::string(between);
        text += quote(line);
    }
    return text;
}

std::string id_of(std::size_t state) {
    return "s" + std::to_string(state);
}

}  // namespace

std::string mermaid_graph(const MachineDefinition& machine) {
    std::string text = "flowchart TD\n    begin(( )) --> " + id_of(machine.initial) + "\n";
    for (std::size_t i = 0; i < machine.states.size(); ++i) {
        const State& state = machine.states[i];
        const bool is_final = state.type == StateType::final_state;
        text += "    " + id_of(i) + (is_final ? "([\"" : "[\"") +
                joined(label_lines(state), "<br/>", mermaid_text) + (is_final ? "\"])" : "\"]") +
                "\n";
    }
    for (const Edge& edge : edges_of(machine)) {
        const std::string arrow = edge.is_error ? " -.->" : " -->";
        const std::string label =
            edge.label.empty() ? " " : "|\"" + mermaid_text(edge.label) + "\"| ";
        text += "    " + id_of(edge.from) + arrow + label + id_of(edge.to) + "\n";
    }
    return text;
}

std::string dot_graph(const MachineDefinition& machine) {
    std::string text = "digraph \"" + dot_text(machine.name) +
                       "\" {\n    node [shape=box, style=rounded];\n    begin [shape=point];\n"
                       "    begin -> " +
                       id_of(machine.initial) + ";\n";
    for (std::size_t i = 0; i < machine.states.size(); ++i) {
        const State& state = machine.states[i];
        text += "    " + id_of(i) + " [label=\"" + joined(label_lines(state), "\\n", dot_text) +
                "\"" + (state.type == StateType::final_state ? ", peripheries=2" : "") + "];\n";
    }
    for (const Edge& edge : edges_of(machine)) {
        std::string attributes;
        if (!edge.label.empty()) {
            attributes = "label=\"" + dot_text(edge.label) + "\"";
        }
        if (edge.is_error) {
            attributes += std::string(attributes.empty() ? "" : ", ") + "style=dashed";
        }
        text += "    " + id_of(edge.from) + " -> " + id_of(edge.to) +
                (attributes.empty() ? "" : " [" + attributes + "]") + ";\n";
    }
    return text + "}\n";
}

}  // namespace fleet::cli
