// Inputs, outputs and snapshots: short ones in the hot row, longer ones in `payloads`, very long
// outputs in content-addressed files. A row with overflow pages would be rewritten whole by every
// claim and completion.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/store/sqlite/connection.hpp"

namespace fleet::store::sqlite {

enum class Payload { input = 1, output = 2, snapshot = 3 };

/// Up to this size a value stays in the row.
inline constexpr std::size_t kInlineBytes = 2'048;

/// Keeps a value, replacing what is there.
void put_payload(Connection& connection, std::int64_t seq, Payload kind, std::string_view data);
/// Keeps the reference to a content-addressed file, replacing what is there.
void put_payload_file(Connection& connection, std::int64_t seq, Payload kind,
                      const std::string& file);
/// Empty if there is none.
[[nodiscard]] std::string get_payload(Connection& connection,
                                      const std::filesystem::path& data_folder, std::int64_t seq,
                                      Payload kind);
void remove_payload(Connection& connection, std::int64_t seq, Payload kind);

}  // namespace fleet::store::sqlite
