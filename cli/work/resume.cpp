// `fleet resume`: goes on with a batch that was interrupted, in loading or in running.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/interrupts.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "cli/operate/fleet_file_start.hpp"
#include "cli/work/batch_run.hpp"
#include "cli/work/open_work.hpp"
#include "cli/work/run_options.hpp"
#include "cli/work/submission.hpp"

namespace fleet::cli {
namespace {

constexpr std::size_t kLookBack = 1'000;
constexpr std::size_t kShownCandidates = 10;

struct Options {
    std::string batch;
    bool failed = false;
    RunOptions run;
};

const Help kHelp{
    .description =
        "Goes on with a batch that is not finished: loads the rest of its items if that was cut\n"
        "off, starts workers as `fleet run` did, waits for the end and prints the summary. Items\n"
        "that are recorded as done are not run again; those that were running when their worker\n"
        "was killed are. Failed items stay failed unless --failed is given.\n"
        "\n"
        "--resume-only loads and begins nothing new: it ends what was begun (running when its\n"
        "worker died, waiting, to be tried again, children) and leaves the rest pending. A batch\n"
        "of `fleet submit` shares its workers: then all that was begun and is shared in its pool\n"
        "is ended.\n"
        "\n"
        "Without BATCH it takes the newest one that is not finished.",
    .examples =
        "  fleet resume\n"
        "  fleet resume 20261121-075030-k3xf --workers 8\n"
        "  fleet resume --failed\n"
        "  fleet resume 20261121-075030-k3xf --resume-only\n",
    .exit_codes =
        "  0    all items are done (--resume-only: all that was begun), or there is nothing to\n"
        "       resume\n"
        "  1    an error\n"
        "  2    bad usage\n"
        "  3    some items failed or were cancelled\n"
        "  130  interrupted; the workers have retired\n",
};

std::int64_t open_items(const model::Batch& batch) {
    return batch.counts.pending + batch.counts.running + batch.counts.waiting;
}

bool can_go_on(const model::Batch& batch, bool failed) {
    if (batch.state == model::BatchState::cancelled) {
        return open_items(batch) > 0;
    }
    return batch.state == model::BatchState::loading || open_items(batch) > 0 ||
           (failed && batch.counts.failed > 0);
}

bool has_begun(contracts::Store& store, const model::Batch& batch, bool failed) {
    return (failed && batch.counts.failed > 0) || !only_new_is_open(store, batch);
}

std::optional<model::Batch> newest_candidate(const CommandContext& context, contracts::Store& store,
                                             const Options& options) {
    std::vector<model::Batch> candidates = store.work().batches(kLookBack);
    std::erase_if(candidates, [&](const model::Batch& batch) {
        return !can_go_on(batch, options.failed) ||
               (options.run.resume_only && !has_begun(store, batch, options.failed));
    });
    if (candidates.empty()) {
        return std::nullopt;
    }
    if (candidates.size() > 1) {
        context.err << "resuming the newest of " << candidates.size()
                    << " batches that are not finished, " << candidates.front().name
                    << "; the others:\n";
        const std::size_t shown = std::min(candidates.size(), kShownCandidates + 1);
        for (std::size_t index = 1; index < shown; ++index) {
            const model::Batch& batch = candidates[index];
            context.err << "  " << batch.name << "  " << with_commas(batch.counts.done) << " done, "
                        << with_commas(batch.counts.failed) << " failed, "
                        << with_commas(open_items(batch)) << " to do"
                        << (batch.state == model::BatchState::loading ? ", not loaded yet" : "")
                        << '\n';
        }
        context.err << std::flush;
    }
    return candidates.front();
}

void requeue_failed(contracts::Store& store, const std::string& batch) {
    contracts::BulkSelection selection;
    selection.batch = batch;
    selection.failed_only = true;
    for (;;) {
        const contracts::BulkResult result = store.work().requeue(selection);
        if (!result.more || result.changed == 0) {
            return;
        }
    }
}

int resume(CommandContext& context, const Options& options) {
    Interrupts interrupts;
    const auto store = context.open_store(store::Missing::refuse);
    check_shared(*store);
    apply_fleet_file(context, *store);
    std::optional<model::Batch> batch;
    if (options.batch.empty()) {
        batch = newest_candidate(context, *store, options);
        if (!batch) {
            context.out << (options.run.resume_only
                                ? "nothing to resume: no batch has anything open that was begun"
                                : "nothing to resume: every batch is finished")
                        << std::endl;
            return kExitDone;
        }
    } else {
        batch = require_batch(*store, options.batch);
        if (!can_go_on(*batch, options.failed)) {
            context.out << "nothing to resume: batch " << batch->name << " is "
                        << (batch->state == model::BatchState::cancelled ? "cancelled" : "finished")
                        << (batch->counts.failed > 0 && !options.failed
                                ? "; --failed runs its failed items again"
                                : "")
                        << std::endl;
            return kExitDone;
        }
    }
    if (options.run.resume_only && !has_begun(*store, *batch, options.failed)) {
        context.out << "nothing to resume: nothing that was begun of batch " << batch->name
                    << " is open; " << with_commas(batch->counts.pending) << " not begun"
                    << std::endl;
        return kExitDone;
    }
    BatchRunOptions run_options =
        apply_run_options(context, options.run, batch_options_from_json(batch->options));
    if (options.failed) {
        requeue_failed(*store, batch->name);
        batch = require_batch(*store, batch->name);
    }
    return BatchRun(context, *store, interrupts, *batch, run_options).run();
}

}  // namespace

void add_resume_command(Commands& commands) {
    CLI::App& command =
        commands.add("resume", Group::work, "goes on with a batch that is not finished", kHelp);
    auto options = std::make_shared<Options>();
    command.add_option("BATCH", options->batch, "its name (default: the newest not finished)");
    command.add_flag("--failed", options->failed, "run the failed items again as well");
    add_run_options(command, options->run);
    command.add_flag("--resume-only", options->run.resume_only,
                     "end what was begun, load and begin nothing new");
    commands.on(command, [options](CommandContext& context) { return resume(context, *options); });
}

}  // namespace fleet::cli
