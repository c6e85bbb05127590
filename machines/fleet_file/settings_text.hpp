// Pools, stages and providers as lists of named settings, so that two of them can be compared for
// people. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/model/pool.hpp"
#include "common/model/provider.hpp"

namespace fleet::fleet_file {

/// Name and value of each, in the order of the documentation; always the same names.
using SettingList = std::vector<std::pair<std::string, std::string>>;

/// Without its stages.
[[nodiscard]] SettingList settings_of(const model::PoolPolicy& policy);
[[nodiscard]] SettingList settings_of(const model::StagePolicy& stage);
[[nodiscard]] SettingList settings_of(const model::ProviderRules& rules);

}  // namespace fleet::fleet_file
