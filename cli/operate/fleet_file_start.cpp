#include "cli/operate/fleet_file_start.hpp"

#include <string>

#include "cli/core/output.hpp"
#include "machines/fleet_file/changes.hpp"

namespace fleet::cli {

void print_diagnostic(const Terminal& terminal, std::ostream& out, const config::Diagnostic& one) {
    const bool is_warning = one.severity == config::Severity::warning;
    const std::string line = one.line();
    // The same line that editors look for.
    const std::string kind = is_warning ? "warning: " : "error: ";
    const auto at = line.find(": " + kind) + 2;
    out << line.substr(0, at) << terminal.paint(kind, is_warning ? Colour::yellow : Colour::red)
        << line.substr(at + kind.size()) << '\n';
}

void apply_fleet_file(CommandContext& context, contracts::Store& store) {
    const auto changes = fleet_file::apply_beside(
        store, [&](const config::Diagnostic& one) { context.err << one.line() << '\n'; });
    if (changes && !changes->empty()) {
        context.err << "fleet: applied " << fleet_file::kFileName << ": "
                    << printable(changes->summary()) << std::endl;
    }
}

}  // namespace fleet::cli
