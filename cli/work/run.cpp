// `fleet run`: the main job, from a command line to a summary.
#include <memory>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/interrupts.hpp"
#include "cli/operate/fleet_file_start.hpp"
#include "cli/work/batch_run.hpp"
#include "cli/work/dry_run.hpp"
#include "cli/work/host_scaler.hpp"
#include "cli/work/run_begun.hpp"
#include "cli/work/run_options.hpp"
#include "cli/work/scaler_process.hpp"
#include "cli/work/submission.hpp"
#include "common/base/errors.hpp"

namespace fleet::cli {
namespace {

constexpr int kDefaultAttempts = 1;

struct Options {
    SubmissionOptions submission;
    RunOptions run;
    bool fail_fast = false;
    bool keep_going = false;
};

const Help kHelp{
    .description =
        "Runs a command (or a built-in machine) on every item of a file and waits for the end:\n"
        "validates and submits the items, starts workers and scales them on this box, shows\n"
        "how it goes, prints a summary. Every result, exit code and output is kept in the store.\n"
        "\n"
        "In the command, {} is the item, {field} a field of a JSON item and {#} its line number;\n"
        "without any of them the item is the last argument. {{ is a literal brace. An item is one\n"
        "line: a line that begins with { is a JSON object, any other line is text; empty lines\n"
        "are skipped. Without --items the command runs once.\n"
        "\n"
        "Instead of a command: a machine (MACHINE.yml, see `fleet validate --help`), or\n"
        "builtin:noop, builtin:echo (its result is its input), builtin:sleep ({\"seconds\": 1}).\n"
        "They run inside the workers.\n"
        "\n"
        "Ctrl-C retires the workers and says how to go on (`fleet resume`); once more stops at\n"
        "once. Nothing that was recorded as done is ever run again. Where a scaler serves this\n"
        "store on this box already, its workers do the work.\n"
        "\n"
        "--resume-only takes no command: it ends what was begun in the pool (running when its\n"
        "worker died, waiting, to be tried again, children), batch after batch, and begins\n"
        "nothing new; each has its summary. What was never begun stays pending for\n"
        "`fleet resume`.\n"
        "\n"
        "--dry-run checks everything and says what it would come to: items, and of a machine the\n"
        "calls of each agent, their tokens and cost, the days of the budget and the time, each\n"
        "with where the figure is from.",
    .examples =
        "  find . -name '*.jpg' | fleet run --items - -- convert {} {}.png\n"
        "  fleet run --items urls.txt --workers 2..8 --timeout 60 -- curl -sSf -O {}\n"
        "  fleet run --items jobs.jsonl --max-attempts 3 -- ./job --name {name} --n {#}\n"
        "  fleet run --items lines.txt --stdin --output results.jsonl -- wc -c\n"
        "  fleet run --items texts.jsonl --dry-run review.yml\n"
        "  fleet run --input '{\"seconds\": 2}' builtin:sleep\n"
        "  fleet run --resume-only --pool default\n",
    .exit_codes =
        "  0    all items are done; with --resume-only: all that was begun; a dry run\n"
        "  1    an error; nothing was submitted, or it says how to go on\n"
        "  2    bad usage\n"
        "  3    some items failed or were cancelled\n"
        "  130  interrupted; the workers have retired\n",
};

/// New work has no place there, nor what concerns one batch.
void check_begins_nothing(const CommandContext& context, const Options& options) {
    const SubmissionOptions& submission = options.submission;
    if (context.command || !submission.machine.empty() || submission.items || submission.input) {
        throw UsageError(
            "run --resume-only begins nothing new: it takes no command, machine, "
            "--items or --input",
            "`fleet run --resume-only` goes on with what was begun; "
            "`fleet submit` adds work for later");
    }
    if (!submission.batch.empty() || !options.run.output.empty()) {
        throw UsageError(
            "run --resume-only goes on with all that was begun in the pool: --batch "
            "and --output are of one batch",
            "write `fleet resume BATCH --resume-only`");
    }
    if (submission.dry_run) {
        throw UsageError("run --resume-only has nothing to estimate", "leave --dry-run out");
    }
    if (options.fail_fast) {
        throw UsageError("run --resume-only with --fail-fast would cancel what it is to leave",
                         "leave --fail-fast out");
    }
}

int run(CommandContext& context, const Options& options) {
    // First of all: threads that are started later must have the signals blocked.
    Interrupts interrupts;
    if (options.run.resume_only) {
        check_begins_nothing(context, options);
        return run_begun(context, interrupts, options.submission.pool, options.run);
    }
    const Submission submission = prepare_submission(context, options.submission, kDefaultAttempts);
    BatchRunOptions run_options = apply_run_options(context, options.run, {});
    run_options.batch.fail_fast = options.fail_fast;
    const auto interrupted = [&context](const base::Cancelled& cause) {
        context.err << "fleet: " << cause.what() << "; nothing was submitted" << std::endl;
        return kExitInterrupted;
    };
    if (options.submission.dry_run) {
        try {
            return dry_run(context, options.submission, submission,
                           {run_options.batch, options.run.json, interrupts.fd()});
        } catch (const base::Cancelled& cause) {
            return interrupted(cause);
        }
    }
    const auto store = context.open_store(store::Missing::create);
    check_shared(*store);
    apply_fleet_file(context, *store);
    const auto host = find_host_scaler(*store);
    const bool service = host && host->batch.empty();
    if (!service) {
        // Said before anything is submitted.
        static_cast<void>(sibling_program("scaler"));
        static_cast<void>(sibling_program("worker"));
    }
    PreparedBatch prepared;
    try {
        prepared = prepare_batch(context, *store, options.submission, submission, !service,
                                 run_options.batch, interrupts.fd());
    } catch (const base::Cancelled& cause) {
        return interrupted(cause);
    }
    run_options.batch = prepared.options;
    run_options.empty_lines = prepared.empty_lines;
    return BatchRun(context, *store, interrupts, prepared.batch, run_options).run();
}

}  // namespace

void add_run_command(Commands& commands) {
    CLI::App& command =
        commands.add("run", Group::work, "runs a command on every item of a file", kHelp);
    auto options = std::make_shared<Options>();
    add_submission_options(commands, command, options->submission);
    add_run_options(command, options->run);
    command.add_flag("--resume-only", options->run.resume_only,
                     "end what was begun in the pool, begin nothing new");
    auto* keep_going = command.add_flag("--keep-going", options->keep_going,
                                        "go on when items fail (the default)");
    command.add_flag("--fail-fast", options->fail_fast, "cancel the rest when an item has failed")
        ->excludes(keep_going);
    commands.on(command, [options](CommandContext& context) { return run(context, *options); });
}

}  // namespace fleet::cli
