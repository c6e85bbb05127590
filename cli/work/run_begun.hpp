// `fleet run --resume-only`: ends what was begun in a pool and begins nothing new. Only for the
// .cpp files of this folder.
#pragma once

#include <string>

#include "cli/core/context.hpp"
#include "cli/core/interrupts.hpp"
#include "cli/work/run_options.hpp"

namespace fleet::cli {

/// One batch after the other, the oldest first, then what the pool's workers share; each has its
/// own summary. Returns the exit code of `fleet run`. Throws base::Error.
[[nodiscard]] int run_begun(CommandContext& context, Interrupts& interrupts,
                            const std::string& pool, const RunOptions& options);

}  // namespace fleet::cli
