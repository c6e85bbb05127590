// The raw limit of a queue on this machine: the same row changes as ours in one table with one
// partial index of the pending, written straight against the SQLite library. One UPDATE ...
// RETURNING claims, an UPDATE by token completes.
#pragma once

#include <cstdint>
#include <filesystem>

namespace fleet::bench {

enum class Sync { normal, full };

/// Makes the file and its table.
void create_bare_queue(const std::filesystem::path& file);
/// Inserts `items` rows in transactions of `batch`.
void bare_push(const std::filesystem::path& file, std::int64_t items, std::int64_t batch,
               Sync sync);
/// Claims and completes in batches until nothing is pending; returns how many items it did.
std::int64_t bare_drain(const std::filesystem::path& file, std::int64_t batch, Sync sync);

}  // namespace fleet::bench
