// One connection to a SQLite file of the family: WAL, and 10 s of patience with other writers. Only
// for the sources of this folder. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace fleet::family {

/// A statement in use. Every call throws StoreError when SQLite refuses.
class SqliteQuery {
  public:
    SqliteQuery(sqlite3* database, const char* sql);
    SqliteQuery(const SqliteQuery&) = delete;
    SqliteQuery& operator=(const SqliteQuery&) = delete;
    ~SqliteQuery();

    /// Parameters are numbered from 1; the text is copied.
    SqliteQuery& bind(int index, std::string_view text);
    SqliteQuery& bind_blob(int index, std::string_view bytes);
    SqliteQuery& bind_text_or_null(int index, std::string_view text);
    /// True: a row is there. False: done.
    bool step();
    [[nodiscard]] std::string text(int column) const;

  private:
    sqlite3* database_;
    sqlite3_stmt* statement_ = nullptr;
};

class SqliteFile {
  public:
    /// Makes the file when there is none, then runs `schema` (CREATE ... IF NOT EXISTS).
    SqliteFile(const std::filesystem::path& file, const char* schema);
    /// An existing file, only to be read.
    explicit SqliteFile(const std::filesystem::path& file);
    SqliteFile(const SqliteFile&) = delete;
    SqliteFile& operator=(const SqliteFile&) = delete;
    ~SqliteFile();

    void execute(const char* sql);
    [[nodiscard]] sqlite3* raw() { return database_; }

  private:
    sqlite3* database_ = nullptr;
};

/// BEGIN IMMEDIATE to COMMIT; rolled back when it goes out of scope uncommitted.
class SqliteWrite {
  public:
    explicit SqliteWrite(SqliteFile& file);
    SqliteWrite(const SqliteWrite&) = delete;
    SqliteWrite& operator=(const SqliteWrite&) = delete;
    ~SqliteWrite();
    void commit();

  private:
    SqliteFile& file_;
    bool open_ = true;
};

/// Now, in the form in which the family writes times.
[[nodiscard]] std::string now_text();

}  // namespace fleet::family
