#include "cli/work/run_options.hpp"

#include <utility>

#include <CLI/App.hpp>

#include "cli/work/results_writer.hpp"

namespace fleet::cli {
namespace {

constexpr int kMostSlots = 1'000;

}  // namespace

void add_run_options(CLI::App& command, RunOptions& options) {
    command
        .add_option("--workers", options.workers,
                    "worker processes, N or MIN..MAX (default: 1 to the number of cores)")
        ->type_name("RANGE");
    command
        .add_option(
            "--slots", options.slots,
            "items that a worker runs at once (default: the pool's, else 4; commands: cores / "
            "workers)")
        ->type_name("N")
        ->check(CLI::Range(1, kMostSlots).description(""));
    command
        .add_option("--output", options.output,
                    "write all results there at the end, as JSON lines; - is standard output")
        ->type_name("FILE");
    auto* quiet = command.add_flag("--quiet,-q", options.quiet,
                                   "no progress, and a summary only when something failed");
    command.add_flag("--json", options.json, "print the summary as one JSON object");
    command.add_flag("--verbose,-v", options.verbose, "say how it is run; detailed scaler log")
        ->excludes(quiet);
}

BatchRunOptions apply_run_options(const CommandContext& context, const RunOptions& options,
                                  BatchOptions batch) {
    if (!options.workers.empty()) {
        batch.workers = parse_worker_range(options.workers);
    }
    if (options.slots > 0) {
        batch.slots = options.slots;
    }
    if (options.output == "-") {
        if (options.json) {
            throw UsageError("--output - and --json both want standard output",
                             "give --output a file");
        }
        batch.output = "-";
    } else if (!options.output.empty()) {
        const auto file = (context.directory / options.output).lexically_normal();
        check_output_file(file);
        batch.output = file.string();
    }
    BatchRunOptions run;
    run.batch = std::move(batch);
    run.quiet = options.quiet;
    run.json = options.json;
    run.verbose = options.verbose;
    run.resume_only = options.resume_only;
    return run;
}

}  // namespace fleet::cli
