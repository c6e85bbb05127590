#include "cli/commands.hpp"

#include <array>

namespace fleet::cli {
namespace {

constexpr std::array<AddCommands, 33> kCommands{
    add_run_command,        add_submit_command,    add_resume_command,    add_wait_command,
    add_result_commands,    add_bulk_commands,     add_signal_command,    add_import_command,
    add_status_command,     add_ps_command,        add_show_command,      add_why_command,
    add_logs_command,       add_registry_commands, add_providers_command, add_budget_command,
    add_decisions_command,  add_errors_command,    add_batches_command,   add_top_command,
    add_signals_command,    add_graph_command,     add_scale_command,     add_apply_command,
    add_pause_commands,     add_retire_command,    add_validate_command,  add_simulate_command,
    add_check_command,      add_prune_command,     add_backup_command,    add_version_command,
    add_completion_command,
};

}  // namespace

std::span<const AddCommands> all_commands() {
    return kCommands;
}

}  // namespace fleet::cli
