#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

struct ErrorOptions {
    std::string batch;
    std::size_t limit = 30;
    FormatOptions format;
};

base::JsonText group_json(const contracts::ErrorGroup& group) {
    model::JsonObjectWriter json;
    json.integer("count", group.count);
    json.text("kind", model::to_text(group.kind));
    json.text("prefix", group.prefix);
    json.text("example", group.example.text());
    return json.finish();
}

int list_errors(CommandContext& context, const ErrorOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    if (!options.batch.empty()) {
        require_batch(*store, options.batch);
    }
    const std::vector<contracts::ErrorGroup> groups =
        store->work().errors(options.batch, options.limit);
    const Format format = options.format.format();
    if (format != Format::table) {
        JsonList list(context.out, format);
        for (const contracts::ErrorGroup& group : groups) {
            list.add(group_json(group));
        }
        list.finish();
        return kExitDone;
    }
    if (groups.empty()) {
        context.out << "nothing has failed\n";
        return kExitDone;
    }
    Table table({{"COUNT", Align::right}, {"KIND"}, {"ERROR", Align::left, true}, {"EXAMPLE"}});
    for (const contracts::ErrorGroup& group : groups) {
        table.add({{with_commas(group.count)},
                   {std::string(model::to_text(group.kind)), Colour::red},
                   {group.prefix},
                   {group.example.text()}});
    }
    table.print(context.out, context.terminal);
    context.out << "\n`fleet why ID` tells the story of one; `fleet requeue --failed --kind KIND` "
                   "runs those of a kind again\n";
    return kExitDone;
}

}  // namespace

void add_errors_command(Commands& commands) {
    CLI::App& app = commands.add(
        "errors", Group::seeing, "failed executions, grouped by kind and message, counted",
        {.description =
             "The largest group first. In ERROR numbers and ids are written as #, so that\n"
             "messages which differ only in those fall together. EXAMPLE is one of them.",
         .examples = "  fleet errors\n"
                     "  fleet errors --batch 20261121-075030-abcd --json\n"});
    const auto options = std::make_shared<ErrorOptions>();
    app.add_option("--batch", options->batch, "only of this batch")->type_name("BATCH");
    app.add_option("--limit", options->limit, "at most so many groups (default 30)")
        ->type_name("N");
    add_format_options(app, options->format);
    commands.on(app, [options](CommandContext& context) { return list_errors(context, *options); });
}

}  // namespace fleet::cli
