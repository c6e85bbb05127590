// Which execution a person means: what stands for ID on the command line.
#pragma once

#include <string>
#include <vector>

#include "common/contracts/store.hpp"
#include "common/model/execution.hpp"

namespace fleet::cli {

/// The forms of ID: a full id; its beginning (at least 8 hex digits, looked for among the newest
/// 10,000 executions); `last` (the newest execution); `BATCH#N` (item N of a batch). Throws
/// base::ConfigError saying which form did not match and how ids are found.
[[nodiscard]] model::ExecutionId resolve_id(contracts::Store& store, const std::string& typed);
[[nodiscard]] std::vector<model::ExecutionId> resolve_ids(contracts::Store& store,
                                                          const std::vector<std::string>& typed);
/// The same, with the execution itself.
[[nodiscard]] model::Execution find_execution(contracts::Store& store, const std::string& typed);

}  // namespace fleet::cli
