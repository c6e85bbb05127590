// Pools, batches and providers that a person names: refused early, with the nearest known one.
#pragma once

#include <string>

#include "common/contracts/store.hpp"
#include "common/model/batch.hpp"
#include "common/model/pool.hpp"
#include "common/model/provider.hpp"

namespace fleet::cli {

/// Throws base::ConfigError: unknown pool, the nearest known one and how to see or make them.
model::PoolPolicy require_pool(contracts::Store& store, const std::string& name);
/// Throws base::ConfigError: unknown batch, the nearest of the newest 1,000.
model::Batch require_batch(contracts::Store& store, const std::string& name);
/// Throws base::ConfigError: unknown provider, the nearest known one.
model::Provider require_provider(contracts::Store& store, const std::string& name);

}  // namespace fleet::cli
