#include "common/pace/default_rules.hpp"

#include <utility>

namespace fleet::pace {

std::string provider_of(std::string_view name) {
    const auto slash = name.find('/');
    return slash == std::string_view::npos ? std::string() : std::string(name.substr(0, slash));
}

model::ProviderRules rules_for(const model::ProviderRules& rules, std::string name) {
    model::ProviderRules own = rules;
    own.name = std::move(name);
    return own;
}

bool takes_rules_of(const model::Provider& row, std::string_view provider) {
    return !row.configured && !provider.empty() && provider_of(row.rules.name) == provider;
}

bool holds_rules_only(const model::Provider& row) {
    return row.configured && row.pace.granted == 0 && row.rules.name.find('/') == std::string::npos;
}

}  // namespace fleet::pace
