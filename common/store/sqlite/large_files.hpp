// Very long values as content-addressed files, DATA/results/ab/<64 hex digits of BLAKE2b-256>.
//
// A file is written before the transaction that refers to it, and removed only when nothing refers
// to it and nobody touched it for an hour. Thread-safe, and safe between processes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/time.hpp"
#include "common/store/sqlite/connection.hpp"

namespace fleet::store::sqlite {

class Database;

/// Writes the value, unless it is there already, and returns the file's name relative to the data
/// folder. With durability=full it is on the disk when this returns. Throws StoreError full or
/// unavailable naming the file.
[[nodiscard]] std::string write_large_file(const Database& database, std::string_view data);
[[nodiscard]] std::string write_large_file(const std::filesystem::path& data_folder,
                                           Durability durability, std::string_view data);

/// Throws StoreError corrupt naming the file when it is missing or does not match its name.
[[nodiscard]] std::string read_large_file(const std::filesystem::path& data_folder,
                                          const std::string& name);

/// How long a file that nothing refers to is kept: a commit may be about to refer to it.
inline constexpr base::Millis kUnreferencedAge{3'600'000};

/// Removes files that nobody touched for kUnreferencedAge and that are not `referenced`, at most
/// `limit` of them; returns how many. Leftovers of writers that were killed are among them.
/// `referenced` is asked for old files only, and must know all references made before it is asked.
std::int64_t remove_unreferenced(const std::filesystem::path& data_folder, std::size_t limit,
                                 const std::function<bool(const std::string& name)>& referenced);

}  // namespace fleet::store::sqlite
