// How a worker enters the store's registry and leaves it.
#pragma once

#include <string>

#include "common/base/clock.hpp"
#include "common/contracts/store.hpp"
#include "worker/options.hpp"

namespace fleet::worker {

/// This process as a registration. Its owner id is also the mark that its commands carry. Throws
/// base::StoreError internal if /proc cannot be read.
[[nodiscard]] model::WorkerRecord own_record(const WorkerOptions& options, const base::Clock& clock,
                                             base::StoreTime now);

/// Throws base::ConfigError if the pool or the batch is not there (the nearest pool is named), the
/// batch is in another pool, or the registration is refused (with the store's reason).
void enter(contracts::Store& store, const model::WorkerRecord& record);

}  // namespace fleet::worker
