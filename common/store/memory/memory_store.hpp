// The `memory:` store: everything in this process's memory, gone when it is destroyed. It keeps
// every promise of the contracts that one process can see; tests and trials use it.
#pragma once

#include <memory>

#include "common/base/clock.hpp"
#include "common/base/store_url.hpp"
#include "common/contracts/store.hpp"

namespace fleet::store::memory {

/// `clock` must outlive the store.
[[nodiscard]] std::unique_ptr<contracts::Store> make_memory_store(const base::StoreUrl& url,
                                                                  const base::Clock& clock);

}  // namespace fleet::store::memory
