// Whether everything in a machine's file that the engine would evaluate can be read at all:
// conditions, templates and paths of every state, reached or not. Pure.
#pragma once

#include "machines/config/machine_bundle.hpp"

namespace fleet::engine {

/// For config::load_machine. Reports each text that is no expression or template as an error of
/// config::Fault::expression, at the place inside of the text where that shows; and with a warning
/// what looks like a path and would stay text.
void check_expressions(const config::MachineDefinition& machine, const std::string& path,
                       std::string_view source, config::Findings& findings);

}  // namespace fleet::engine
