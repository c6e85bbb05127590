// The embedded store: one SQLite file in WAL mode and a data folder beside it.
#pragma once

#include <memory>

#include "common/base/clock.hpp"
#include "common/base/store_url.hpp"
#include "common/contracts/store.hpp"

namespace fleet::store::sqlite {

/// Opens (creating or migrating as needed). `clock` must outlive the store. Errors as open_store.
[[nodiscard]] std::unique_ptr<contracts::Store> make_sqlite_store(const base::StoreUrl& url,
                                                                  const base::Clock& clock,
                                                                  bool create);

}  // namespace fleet::store::sqlite
