// `fleet show`: the record of one execution, its children, its checkpoints.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/output.hpp"
#include "cli/view/record.hpp"
#include "cli/view/tree_lines.hpp"
#include "common/base/errors.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

/// The most nodes of a tree and the most checkpoints that are listed.
constexpr std::size_t kMostNodes = 100'000;
constexpr std::size_t kMostCheckpoints = 10'000;

struct ShowOptions {
    std::string id;
    std::size_t tree = 50;
    bool checkpoints = false;
    bool context = false;
    bool json = false;
};

base::JsonText checkpoints_json(const std::vector<CheckpointFact>& checkpoints) {
    std::string json = "[";
    for (const CheckpointFact& checkpoint : checkpoints) {
        json += (json.size() > 1 ? "," : "") + checkpoint_json(checkpoint);
    }
    return json + "]";
}

void print_checkpoints(CommandContext& context, const std::vector<CheckpointFact>& checkpoints) {
    if (checkpoints.empty()) {
        context.out << "no checkpoints are kept of it (a machine's `persistence.checkpoint_on` "
                       "says which are)\n";
        return;
    }
    Table table({{"STEP", Align::right},
                 {"EVENT"},
                 {"STATE", Align::left, true},
                 {"WAITS FOR", Align::left, true, true},
                 {"SIZE", Align::right},
                 {"TIME", Align::left, true}});
    for (const CheckpointFact& one : checkpoints) {
        table.add({{std::to_string(one.step)},
                   {one.event},
                   {one.state.empty() ? "-" : one.state},
                   {one.channel.empty() ? "-" : one.channel},
                   {human_bytes(static_cast<std::int64_t>(one.bytes))},
                   {one.created_at.empty() ? "-" : one.created_at}});
    }
    table.print(context.out, context.terminal);
    if (checkpoints.size() == kMostCheckpoints) {
        context.out << "(the first " << with_commas(kMostCheckpoints) << ")\n";
    }
}

/// Only the context, so that other programs can read it.
void print_context(CommandContext& context, const CaseFile& file) {
    if (!file.checkpoint || file.checkpoint->context.empty()) {
        throw base::ConfigError(
            "execution " + file.execution.id.text() + " has no checkpoint with a context",
            file.execution.counters.attempt == 0 ? "it has not begun yet"
                                                 : "only machines have one");
    }
    context.out << file.checkpoint->context << '\n';
}

int show(CommandContext& context, const ShowOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    const CaseFile file = read_case_file(*store, options.id, context.clock.wall_now());
    const model::ExecutionId& id = file.execution.id;
    if (options.context) {
        print_context(context, file);
        return kExitDone;
    }
    std::vector<CheckpointFact> checkpoints;
    if (options.checkpoints) {
        checkpoints = kept_checkpoints(*store, id, kMostCheckpoints);
    }
    // The top is the execution itself.
    const model::Tree tree = store->work().tree(id, std::min(options.tree, kMostNodes) + 1);
    if (options.json) {
        model::JsonObjectWriter json;
        json.embed("children", tree_json(tree));
        json.integer("children_more", tree.more);
        if (options.checkpoints) {
            json.embed("checkpoints", checkpoints_json(checkpoints));
        }
        context.out << joined_json(record_json(file), json.finish()) << '\n';
        return kExitDone;
    }
    print_title(context, file, std::string(model::to_text(file.execution.status)));
    if (options.checkpoints) {
        print_checkpoints(context, checkpoints);
        return kExitDone;
    }
    print_facts(context, record_facts(file));
    print_attempts(context, file);
    const std::vector<std::string> lines = tree_lines(tree, context.terminal);
    if (!lines.empty()) {
        context.out << '\n' << context.terminal.paint("Children", Colour::bold) << '\n';
    }
    for (const std::string& line : lines) {
        context.out << line << '\n';
    }
    return kExitDone;
}

}  // namespace

void add_show_command(Commands& commands) {
    CLI::App& app = commands.add(
        "show", Group::seeing, "the record of one execution with its attempts and children",
        {.description =
             "ID may be a full id, its beginning (8 hex digits or more, looked for among\n"
             "the newest 10,000), `last` for the newest execution, or BATCH#N for item N\n"
             "of a batch. Below the record the tree of its children is drawn, depth first.\n"
             "Of a machine, --checkpoints lists the checkpoints that are kept, and --context\n"
             "prints the context where it stands as JSON, and nothing else.",
         .examples = "  fleet show last\n"
                     "  fleet show 20261121-075030-abcd#12 --json | jq .attempts\n"
                     "  fleet show last --tree 1000\n"
                     "  fleet show last --checkpoints\n"
                     "  fleet show last --context | jq .\n"});
    const auto options = std::make_shared<ShowOptions>();
    app.add_option("ID", options->id, "an id, its beginning, `last`, or BATCH#N")->required();
    app.add_option("--tree", options->tree, "draw at most so many children (default 50)")
        ->type_name("N");
    auto* checkpoints =
        app.add_flag("--checkpoints", options->checkpoints, "list the kept checkpoints");
    auto* machine_context =
        app.add_flag("--context", options->context, "print the context where it stands");
    machine_context->excludes(checkpoints);
    app.add_flag("--json,--jsonl", options->json, "print one JSON object on one line");
    commands.on(app, [options](CommandContext& context) { return show(context, *options); });
}

}  // namespace fleet::cli
