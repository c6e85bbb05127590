// Removes history in bounded batches.
#pragma once

#include "common/contracts/store.hpp"
#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

[[nodiscard]] contracts::PruneResult prune_store(Database& database,
                                                 const contracts::PruneRequest& request);

}  // namespace fleet::store::sqlite
