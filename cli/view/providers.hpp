// Providers as the store has them now.
#pragma once

#include <string>
#include <vector>

#include "cli/core/context.hpp"
#include "cli/view/provider_row.hpp"
#include "common/contracts/store.hpp"

namespace fleet::cli {

/// Every known provider by name, or only the named one. Throws base::ConfigError: there is none of
/// that name, with the nearest known one.
[[nodiscard]] std::vector<ProviderRow> read_provider_rows(contracts::Store& store,
                                                          const base::Clock& clock,
                                                          const std::string& name = {});

}  // namespace fleet::cli
