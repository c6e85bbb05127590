// A machine's states and transitions as the text of a drawing: Mermaid or Graphviz's DOT. Pure.
#pragma once

#include <string>

#include "machines/config/machine_config.hpp"

namespace fleet::cli {

/// A Mermaid flowchart.
[[nodiscard]] std::string mermaid_graph(const config::MachineDefinition& machine);
/// A DOT digraph.
[[nodiscard]] std::string dot_graph(const config::MachineDefinition& machine);

}  // namespace fleet::cli
