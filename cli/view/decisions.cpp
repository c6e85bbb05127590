#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "cli/view/decision_explained.hpp"
#include "common/base/errors.hpp"

namespace fleet::cli {
namespace {

struct DecisionOptions {
    std::string host;
    std::string pool;
    std::optional<std::size_t> limit;
    std::int64_t id = 0;  ///< 0: any
    bool explain = false;
    FormatOptions format;

    /// A whole explanation fills a screen.
    [[nodiscard]] std::size_t most() const { return limit.value_or(explain ? 1 : 30); }
};

std::vector<model::Decision> collect(contracts::Store& store, const DecisionOptions& options) {
    // The store filters by host only: with a pool or an id all that it keeps are looked through.
    const bool filters = !options.pool.empty() || options.id > 0;
    const std::size_t read = filters ? contracts::kMaxDecisions : options.most();
    std::vector<model::Decision> decisions = store.scaling().decisions(options.host, read);
    std::erase_if(decisions, [&options](const model::Decision& decision) {
        return (!options.pool.empty() && decision.pool != options.pool) ||
               (options.id > 0 && decision.id != options.id);
    });
    if (options.id > 0 && decisions.empty()) {
        throw base::ConfigError("looking for decision " + std::to_string(options.id) +
                                    ": it is not there, or no longer",
                                "`fleet decisions` lists the numbers");
    }
    decisions.resize(std::min(decisions.size(), options.most()));
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
    if (options.explain) {
        for (std::size_t next = 0; next < decisions.size(); ++next) {
            context.out << (next > 0 ? "\n" : "");
            explain_decision(context.out, context.terminal, decisions[next]);
        }
        return kExitDone;
    }
    Table table({{"NUMBER", Align::right},
                 {"TIME"},
                 {"HOST", Align::left, true},
                 {"POOL", Align::left, true},
                 {"WORKERS"},
                 {"STARTED", Align::right},
                 {"RETIRED", Align::right},
                 {"REASON", Align::left, true}});
    for (const model::Decision& decision : decisions) {
        table.add({{std::to_string(decision.id)},
                   {base::iso8601(decision.at)},
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
             "--explain shows one, the newest or that with the NUMBER: what was seen, each clamp\n"
             "in its order with the number before and after it, and the result. --json has all\n"
             "of that as `inputs`.",
         .examples = "  fleet decisions\n"
                     "  fleet decisions --host box1 --limit 100\n"
                     "  fleet decisions --explain --pool default\n"
                     "  fleet decisions --explain 42\n"
                     "  fleet decisions --pool default --jsonl | jq .inputs.steps\n"});
    const auto options = std::make_shared<DecisionOptions>();
    app.add_option("--host", options->host, "only of this host")->type_name("HOST");
    app.add_option("--pool", options->pool, "only of this pool")->type_name("POOL");
    app.add_option("NUMBER", options->id, "only this one")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 53));
    app.add_flag("--explain", options->explain,
                 "what was seen, every clamp in its order, and the result");
    app.add_option("--limit", options->limit, "at most so many (default 30; 1 with --explain)")
        ->type_name("N");
    add_format_options(app, options->format);
    commands.on(app,
                [options](CommandContext& context) { return list_decisions(context, *options); });
}

}  // namespace fleet::cli
