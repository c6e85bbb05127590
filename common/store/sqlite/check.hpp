// Looks for damage and leftovers.
#pragma once

#include <vector>

#include "common/contracts/store.hpp"
#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

/// Read-only. Reads the whole store once: seconds for millions of rows.
[[nodiscard]] std::vector<contracts::CheckFinding> check_store(Database& database);

}  // namespace fleet::store::sqlite
