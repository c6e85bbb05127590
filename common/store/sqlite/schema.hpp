// The tables, versioned: numbered, immutable migrations, applied on open under the write lock.
#pragma once

#include <filesystem>

#include "common/base/store_url.hpp"

namespace fleet::store::sqlite {

inline constexpr int kSchemaVersion = 3;

/// Creates the file with the current schema, or migrates it forward. Before the first connection
/// the header and the file system are looked at (never afterwards: closing a descriptor would drop
/// this process's locks). Throws ConfigError (folder missing, not writable, network file system) or
/// StoreError corrupt / too_new, each naming the file and what to do.
void prepare_file(const base::StoreUrl& url, bool create);

}  // namespace fleet::store::sqlite
