// `fleet workers` and `fleet hosts`: who is registered.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "cli/view/describe.hpp"
#include "cli/view/worker_rows.hpp"
#include "common/base/nearest.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

struct RegistryOptions {
    std::vector<std::string> statuses;
    std::string pool;
    std::string host;
    bool live = false;
    FormatOptions format;
};

contracts::WorkerFilter filter_of(const RegistryOptions& options, model::WorkerKind kind) {
    contracts::WorkerFilter filter;
    filter.kind = kind;
    filter.host = options.host;
    filter.pool = options.pool;
    for (const std::string& text : options.statuses) {
        const std::optional<model::WorkerStatus> status = model::parse_worker_status(text);
        if (!status) {
            const std::vector<std::string> known{"active", "terminating", "terminated", "lost"};
            const auto nearest = base::nearest_name(text, known);
            throw UsageError("--status: \"" + text + "\" is not a worker's status",
                             (nearest ? "did you mean " + *nearest + "? " : "") +
                                 std::string("known are active, terminating, terminated, lost"));
        }
        filter.statuses.push_back(*status);
    }
    if (options.live) {
        filter.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating};
    }
    return filter;
}

int list_workers(CommandContext& context, const RegistryOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    if (!options.pool.empty()) {
        require_pool(*store, options.pool);
    }
    std::vector<model::WorkerRecord> workers =
        store->registration().list(filter_of(options, model::WorkerKind::worker));
    const Format format = options.format.format();
    if (format != Format::table) {
        JsonList list(context.out, format);
        for (const model::WorkerRecord& worker : workers) {
            list.add(model::to_json_text(worker));
        }
        list.finish();
    } else if (workers.empty()) {
        context.out << "no workers are registered"
                    << (options.pool.empty() && options.host.empty() && !options.live &&
                                options.statuses.empty()
                            ? "; `fleet run` or `scaler` starts them\n"
                            : " that match\n");
    } else {
        worker_table(std::move(workers)).print(context.out, context.terminal);
    }
    return kExitDone;
}

/// A scaler with what it has decided last.
struct HostRow {
    model::WorkerRecord record;
    int workers = 0;
    std::optional<model::Decision> decision;
};

std::vector<HostRow> collect_hosts(contracts::Store& store, const RegistryOptions& options) {
    contracts::WorkerFilter live;
    live.kind = model::WorkerKind::worker;
    live.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating};
    live.host = options.host;
    const std::vector<model::WorkerRecord> workers = store.registration().list(live);
    std::vector<HostRow> rows;
    for (model::WorkerRecord& record :
         store.registration().list(filter_of(options, model::WorkerKind::host))) {
        HostRow row{.record = std::move(record), .workers = 0, .decision = std::nullopt};
        for (const model::WorkerRecord& worker : workers) {
            row.workers += worker.host == row.record.host && !worker.stale ? 1 : 0;
        }
        std::vector<model::Decision> decisions = store.scaling().decisions(row.record.host, 1);
        if (!decisions.empty()) {
            row.decision = std::move(decisions.front());
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

base::JsonText host_json(const HostRow& row) {
    model::JsonObjectWriter json;
    json.text("id", row.record.worker_id);
    json.text("host", row.record.host);
    json.integer("pid", row.record.process.pid);
    json.text("status", model::to_text(row.record.status));
    json.boolean("stale", row.record.stale);
    json.integer("capacity", row.record.slots);
    json.integer("workers_running", row.workers);
    if (row.decision) {
        json.integer("workers_planned", row.decision->workers_planned);
        json.embed("last_decision", model::to_json_text(*row.decision));
    } else {
        json.null("workers_planned");
        json.null("last_decision");
    }
    json.integer("heartbeat_age_ms", row.record.heartbeat_age.count());
    json.time("started_at", row.record.started_at);
    json.text("version", row.record.version);
    json.text("reason", row.record.reason);
    return json.finish();
}

void print_hosts(CommandContext& context, const std::vector<HostRow>& rows, base::StoreTime now) {
    Table table({{"HOST", Align::left, true},
                 {"STATUS"},
                 {"PID", Align::right},
                 {"CAPACITY", Align::right},
                 {"WORKERS", Align::right},
                 {"PLANNED", Align::right},
                 {"HEARTBEAT", Align::right},
                 {"VERSION"},
                 {"LAST DECISION", Align::left, true}});
    for (const HostRow& row : rows) {
        const std::string age =
            row.decision ? base::human_duration(std::max(now - row.decision->at, base::Millis{0}))
                         : "";
        table.add({{row.record.host},
                   {std::string(model::to_text(row.record.status)), colour_of(row.record)},
                   {std::to_string(row.record.process.pid)},
                   {std::to_string(row.record.slots)},
                   {std::to_string(row.workers)},
                   {row.decision ? std::to_string(row.decision->workers_planned) : "-"},
                   {base::human_duration(row.record.heartbeat_age) + " ago"},
                   {row.record.version.empty() ? "-" : row.record.version},
                   {row.decision ? age + " ago: " + row.decision->reason : "none yet"}});
    }
    table.print(context.out, context.terminal);
}

int list_hosts(CommandContext& context, const RegistryOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    const std::vector<HostRow> rows = collect_hosts(*store, options);
    const Format format = options.format.format();
    if (format != Format::table) {
        JsonList list(context.out, format);
        for (const HostRow& row : rows) {
            list.add(host_json(row));
        }
        list.finish();
    } else if (rows.empty()) {
        context.out << "no scaler is registered; start one with `scaler --store "
                    << store->url().text_without_secrets() << "`\n";
    } else {
        print_hosts(context, rows, store->now());
    }
    return kExitDone;
}

void add_filters(CLI::App& app, RegistryOptions& options) {
    app.add_option("--status", options.statuses, "active, terminating, terminated or lost")
        ->type_name("STATUS,...")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--host", options.host, "only of this host")->type_name("HOST");
    app.add_flag("--live", options.live, "only active and terminating ones");
    add_format_options(app, options.format);
}

}  // namespace

void add_registry_commands(Commands& commands) {
    CLI::App& workers = commands.add(
        "workers", Group::seeing, "every worker that is or was registered",
        {.description =
             "The live ones first. SLOTS is busy/all; HEARTBEAT is when it was last heard of;\n"
             "REASON is why it has its status. A worker marked silent has missed its heartbeats\n"
             "and becomes lost, its work goes to others. Ended ones are listed until `fleet "
             "prune`.",
         .examples = "  fleet workers --live\n"
                     "  fleet workers --pool default --json\n"});
    const auto worker_options = std::make_shared<RegistryOptions>();
    workers.add_option("--pool", worker_options->pool, "only of this pool")->type_name("POOL");
    add_filters(workers, *worker_options);
    commands.on(workers, [worker_options](CommandContext& context) {
        return list_workers(context, *worker_options);
    });

    CLI::App& hosts = commands.add(
        "hosts", Group::seeing, "every scaler: capacity, workers and its last decision",
        {.description =
             "WORKERS are those that run on the host now, PLANNED those its last decision\n"
             "wanted. `fleet decisions --host HOST` tells the whole story.",
         .examples = "  fleet hosts\n"
                     "  fleet hosts --live --jsonl\n"});
    const auto host_options = std::make_shared<RegistryOptions>();
    add_filters(hosts, *host_options);
    commands.on(hosts, [host_options](CommandContext& context) {
        return list_hosts(context, *host_options);
    });
}

}  // namespace fleet::cli
