// How a refused seat is explained. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace fleet::contracts {

/// "pool default has 4 of 4 workers".
[[nodiscard]] std::string full_pool_text(const std::string& pool, std::int64_t taken, int maximum);
/// "the fleet has 9 of 9 workers in all its pools together".
[[nodiscard]] std::string full_fleet_text(std::int64_t taken, int maximum);

}  // namespace fleet::contracts
