// Who waits on which channel.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "common/contracts/store.hpp"

namespace fleet::cli {

/// Channels with their waiting executions, children included. Reads page by page: what changes
/// meanwhile may be counted or not.
[[nodiscard]] std::map<std::string, std::size_t> waiters_by_channel(contracts::Store& store);

}  // namespace fleet::cli
