#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"

namespace fleet::cli {
namespace {

struct DecisionOptions {
    std::string host;
    std::string pool;
    std::size_t limit = 30;
    FormatOptions format;
};

std::vector<model::Decision> collect(contracts::Store& store, const DecisionOptions& options) {
    // The store filters by host only: with a pool all that it keeps are looked through.
    const std::size_t read = options.pool.empty() ? options.limit : contracts::kMaxDecisions;
    std::vector<model::Decision> decisions = store.scaling().decisions(options.host, read);
    if (!options.pool.empty()) {
        std::erase_if(decisions, [&options](const model::Decision& decision) {
            return decision.pool != options.pool;
        });
    }
    decisions.resize(std::min(decisions.size(), options.limit));
    return decisions;
}

std::string change_text(const model::Decision& decision) {
    return std::to_string(decision.workers_before) + " -> " +
           std::to_string(decision.workers_planned);
}

int list_decisions(CommandContext& context, const DecisionOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    if (!options.pool.empty()) {
        require_pool(*store, options.pool);
    }
    const std::vector<model::Decision> decisions = collect(*store, options);
    const Format format = options.format.format();
    if (format != Format::table) {
        JsonList list(context.out, format);
        for (const model::Decision& decision : decisions) {
            list.add(model::to_json_text(decision));
        }
        list.finish();
        return kExitDone;
    }
    if (decisions.empty()) {
        context.out << "no scaling decisions are recorded"
                    << (options.host.empty() && options.pool.empty() ? "\n" : " that match\n");
        return kExitDone;
    }
    Table table({{"TIME"},
                 {"HOST", Align::left, true},
                 {"POOL", Align::left, true},
                 {"WORKERS"},
                 {"STARTED", Align::right},
                 {"RETIRED", Align::right},
                 {"REASON", Align::left, true}});
    for (const model::Decision& decision : decisions) {
        table.add({{base::iso8601(decision.at)},
                   {decision.host},
                   {decision.pool},
                   {change_text(decision)},
                   {std::to_string(decision.started)},
                   {std::to_string(decision.retired)},
                   {decision.reason}});
    }
    table.print(context.out, context.terminal);
    return kExitDone;
}

}  // namespace

void add_decisions_command(Commands& commands) {
    CLI::App& app = commands.add(
        "decisions", Group::seeing, "the scaling log: what was decided, from what and why",
        {.description =
             "The newest first. WORKERS is how many there were and how many were planned.\n"
             "--json also has the inputs that the decision was made from.",
         .examples = "  fleet decisions\n"
                     "  fleet decisions --host box1 --limit 100\n"
                     "  fleet decisions --pool default --jsonl | jq .inputs\n"});
    const auto options = std::make_shared<DecisionOptions>();
    app.add_option("--host", options->host, "only of this host")->type_name("HOST");
    app.add_option("--pool", options->pool, "only of this pool")->type_name("POOL");
    app.add_option("--limit", options->limit, "at most so many (default 30)")->type_name("N");
    add_format_options(app, options->format);
    commands.on(app,
                [options](CommandContext& context) { return list_decisions(context, *options); });
}

}  // namespace fleet::cli
