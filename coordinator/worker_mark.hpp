// What the commands of a worker carry in their environment as FLEET_PROCESS_MARK.
#pragma once

#include <string>

#include "common/base/json_text.hpp"

namespace fleet::coordinator {

/// The member `process_mark` of the registration's metadata, else the worker's id.
[[nodiscard]] std::string worker_mark(const std::string& worker_id, const base::JsonText& metadata);

}  // namespace fleet::coordinator
