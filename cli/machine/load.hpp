// Loading the machine file that a command was given.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/core/context.hpp"
#include "machines/config/machine_bundle.hpp"

namespace fleet::cli {

/// The diagnostics are those of its agents as well.
struct LoadedFile {
    std::vector<config::Diagnostic> diagnostics;
    /// nullopt when the machine cannot be started.
    std::optional<config::MachineBundle> bundle;
    /// Something in a text, or in an agent, that would fail once the machine gets there.
    bool would_fail = false;
};

/// `file` as it was typed; files in messages are named from the current folder as well.
/// `builtin:NAME` is one of the fleet's own machines; throws base::ConfigError when there is none.
[[nodiscard]] LoadedFile load_machine_file(const CommandContext& context, const std::string& file);

/// The table of a `hooks.yml` in `folder`, in the form in which it is kept with a machine; nullopt
/// when there is none. What is to be said of it goes to the context's errors, a line each. Throws
/// base::ConfigError when it is wrong, after that.
[[nodiscard]] std::optional<config::Node> hooks_beside(CommandContext& context,
                                                       const std::filesystem::path& folder);

}  // namespace fleet::cli
