// `fleet.yml` when a command begins that runs work: it is read, checked and applied.
#pragma once

#include "cli/core/context.hpp"
#include "machines/config/diagnostic.hpp"

namespace fleet::cli {

/// "FILE:LINE:COLUMN: error: ..." with its middle in a colour, to `out`.
void print_diagnostic(const Terminal& terminal, std::ostream& out, const config::Diagnostic& one);

/// Applies the file beside the store, if there is one. One line on standard error says what it
/// changed; nothing is said when it changed nothing. Throws base::ConfigError when it is wrong,
/// after its errors were told.
void apply_fleet_file(CommandContext& context, contracts::Store& store);

}  // namespace fleet::cli
