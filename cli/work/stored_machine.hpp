// A machine file that work is submitted for: read, checked, and kept in the store, with the hooks
// that stand beside it, under the hash of its content.
#pragma once

#include <string>

#include "cli/core/context.hpp"
#include "common/model/snapshot.hpp"

namespace fleet::cli {

struct StoredMachine {
    model::StoredConfig config;
    std::string folder;  ///< absolute, of the file
    std::string stage;   ///< of the first state; empty: none
    int stage_rank = 0;
};

/// Whether it is the name of a file, not of a built-in machine.
[[nodiscard]] bool names_machine_file(const std::string& machine);

/// Warnings go to the context's errors, one line each. Throws ConfigError when the machine cannot
/// be started, after all that is wrong was printed.
[[nodiscard]] StoredMachine read_machine_file(CommandContext& context, const std::string& file);

}  // namespace fleet::cli
