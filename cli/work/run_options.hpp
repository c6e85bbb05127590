// Options that `run` and `resume` share. Only for the .cpp files of this folder.
#pragma once

#include <string>

#include "cli/core/app.hpp"
#include "cli/work/batch_options.hpp"
#include "cli/work/batch_run.hpp"

namespace fleet::cli {

struct RunOptions {
    std::string workers;  ///< "N" or "MIN..MAX"; empty: 1 to the cores
    int slots = 0;        ///< 0: chosen
    std::string output;
    bool quiet = false;
    bool json = false;
    bool verbose = false;
    bool resume_only = false;
};

void add_run_options(CLI::App& command, RunOptions& options);
/// Puts what was given over `batch`. Throws UsageError and ConfigError.
[[nodiscard]] BatchRunOptions apply_run_options(const CommandContext& context,
                                                const RunOptions& options, BatchOptions batch);

}  // namespace fleet::cli
