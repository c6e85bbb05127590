// Which provider the executions of a stage call. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/model/pool.hpp"
#include "common/model/usage.hpp"

namespace fleet::scaler {

struct StageNeed {
    std::string stage;
    std::string provider;
    bool configured = false;  ///< else learned from the day's calls
    bool operator==(const StageNeed&) const = default;
};

/// One for each stage with a known provider, by stage. What a person configured wins; other stages
/// need the provider that got the most of their calls (the first by name among equals).
/// `unnamed_counts`: whether calls without a stage's name say anything about this pool's stage
/// without a name; they do not when other pools may have made them.
[[nodiscard]] std::vector<StageNeed> stage_needs(std::span<const model::StagePolicy> configured,
                                                 std::span<const model::UsageRecord> daily,
                                                 bool unnamed_counts);

/// What was known before stays for stages of which nothing is known now: a new day has no calls.
void keep_known(std::vector<StageNeed>& needs, const std::vector<StageNeed>& before);

}  // namespace fleet::scaler
