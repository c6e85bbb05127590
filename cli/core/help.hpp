// The pages that `--help` prints. Only for the .cpp files of this folder.
#pragma once

#include <string>

#include "cli/core/app.hpp"

namespace fleet::cli {

/// Of the root: the commands by group. Of a command: usage, description, options, examples, exit
/// codes.
[[nodiscard]] std::string help_page(const Commands& commands, const CLI::App& command);

}  // namespace fleet::cli
