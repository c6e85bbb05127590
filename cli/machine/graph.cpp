#include <algorithm>
#include <memory>
#include <string>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/machine/graph_text.hpp"
#include "cli/machine/load.hpp"

namespace fleet::cli {
namespace {

struct GraphOptions {
    std::string file;
    std::string format = "mermaid";
};

int graph(CommandContext& context, const GraphOptions& options) {
    if (options.format != "mermaid" && options.format != "dot") {
        throw UsageError("--format: \"" + options.format + "\" is not known",
                         "it is mermaid or dot");
    }
    const LoadedFile result = load_machine_file(context, options.file);
    if (!result.bundle) {
        const auto first = std::ranges::find_if(result.diagnostics, [](const auto& one) {
            return one.severity == config::Severity::load_error;
        });
        throw base::ConfigError(first->line(), "`fleet validate " + options.file + "` lists all");
    }
    const config::MachineDefinition& machine = result.bundle->machines.front();
    context.out << (options.format == "dot" ? dot_graph(machine) : mermaid_graph(machine));
    return kExitDone;
}

}  // namespace

void add_graph_command(Commands& commands) {
    CLI::App& app = commands.add(
        "graph", Group::seeing, "draws a machine's states and transitions",
        {.description =
             "Writes the drawing as text: Mermaid, which many viewers of Markdown show,\n"
             "or DOT for Graphviz. Dashed lines are taken after an error.",
         .examples = "  fleet graph machine.yml\n"
                     "  fleet graph machine.yml --format dot | dot -Tsvg > machine.svg\n"
                     "  fleet graph builtin:worker       what every worker process does\n"});
    const auto options = std::make_shared<GraphOptions>();
    app.add_option("FILE", options->file, "a machine file, YAML or JSON, or builtin:NAME")
        ->required();
    app.add_option("--format", options->format, "mermaid or dot")->type_name("FORMAT");
    commands.on(app, [options](CommandContext& context) { return graph(context, *options); });
}

}  // namespace fleet::cli
