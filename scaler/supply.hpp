// The workers that a pool has now. Pure.
#pragma once

#include <string>

#include "scaler/policy.hpp"

namespace fleet::scaler {

struct Supply {
    int active = 0;
    int starting = 0;
    int retiring = 0;
    int slots = 0;  ///< of the active and starting ones
    int here = 0;   ///< active and starting on the own host
    [[nodiscard]] int workers() const { return active + starting; }
};

[[nodiscard]] Supply count_supply(const PoolView& pool, const PoolRules& rules,
                                  const std::string& own_host);

/// "1 worker", "4 workers".
[[nodiscard]] std::string workers_text(int count);

}  // namespace fleet::scaler
