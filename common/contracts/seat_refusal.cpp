#include "common/contracts/seat_refusal.hpp"

namespace fleet::contracts {

std::string full_pool_text(const std::string& pool, std::int64_t taken, int maximum) {
    return "pool " + pool + " has " + std::to_string(taken) + " of " + std::to_string(maximum) +
           " workers";
}

std::string full_fleet_text(std::int64_t taken, int maximum) {
    return "the fleet has " + std::to_string(taken) + " of " + std::to_string(maximum) +
           " workers in all its pools together";
}

}  // namespace fleet::contracts
