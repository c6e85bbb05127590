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
/// `called_now`: calls of the day without a stage's name count for these providers only. Such calls
/// do not tell whose they were: today's work may be of another kind than this morning's.
[[nodiscard]] std::vector<StageNeed> stage_needs(std::span<const model::StagePolicy> configured,
                                                 std::span<const model::UsageRecord> daily,
                                                 std::span<const std::string> called_now);

/// What was known before stays for stages with a name of which nothing is known now: a new day has
/// no calls.
void keep_known(std::vector<StageNeed>& needs, const std::vector<StageNeed>& before);

}  // namespace fleet::scaler
