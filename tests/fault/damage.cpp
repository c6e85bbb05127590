#include "tests/fault/damage.hpp"

#include <fstream>
#include <memory>

#include <catch2/catch.hpp>
#include <sqlite3.h>

namespace fleet::fault_test {
namespace {

constexpr std::uint64_t kPageBytes = 4096;

using Database = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;

Database open(const std::filesystem::path& file) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
    sqlite3_busy_timeout(database, 10'000);
    return {database, &sqlite3_close};
}

}  // namespace

void flip_bit(const std::filesystem::path& file, std::uint64_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const int byte = stream.get();
    REQUIRE(byte != std::fstream::traits_type::eof());
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(static_cast<unsigned>(byte) ^ 1U));
    REQUIRE(stream.good());
}

void damage_page(const std::filesystem::path& file, std::uint32_t page) {
    for (std::uint64_t at = 0; at < 8; ++at) {
        flip_bit(file, (page - 1) * kPageBytes + at);
    }
}

std::vector<std::uint32_t> leaf_pages(const std::filesystem::path& file, const std::string& table) {
    const Database database = open(file);
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_prepare_v2(database.get(),
                               "SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype = 'leaf' "
                               "ORDER BY path",
                               -1, &statement, nullptr) == SQLITE_OK);
    sqlite3_bind_text(statement, 1, table.c_str(), -1, SQLITE_STATIC);
    std::vector<std::uint32_t> pages;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        pages.push_back(static_cast<std::uint32_t>(sqlite3_column_int64(statement, 0)));
    }
    sqlite3_finalize(statement);
    return pages;
}

void move_log_into_database(const std::filesystem::path& file) {
    const Database database = open(file);
    // A connection that has not looked yet does not know that there is a log.
    REQUIRE(sqlite3_exec(database.get(), "SELECT count(*) FROM sqlite_schema", nullptr, nullptr,
                         nullptr) == SQLITE_OK);
    int frames = -1;
    int moved = -1;
    REQUIRE(sqlite3_wal_checkpoint_v2(database.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, &frames,
                                      &moved) == SQLITE_OK);
    REQUIRE(frames == 0);  // the log is empty now, and was there
}

}  // namespace fleet::fault_test
