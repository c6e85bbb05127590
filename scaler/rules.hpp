// From a pool's stored policy and what the command line says to rules without open questions. Pure.
#pragma once

#include <optional>

#include "common/model/pool.hpp"
#include "scaler/policy.hpp"

namespace fleet::scaler {

/// What the scaler's options say; unset: the pool's own policy counts.
struct RuleOverrides {
    std::optional<int> min_workers;
    std::optional<int> max_workers;
    std::optional<int> slots_per_worker;
    std::optional<int> exact_workers;
    bool batch_mode = false;
    base::Millis grace{30'000};
};

/// Workers with nothing else said have so many slots.
inline constexpr int kDefaultSlots = 4;

/// `runs_commands`: each slot will keep a core busy, so that slots x workers stay within `cores`.
[[nodiscard]] PoolRules resolve_rules(const model::PoolPolicy& policy,
                                      const RuleOverrides& overrides, int cores,
                                      bool runs_commands);

}  // namespace fleet::scaler
