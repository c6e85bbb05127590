// Looks for damage in the write-ahead log that processes which were killed have left behind.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace fleet::store::sqlite {

/// SQLite takes the first bad checksum in the log for its end and drops, without a word, what was
/// committed behind it. How far the log went is in the shared-memory file, as long as the machine
/// has not been started anew; this compares the two before anybody uses the log.
///
/// What is wrong with the log of `file`, else nullopt; nullopt also when it cannot be known (no
/// log, another process has the store open, another boot). Only before this process has a
/// connection to the file.
[[nodiscard]] std::optional<std::string> find_log_damage(const std::filesystem::path& file);

}  // namespace fleet::store::sqlite
