// Loading the machine file that a command was given.
#pragma once

#include <string>

#include "cli/core/context.hpp"
#include "machines/config/machine_bundle.hpp"

namespace fleet::cli {

/// `file` as it was typed; files in messages are named from the current folder as well.
/// `builtin:NAME` is one of the fleet's own machines; throws base::ConfigError when there is none.
[[nodiscard]] config::LoadResult load_machine_file(const CommandContext& context,
                                                   const std::string& file);

}  // namespace fleet::cli
