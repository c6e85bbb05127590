#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/find_execution.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "cli/view/describe.hpp"
#include "common/base/nearest.hpp"

namespace fleet::cli {
namespace {

/// Rows read in one transaction.
constexpr std::size_t kPage = 500;

struct PsOptions {
    std::vector<std::string> statuses;
    std::string pool;
    std::optional<std::string> batch;
    std::string kind;
    std::string worker;
    std::string parent;
    std::size_t limit = 50;
    bool children = false;
    bool errors = false;
    bool oldest = false;
    FormatOptions format;
};

model::Status status_of(const std::string& text) {
    if (const std::optional<model::Status> status = model::parse_status(text)) {
        return *status;
    }
    const std::vector<std::string> known{"pending", "running", "waiting",
                                         "done",    "failed",  "cancelled"};
    const auto nearest = base::nearest_name(text, known);
    throw UsageError(
        "--status: \"" + text + "\" is not a status",
        (nearest ? "did you mean " + *nearest + "? " : "") +
            std::string("known are pending, running, waiting, done, failed, cancelled"));
}

contracts::ExecutionFilter filter_of(contracts::Store& store, const PsOptions& options) {
    contracts::ExecutionFilter filter;
    for (const std::string& status : options.statuses) {
        filter.statuses.push_back(status_of(status));
    }
    if (options.errors && filter.statuses.empty()) {
        filter.statuses = {model::Status::failed};
    }
    if (!options.pool.empty()) {
        filter.pool = require_pool(store, options.pool).pool;
    }
    if (options.batch) {
        filter.batch = options.batch->empty() ? "" : require_batch(store, *options.batch).name;
    }
    if (!options.kind.empty()) {
        filter.error_kind = model::parse_error_kind(options.kind);
        if (!filter.error_kind) {
            throw UsageError("--kind: \"" + options.kind + "\" is not a kind of error",
                             "`fleet errors` shows those there are");
        }
    }
    filter.roots_only = !options.children;
    if (!options.parent.empty()) {
        filter.parent = resolve_id(store, options.parent);
    }
    filter.worker_id = options.worker;
    filter.newest_first = !options.oldest;
    return filter;
}

/// Reads page by page, so that no read transaction is long, and hands over each execution.
template <typename Take>
void each_execution(contracts::Store& store, contracts::ExecutionFilter filter, std::size_t limit,
                    Take take) {
    std::size_t left = limit;
    while (left > 0) {
        filter.limit = std::min(left, kPage);
        const contracts::ExecutionPage page = store.work().find(filter);
        for (const model::Execution& execution : page.executions) {
            take(execution);
        }
        left -= std::min(left, page.executions.size());
        if (page.next == 0) {
            return;
        }
        filter.after = page.next;
    }
}

std::vector<Cell> row_of(const model::Execution& execution, base::StoreTime now, bool errors) {
    const std::string what = errors ? (execution.error ? execution.error->message : "-")
                                    : describe_input(execution.input);
    std::vector<Cell> row{
        {execution.id.text()},
        {std::string(model::to_text(execution.status)), colour_of(execution.status)},
        {execution.pool},
        {execution.batch.empty() ? "-" : execution.batch},
        {execution.item_number > 0 ? std::to_string(execution.item_number) : "-"},
        {std::to_string(execution.counters.attempt)},
        {describe_time(execution, now)}};
    if (errors) {
        row.push_back({execution.error ? std::string(model::to_text(execution.error->kind)) : "-",
                       Colour::red});
    }
    row.push_back({what});
    return row;
}

std::vector<Column> columns_of(bool errors) {
    std::vector<Column> columns{{"ID"},
                                {"STATUS"},
                                {"POOL", Align::left, true},
                                {"BATCH", Align::left, true},
                                {"ITEM", Align::right},
                                {"ATTEMPT", Align::right},
                                {"TIME", Align::left, true}};
    if (errors) {
        columns.push_back({"KIND"});
    }
    columns.push_back({errors ? "ERROR" : "INPUT", Align::left, true});
    return columns;
}

int list_executions(CommandContext& context, const PsOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    const contracts::ExecutionFilter filter = filter_of(*store, options);
    const Format format = options.format.format();
    if (format != Format::table) {
        JsonList list(context.out, format);
        each_execution(*store, filter, options.limit, [&list](const model::Execution& execution) {
            list.add(model::to_json_text(execution));
        });
        list.finish();
        return kExitDone;
    }
    Table table(columns_of(options.errors));
    const base::StoreTime now = store->now();
    std::size_t rows = 0;
    each_execution(*store, filter, options.limit, [&](const model::Execution& execution) {
        table.add(row_of(execution, now, options.errors));
        ++rows;
    });
    if (table.empty()) {
        context.out << "no executions match\n";
        return kExitDone;
    }
    table.print(context.out, context.terminal);
    if (rows == options.limit && context.terminal.out_is_terminal()) {
        context.out << context.terminal.paint(
                           "(the " + std::string(options.oldest ? "oldest " : "newest ") +
                               with_commas(static_cast<std::int64_t>(rows)) +
                               "; --limit N shows more)",
                           Colour::dim)
                    << '\n';
    }
    return kExitDone;
}

}  // namespace

void add_ps_command(Commands& commands) {
    CLI::App& app = commands.add(
        "ps", Group::seeing, "lists executions, the newest first",
        {.description = "Filters may be combined. --status takes several, separated by commas.\n"
                        "--errors shows why executions failed in place of their input.\n"
                        "Children of other executions are listed with --children or --parent "
                        "only.",
         .examples = "  fleet ps --status running\n"
                     "  fleet ps --batch 20261121-075030-abcd --status failed,cancelled\n"
                     "  fleet ps --errors --limit 10\n"
                     "  fleet ps --parent last --status failed\n"
                     "  fleet ps --status failed --limit 100000 --jsonl | jq -r .id\n"});
    const auto options = std::make_shared<PsOptions>();
    app.add_option("--status", options->statuses,
                   "pending, running, waiting, done, failed or cancelled")
        ->type_name("STATUS,...")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--pool", options->pool, "only this pool")->type_name("POOL");
    app.add_option("--batch", options->batch, "only this batch; '' for those without one")
        ->type_name("BATCH");
    app.add_option("--kind", options->kind, "only with this kind of error")->type_name("KIND");
    app.add_option("--worker", options->worker, "only those this worker has or had last")
        ->type_name("WORKER");
    app.add_option("--parent", options->parent, "only the children of this execution")
        ->type_name("ID");
    app.add_flag("--children", options->children, "children of others as well");
    app.add_option("--limit", options->limit, "at most so many (default 50)")->type_name("N");
    app.add_flag("--errors", options->errors, "the failed ones, with their errors");
    app.add_flag("--oldest", options->oldest, "the oldest first");
    add_format_options(app, options->format);
    commands.on(app,
                [options](CommandContext& context) { return list_executions(context, *options); });
}

}  // namespace fleet::cli
