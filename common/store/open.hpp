// The one place that knows which implementation a URL means.
#pragma once

#include <memory>

#include "common/base/clock.hpp"
#include "common/base/store_url.hpp"
#include "common/contracts/store.hpp"

namespace fleet::store {

enum class Missing {
    create,  ///< make the store (and its folder) if it is not there
    refuse,  ///< ConfigError if it is not there
};

/// Opens, migrating forward if needed. `clock` must outlive the store. Errors: ConfigError for a
/// URL that names nothing usable (folder missing, not writable), StoreError corrupt (not a
/// database, a damaged one), too_new (written by a newer program), unavailable.
[[nodiscard]] std::unique_ptr<contracts::Store> open_store(const base::StoreUrl& url,
                                                           const base::Clock& clock,
                                                           Missing missing = Missing::create);

}  // namespace fleet::store
