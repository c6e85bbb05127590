// A provider's row as JSON text, for stores that keep it so. Unknown keys are ignored, absent ones
// have their defaults, so that an older program reads what a newer one wrote.
#pragma once

#include <string>
#include <string_view>

#include "common/model/provider.hpp"

namespace fleet::pace {

/// All but the rules' name, which is the row's key.
[[nodiscard]] std::string rules_to_json(const model::ProviderRules& rules);
/// Throws base::ConfigError.
[[nodiscard]] model::ProviderRules rules_from_json(const std::string& name, std::string_view text);
/// All but the rules.
[[nodiscard]] std::string state_to_json(const model::Provider& row);
void state_from_json(model::Provider& row, std::string_view text);

}  // namespace fleet::pace
