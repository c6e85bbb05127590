// What holds for a model that nobody has declared: the rules of its provider, where somebody has
// declared that. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/model/provider.hpp"

namespace fleet::pace {

/// "openai" of "openai/gpt-5"; empty for a name without a slash.
[[nodiscard]] std::string provider_of(std::string_view name);

/// `rules` of the provider as those of the row `name`: each of its models has a pace and a budget
/// of its own, by the same figures.
[[nodiscard]] model::ProviderRules rules_for(const model::ProviderRules& rules, std::string name);

/// Whether the row takes the rules of `provider`: it is one of its models, and nobody has declared
/// it by its own name.
[[nodiscard]] bool takes_rules_of(const model::Provider& row, std::string_view provider);

/// Whether the row is there for the rules of a provider's models alone: nobody calls it.
[[nodiscard]] bool holds_rules_only(const model::Provider& row);

}  // namespace fleet::pace
