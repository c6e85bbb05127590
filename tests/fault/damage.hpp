// Damage done to a database file by hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fleet::fault_test {

/// Turns the lowest bit of the byte at that place over.
void flip_bit(const std::filesystem::path& file, std::uint64_t at);
/// Turns bits over in the page's own header, so that it is no page of a tree any more.
void damage_page(const std::filesystem::path& file, std::uint32_t page);

/// Numbers of the leaf pages of a table, in the order of its rows.
[[nodiscard]] std::vector<std::uint32_t> leaf_pages(const std::filesystem::path& file,
                                                    const std::string& table);
/// Everything that was committed into the write-ahead log goes into the file itself.
void move_log_into_database(const std::filesystem::path& file);

}  // namespace fleet::fault_test
