// `--dry-run` of `run` and `submit`: the same checks, and then what the batch would come to instead
// of the batch. Nothing is stored, no provider is called and no worker is started.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/core/context.hpp"
#include "cli/work/batch_options.hpp"
#include "cli/work/submission.hpp"
#include "common/model/provider.hpp"
#include "machines/estimate/estimate.hpp"

namespace fleet::cli {

/// One provider's part of the batch, and how it would go.
struct ProviderOutlook {
    estimate::ProviderLine line;
    model::Provider row;  ///< by the rules that would hold
    estimate::BudgetLeft left;
    estimate::Course course;
};

struct DryRun {
    std::string what;  ///< the machine's name, the built-in one's, or the command's program
    std::string pool;
    std::int64_t items = 0;
    std::int64_t empty_lines = 0;
    base::WallTime now{};
    /// Of a machine file; absent for all else.
    std::optional<estimate::Estimate> estimate;
    estimate::Trials trials;
    estimate::MachineHistory history;
    std::vector<ProviderOutlook> providers;
    /// Of all else.
    std::optional<estimate::TimeHistory> times;
    int slots = 0;  ///< items at once: of the workers that would be started, or are there; 0: none
    std::vector<std::string> notes;
};

struct DryRunOptions {
    std::optional<BatchOptions> run{};  ///< of `run`; absent: of `submit`, whose workers are there
    bool json = false;
    int stop_fd = -1;  ///< readable: somebody interrupts
};

/// Prints what a submission would come to, for people or as one JSON object, and returns the exit
/// code. Throws what a real one throws before it stores anything: ConfigError for items, names,
/// pools and a fleet.yml that are wrong; Cancelled once `stop_fd` is readable.
int dry_run(CommandContext& context, const SubmissionOptions& options, const Submission& submission,
            const DryRunOptions& how);

// For the .cpp files of this part.
void print_dry_run(CommandContext& context, const DryRun& run);
[[nodiscard]] base::JsonText to_json_text(const DryRun& run);

}  // namespace fleet::cli
