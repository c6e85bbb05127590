// `fleet import`: takes over what another member of the family has begun.
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <CLI/App.hpp>
#include <system_error>

#include "cli/commands.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "cli/view/describe.hpp"
#include "cli/work/import_plan.hpp"
#include "common/base/errors.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

/// Snapshots may be large: a transaction stays short.
constexpr std::size_t kChunk = 100;

struct ImportOptions {
    std::string source;
    std::string pool = "default";
    std::string batch;
    std::string machine;
    bool dry_run = false;
    FormatOptions format;
};

const Help kHelp{
    .description =
        "Takes over the executions of a FlatMachines SQLite file or `.checkpoints` folder\n"
        "that have not ended: each goes on here from its latest checkpoint, with the\n"
        "configuration that is stored there or with --machine. Those that wait for a signal\n"
        "wait here, and get the signals that were kept for them. An id that is no UUID is\n"
        "replaced by one made from it. What is here already is left alone, so that an import\n"
        "may be repeated. Nothing is changed there: stop its own runners first, else both go\n"
        "on.",
    .examples =
        "  fleet import runs.sqlite --dry-run\n"
        "  fleet import .checkpoints --machine review.yml --batch old\n",
    .exit_codes =
        "  0    all that has not ended is here now\n"
        "  1    an error\n"
        "  2    bad usage\n"
        "  3    some cannot be taken over: they are listed with the reason\n",
};

std::int64_t spec_of(const CommandContext& context, contracts::Store& store,
                     const ImportMachine& machine) {
    store.checkpoints().put_config(machine.config);
    model::WorkSpec spec;
    spec.machine = model::kStoredMachine;
    spec.config = machine.config.hash;
    spec.directory = context.directory.string();
    return store.work().put_spec(spec);
}

void check_outcome(const contracts::PushResult& pushed, const std::string& batch) {
    using Outcome = contracts::PushResult::Outcome;
    if (pushed.outcome == Outcome::batch_sealed || pushed.outcome == Outcome::batch_cancelled) {
        throw base::ConfigError("batch " + batch + " takes no more executions",
                                "name another with --batch, or none");
    }
    if (pushed.outcome != Outcome::pushed) {
        throw base::ConfigError("the pool or the batch is gone", "look at `fleet status`");
    }
}

class Importer {
  public:
    Importer(const CommandContext& context, contracts::Store& store, const ImportOptions& options)
        : context_(context), store_(store), options_(options) {}

    void run(const std::vector<ImportItem>& items) {
        make_batch(items);
        std::map<std::tuple<const ImportMachine*, std::string>, std::vector<const ImportItem*>>
            groups;
        for (const ImportItem& item : items) {
            if (item.kind == ImportItem::Kind::taken_over) {
                groups[{item.machine, item.stage}].push_back(&item);
            }
        }
        for (const auto& [key, group] : groups) {
            push_group(group);
        }
        if (is_new_batch_) {
            store_.work().seal_batch(options_.batch);
        }
        for (const ImportItem& item : items) {
            send_kept(item);
        }
    }

  private:
    void make_batch(const std::vector<ImportItem>& items) {
        const bool any = std::ranges::any_of(items, [](const ImportItem& item) {
            return item.kind == ImportItem::Kind::taken_over;
        });
        if (options_.batch.empty() || !any || store_.work().batch(options_.batch)) {
            return;
        }
        base::UuidGenerator ids;
        is_new_batch_ = store_.work().create_batch({.name = options_.batch,
                                                    .pool = options_.pool,
                                                    .id_seed = ids.next(context_.clock.wall_now()),
                                                    .options = "{}"});
    }

    void push_group(const std::vector<const ImportItem*>& group) {
        contracts::PushRequest request;
        request.pool = options_.pool;
        request.batch = options_.batch;
        request.stage = group.front()->stage;
        request.spec = spec_of(context_, store_, *group.front()->machine);
        for (std::size_t first = 0; first < group.size(); first += kChunk) {
            request.executions.clear();
            for (std::size_t i = first; i < std::min(first + kChunk, group.size()); ++i) {
                contracts::NewExecution& execution = request.executions.emplace_back();
                execution.id = group[i]->id;
                execution.input = "{}";
                execution.snapshot = group[i]->snapshot;
                execution.channel = group[i]->is_parked ? group[i]->channel : "";
            }
            check_outcome(store_.work().push(request), options_.batch);
        }
    }

    /// Of what is parked also what an import that was ended in between has left to do: an execution
    /// that no worker has had yet and that waits still has not got it.
    void send_kept(const ImportItem& item) {
        if (item.signal.empty()) {
            return;
        }
        bool has_it = item.kind != ImportItem::Kind::taken_over;
        if (item.is_parked) {
            const auto execution = store_.work().get(item.id);
            has_it = !execution || execution->status != model::Status::waiting ||
                     execution->counters.attempt > 0;
        }
        if (!has_it) {
            static_cast<void>(store_.signals().send_to(item.id, item.channel, item.signal));
        }
    }

    const CommandContext& context_;
    contracts::Store& store_;
    const ImportOptions& options_;
    bool is_new_batch_ = false;
};

base::JsonText item_json(const ImportItem& item) {
    model::JsonObjectWriter json;
    json.text("id", item.id.text());
    json.text("source_id", item.source_id);
    json.text("outcome", to_text(item.kind));
    json.text("machine", item.machine_name);
    json.text("state", item.state);
    json.text("event", item.event);
    json.text("waiting_channel", item.channel);
    json.text("reason", item.reason);
    return json.finish();
}

void print_items(CommandContext& context, const ImportOptions& options,
                 const std::vector<ImportItem>& items) {
    if (options.format.format() != Format::table) {
        JsonList list(context.out, options.format.format());
        for (const ImportItem& item : items) {
            list.add(item_json(item));
        }
        list.finish();
        return;
    }
    std::map<ImportItem::Kind, std::int64_t> counts;
    std::int64_t waiting = 0;
    for (const ImportItem& item : items) {
        ++counts[item.kind];
        const bool taken = item.kind == ImportItem::Kind::taken_over;
        waiting += taken && !item.channel.empty() ? 1 : 0;
        if (taken && item.id.text() != item.source_id) {
            context.out << printable(item.source_id) << " is " << item.id.text() << " here\n";
        }
        if (item.kind == ImportItem::Kind::refused) {
            context.out << printable(item.source_id)
                        << " cannot be taken over: " << printable(item.reason) << '\n';
        }
    }
    context.out << (options.dry_run ? "would take over " : "took over ")
                << counted(counts[ImportItem::Kind::taken_over], "execution") << " ("
                << with_commas(waiting) << " waiting for a signal); "
                << with_commas(counts[ImportItem::Kind::here]) << " here already, "
                << with_commas(counts[ImportItem::Kind::finished]) << " ended, "
                << with_commas(counts[ImportItem::Kind::refused]) << " refused\n";
}

int import(CommandContext& context, const ImportOptions& options) {
    const auto source = (context.directory / options.source).lexically_normal();
    const auto archive = family::open_archive(source);
    const auto store = context.open_store(store::Missing::create);
    static_cast<void>(require_pool(*store, options.pool));
    std::error_code error;
    if (std::filesystem::equivalent(source, store->url().path, error)) {
        throw base::ConfigError("importing " + source.string() + ": it is this store itself",
                                "name the source, and another store with --store");
    }
    ImportMachines machines(context, *archive, options.machine);
    const std::vector<ImportItem> items = plan_import(*store, *archive, machines);
    if (!options.dry_run) {
        Importer(context, *store, options).run(items);
    }
    print_items(context, options, items);
    const bool refused = std::ranges::any_of(
        items, [](const ImportItem& item) { return item.kind == ImportItem::Kind::refused; });
    return refused ? kExitSomeFailed : kExitDone;
}

}  // namespace

void add_import_command(Commands& commands) {
    CLI::App& app = commands.add("import", Group::work,
                                 "takes over what another FlatMachines runtime has begun", kHelp);
    const auto options = std::make_shared<ImportOptions>();
    app.add_option("SOURCE", options->source, "a SQLite file or a .checkpoints folder")->required();
    app.add_option("--pool", options->pool, "where they go on (default: default)")
        ->type_name("POOL");
    app.add_option("--batch", options->batch, "put them into this batch")->type_name("BATCH");
    app.add_option("--machine", options->machine, "for those whose configuration is not stored")
        ->type_name("FILE");
    app.add_flag("--dry-run", options->dry_run, "only say what would be done");
    add_format_options(app, options->format);
    commands.on(app, [options](CommandContext& context) { return import(context, *options); });
}

}  // namespace fleet::cli
