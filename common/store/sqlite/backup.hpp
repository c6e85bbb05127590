// A consistent copy of the store while it is in use.
#pragma once

#include <filesystem>

#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

/// `file` must not exist (ConfigError); it appears whole, synced and checked, or not at all. The
/// large results that the copy refers to are copied to its own data folder.
void backup_store(Database& database, const std::filesystem::path& file);

}  // namespace fleet::store::sqlite
