// The built-in hooks `logging`: a line for everything that happens in a run.
#pragma once

#include <memory>

#include "common/base/logging.hpp"
#include "machines/calls/hooks.hpp"

namespace fleet::calls {

/// Lines name the execution, the machine and the state; contexts and outputs are not logged: they
/// may be large, and private. `level` is debug or info. `log` must outlive the hooks.
[[nodiscard]] std::unique_ptr<Hooks> make_logging_hooks(base::Log& log, base::LogLevel level);

}  // namespace fleet::calls
