// `fleet cancel` and `fleet requeue`: many executions at once.
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/find_execution.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "common/base/nearest.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

constexpr std::size_t kMostNotes = 20;

struct Options {
    std::vector<std::string> ids;
    std::string batch;
    bool failed = false;
    std::string kind;
    bool json = false;
};

enum class What { cancel, requeue };

const Help kCancelHelp{
    .description =
        "Ends executions that have not ended yet: what waits is cancelled at once, what\n"
        "runs at its next commit. With --batch nothing of the batch starts any more,\n"
        "also of items that are still being loaded.",
    .examples =
        "  fleet cancel --batch nightly\n"
        "  fleet cancel 0192f3a4 0192f3a5\n",
};

const Help kRequeueHelp{
    .description =
        "Puts failed and cancelled executions back, to be run again with all their\n"
        "attempts. A batch of `fleet run` goes on with `fleet resume` afterwards.",
    .examples =
        "  fleet requeue --failed --kind timeout\n"
        "  fleet requeue --batch nightly\n"
        "  fleet requeue last\n",
};

const std::vector<std::string>& error_kinds() {
    static const std::vector<std::string> kKinds{"exit_code",  "signal",  "timeout", "spawn",
                                                 "rate_limit", "config",  "agent",   "lost_worker",
                                                 "cancelled",  "internal"};
    return kKinds;
}

contracts::BulkSelection selection_of(contracts::Store& store, const Options& options) {
    contracts::BulkSelection selection;
    selection.ids = resolve_ids(store, options.ids);
    if (!options.batch.empty()) {
        selection.batch = require_batch(store, options.batch).name;
    }
    selection.failed_only = options.failed;
    if (!options.kind.empty()) {
        selection.error_kind = model::parse_error_kind(options.kind);
        if (!selection.error_kind) {
            const auto nearest = base::nearest_name(options.kind, error_kinds());
            std::string known;
            for (const std::string& kind : error_kinds()) {
                known += (known.empty() ? "known are " : ", ") + kind;
            }
            throw UsageError("\"" + options.kind + "\" is not a kind of error",
                             nearest ? "did you mean " + *nearest + "?" : known);
        }
    }
    return selection;
}

contracts::BulkResult call(contracts::WorkBackend& work, What what,
                           const contracts::BulkSelection& selection) {
    return what == What::cancel ? work.cancel(selection) : work.requeue(selection);
}

void add(contracts::BulkResult& sum, const contracts::BulkResult& part) {
    sum.changed += part.changed;
    sum.skipped += part.skipped;
    for (const std::string& note : part.notes) {
        if (sum.notes.size() < kMostNotes) {
            sum.notes.push_back(note);
        }
    }
}

/// Ids go in portions, everything else until there is no more.
contracts::BulkResult change_all(contracts::WorkBackend& work, What what,
                                 const contracts::BulkSelection& selection) {
    contracts::BulkResult sum;
    if (selection.ids.empty()) {
        for (bool more = true; more;) {
            const contracts::BulkResult part = call(work, what, selection);
            add(sum, part);
            more = part.more && part.changed > 0;
        }
        return sum;
    }
    for (std::size_t begin = 0; begin < selection.ids.size(); begin += contracts::kMaxBulk) {
        const std::size_t end = std::min(begin + contracts::kMaxBulk, selection.ids.size());
        contracts::BulkSelection portion = selection;
        portion.ids.assign(selection.ids.begin() + static_cast<std::ptrdiff_t>(begin),
                           selection.ids.begin() + static_cast<std::ptrdiff_t>(end));
        add(sum, call(work, what, portion));
    }
    return sum;
}

/// Batches that no service works on: requeued items of them wait for `fleet resume`.
std::set<std::string> private_batches(contracts::Store& store,
                                      const contracts::BulkSelection& selection) {
    constexpr std::size_t kLookedAt = 20;
    std::set<std::string> names;
    if (!selection.batch.empty()) {
        names.insert(selection.batch);
    }
    for (std::size_t index = 0; index < std::min(selection.ids.size(), kLookedAt); ++index) {
        if (const auto execution = store.work().get(selection.ids[index])) {
            names.insert(execution->batch);
        }
    }
    std::erase_if(names, [&store](const std::string& name) {
        const auto batch = store.work().batch(name);
        return !batch || !batch->private_lane;
    });
    return names;
}

void print_json(std::ostream& out, const contracts::BulkResult& result) {
    std::string notes = "[";
    for (const std::string& note : result.notes) {
        notes += notes.size() > 1 ? "," : "";
        model::append_json_string(notes, note);
    }
    model::JsonObjectWriter json;
    json.integer("changed", result.changed);
    json.integer("skipped", result.skipped);
    json.embed("notes", notes + "]");
    out << json.finish() << std::endl;
}

int change(CommandContext& context, What what, const Options& options) {
    if (!options.ids.empty() && (!options.batch.empty() || options.failed)) {
        throw UsageError("name ids, or choose with --batch and --failed, not both");
    }
    if (options.ids.empty() && options.batch.empty() && !options.failed) {
        throw UsageError("name what is meant: ids, --batch or --failed");
    }
    const auto store = context.open_store(store::Missing::refuse);
    const contracts::BulkSelection selection = selection_of(*store, options);
    const contracts::BulkResult result = change_all(store->work(), what, selection);
    if (options.json) {
        print_json(context.out, result);
    } else {
        context.out << (what == What::cancel ? "cancelled " : "requeued ")
                    << with_commas(result.changed);
        if (result.skipped > 0) {
            context.out << ", skipped " << with_commas(result.skipped);
        }
        context.out << '\n';
        for (const std::string& note : result.notes) {
            context.out << "  " << printable(note) << '\n';
        }
        context.out << std::flush;
    }
    if (what == What::requeue && result.changed > 0) {
        for (const std::string& batch : private_batches(*store, selection)) {
            context.err << "run them with `fleet resume " << batch << "`" << std::endl;
        }
    }
    return options.ids.empty() || result.changed > 0 ? kExitDone : kExitError;
}

void add_command(Commands& commands, What what, const std::string& name, const std::string& summary,
                 const Help& help) {
    CLI::App& command = commands.add(name, Group::work, summary, help);
    auto options = std::make_shared<Options>();
    command.add_option("ID", options->ids, "executions");
    command.add_option("--batch", options->batch, "all of this batch")->type_name("NAME");
    auto* failed =
        command.add_flag("--failed", options->failed, "those that failed, of --batch or of all");
    command.add_option("--kind", options->kind, "only with this kind of error")
        ->type_name("KIND")
        ->needs(failed);
    command.add_flag("--json", options->json, "print the counts as one JSON object");
    commands.on(command, [what, options](CommandContext& context) {
        return change(context, what, *options);
    });
}

}  // namespace

void add_bulk_commands(Commands& commands) {
    add_command(commands, What::cancel, "cancel", "ends executions that have not ended",
                kCancelHelp);
    add_command(commands, What::requeue, "requeue", "puts failed and cancelled executions back",
                kRequeueHelp);
}

}  // namespace fleet::cli
