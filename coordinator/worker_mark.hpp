// What the commands of a worker carry in their environment as FLEET_PROCESS_MARK.
#pragma once

#include <string>

#include "common/model/worker.hpp"

namespace fleet::coordinator {

/// The member `process_mark` of the registration's metadata, else the worker's owner word.
[[nodiscard]] std::string worker_mark(const model::WorkerRecord& worker);

}  // namespace fleet::coordinator
