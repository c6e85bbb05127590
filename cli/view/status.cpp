#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "cli/view/pool_rows.hpp"
#include "cli/view/provider_report.hpp"
#include "cli/view/providers.hpp"

namespace fleet::cli {
namespace {

struct StatusOptions {
    std::string pool;
    FormatOptions format;
};

int show_status(CommandContext& context, const StatusOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    if (!options.pool.empty()) {
        require_pool(*store, options.pool);
    }
    const std::vector<PoolRow> rows = collect_pool_rows(*store, options.pool);
    const Format format = options.format.format();
    if (format != Format::table) {
        JsonList list(context.out, format);
        for (const PoolRow& row : rows) {
            list.add(pool_row_json(row));
        }
        list.finish();
        return kExitDone;
    }
    pool_table(rows).print(context.out, context.terminal);
    const std::vector<ProviderRow> providers = read_provider_rows(*store, context.clock);
    const std::vector<std::string> densities = density_lines(providers);
    context.out << (densities.empty() ? "" : "\n");
    for (const std::string& line : densities) {
        context.out << printable(line) << '\n';
    }
    std::vector<std::string> hints = pool_hints(rows);
    for (std::string& hint : provider_hints(providers)) {
        hints.push_back(std::move(hint));
    }
    for (const std::string& hint : hints) {
        context.out << '\n' << printable(hint) << '\n';
    }
    return kExitDone;
}

}  // namespace

void add_status_command(Commands& commands) {
    CLI::App& app = commands.add(
        "status", Group::seeing, "what each pool and stage has to do and is doing",
        {.description =
             "One line a pool and stage. Ready and delayed together are the pending\n"
             "executions; OLDEST is how long the oldest ready one has waited; RATE is what\n"
             "ended a second lately; SLOTS is busy/all slots of the pool's live workers.\n"
             "It reads counters only, so it is quick however much the store holds. Below, the\n"
             "share of calls that each provider refused lately; `fleet providers` says more.",
         .examples = "  fleet status\n"
                     "  fleet status --pool gpu\n"
                     "  fleet status --jsonl | jq 'select(.failed > 0)'\n"});
    const auto options = std::make_shared<StatusOptions>();
    app.add_option("--pool", options->pool, "only this pool")->type_name("POOL");
    add_format_options(app, options->format);
    commands.on(app, [options](CommandContext& context) { return show_status(context, *options); });
}

}  // namespace fleet::cli
