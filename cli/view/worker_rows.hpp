// The list of workers as `fleet workers` and `fleet top` show it.
#pragma once

#include <vector>

#include "cli/core/output.hpp"
#include "common/model/worker.hpp"

namespace fleet::cli {

/// Those that live first, then by start time, as they come.
[[nodiscard]] Table worker_table(std::vector<model::WorkerRecord> workers);

}  // namespace fleet::cli
