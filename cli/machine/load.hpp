// Loading the machine file that a command was given.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cli/core/context.hpp"
#include "machines/config/machine_bundle.hpp"

namespace fleet::cli {

/// `file` as it was typed; files in messages are named from the current folder as well.
/// `builtin:NAME` is one of the fleet's own machines; throws base::ConfigError when there is none.
[[nodiscard]] config::LoadResult load_machine_file(const CommandContext& context,
                                                   const std::string& file);

/// The table of a `hooks.yml` in `folder`, in the form in which it is kept with a machine; nullopt
/// when there is none. What is to be said of it goes to the context's errors, a line each. Throws
/// base::ConfigError when it is wrong, after that.
[[nodiscard]] std::optional<config::Node> hooks_beside(CommandContext& context,
                                                       const std::filesystem::path& folder);

}  // namespace fleet::cli
