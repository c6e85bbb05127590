// Every command of `fleet`, by group. Each function adds one or a few subcommands.
#pragma once

#include <span>

#include "cli/core/app.hpp"

namespace fleet::cli {

/// All of them, in the order in which `fleet --help` lists them.
[[nodiscard]] std::span<const AddCommands> all_commands();

// Doing work.
void add_run_command(Commands& commands);
void add_submit_command(Commands& commands);
void add_resume_command(Commands& commands);
void add_wait_command(Commands& commands);
void add_result_commands(Commands& commands);  // result, results
void add_bulk_commands(Commands& commands);    // cancel, requeue
void add_signal_command(Commands& commands);
void add_import_command(Commands& commands);

// Seeing.
void add_status_command(Commands& commands);
void add_ps_command(Commands& commands);
void add_show_command(Commands& commands);
void add_why_command(Commands& commands);
void add_logs_command(Commands& commands);
void add_registry_commands(Commands& commands);  // workers, hosts
void add_providers_command(Commands& commands);
void add_budget_command(Commands& commands);
void add_decisions_command(Commands& commands);
void add_errors_command(Commands& commands);
void add_batches_command(Commands& commands);
void add_top_command(Commands& commands);
void add_signals_command(Commands& commands);
void add_graph_command(Commands& commands);

// Running a fleet.
void add_scale_command(Commands& commands);
void add_apply_command(Commands& commands);
void add_pause_commands(Commands& commands);  // pause, unpause
void add_retire_command(Commands& commands);
void add_validate_command(Commands& commands);
void add_simulate_command(Commands& commands);

// Looking after it.
void add_check_command(Commands& commands);
void add_prune_command(Commands& commands);
void add_backup_command(Commands& commands);
void add_version_command(Commands& commands);
void add_completion_command(Commands& commands);

}  // namespace fleet::cli
