// Providers as `fleet providers`, `fleet status` and `fleet top` print them. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/core/output.hpp"
#include "cli/view/provider_row.hpp"
#include "cli/view/record.hpp"

namespace fleet::cli {

/// One line each.
[[nodiscard]] Table provider_table(std::span<const ProviderRow> rows);
/// Names with their units; `provider` comes first.
[[nodiscard]] base::JsonText provider_json(const ProviderRow& row);
/// All that is known of one.
[[nodiscard]] Facts provider_facts(const ProviderRow& row);
/// One line each of those that were called within a minute or are waited for, at most five.
[[nodiscard]] std::vector<std::string> density_lines(std::span<const ProviderRow> rows);
/// What a person should do: circuits that only a person closes, budgets that are used up.
[[nodiscard]] std::vector<std::string> provider_hints(std::span<const ProviderRow> rows);

}  // namespace fleet::cli
