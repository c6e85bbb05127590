// Attempts as `fleet show` and `fleet why` print them.
#pragma once

#include <string>
#include <vector>

#include "cli/core/terminal.hpp"
#include "common/base/time.hpp"
#include "common/model/execution.hpp"

namespace fleet::cli {

/// `running`: it has not ended. The end, the figures, the log paths and the last words of standard
/// error, indented by two.
[[nodiscard]] std::vector<std::string> attempt_lines(const model::Attempt& attempt, bool running,
                                                     base::StoreTime now, const Terminal& terminal);

}  // namespace fleet::cli
