#include "machines/family/sqlite_file.hpp"

#include <sqlite3.h>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"

namespace fleet::family {
namespace {

using base::StoreError;

constexpr int kBusyTimeoutMs = 10'000;

StoreError::Kind kind_of(int code) {
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return StoreError::Kind::busy;
        case SQLITE_FULL:
            return StoreError::Kind::full;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return StoreError::Kind::corrupt;
        case SQLITE_CANTOPEN:
        case SQLITE_IOERR:
        case SQLITE_READONLY:
            return StoreError::Kind::unavailable;
        default:
            return StoreError::Kind::internal;
    }
}

[[noreturn]] void fail(sqlite3* database, const std::string& doing) {
    throw StoreError(kind_of(sqlite3_errcode(database)), doing + ": " + sqlite3_errmsg(database));
}

}  // namespace

SqliteQuery::SqliteQuery(sqlite3* database, const char* sql) : database_(database) {
    if (sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr) != SQLITE_OK) {
        fail(database, std::string("preparing `") + sql + "`");
    }
}

SqliteQuery::~SqliteQuery() {
    sqlite3_finalize(statement_);
}

SqliteQuery& SqliteQuery::bind(int index, std::string_view text) {
    if (sqlite3_bind_text64(statement_, index, text.data(), text.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8) != SQLITE_OK) {
        fail(database_, "binding a text");
    }
    return *this;
}

SqliteQuery& SqliteQuery::bind_blob(int index, std::string_view bytes) {
    if (sqlite3_bind_blob64(statement_, index, bytes.data(), bytes.size(), SQLITE_TRANSIENT) !=
        SQLITE_OK) {
        fail(database_, "binding bytes");
    }
    return *this;
}

SqliteQuery& SqliteQuery::bind_text_or_null(int index, std::string_view text) {
    return text.empty() ? *this : bind(index, text);
}

bool SqliteQuery::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code != SQLITE_DONE) {
        fail(database_, std::string("running `") + sqlite3_sql(statement_) + "`");
    }
    return false;
}

std::string SqliteQuery::text(int column) const {
    const void* const data = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return size == 0 ? std::string{} : std::string(static_cast<const char*>(data), size);
}

SqliteFile::SqliteFile(const std::filesystem::path& file, const char* schema) {
    const int code = sqlite3_open_v2(
        file.c_str(), &database_,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
    try {
        if (code != SQLITE_OK) {
            fail(database_, "opening " + file.string());
        }
        sqlite3_busy_timeout(database_, kBusyTimeoutMs);
        execute("PRAGMA journal_mode = WAL");
        execute("PRAGMA synchronous = NORMAL");
        execute(schema);
    } catch (...) {
        sqlite3_close(database_);
        throw;
    }
}

SqliteFile::SqliteFile(const std::filesystem::path& file) {
    const int code = sqlite3_open_v2(file.c_str(), &database_,
                                     SQLITE_OPEN_READONLY | SQLITE_OPEN_FULLMUTEX, nullptr);
    try {
        if (code != SQLITE_OK) {
            fail(database_, "opening " + file.string());
        }
        sqlite3_busy_timeout(database_, kBusyTimeoutMs);
        SqliteQuery(database_, "SELECT count(*) FROM sqlite_schema").step();
    } catch (...) {
        sqlite3_close(database_);
        throw;
    }
}

SqliteFile::~SqliteFile() {
    sqlite3_close(database_);
}

void SqliteFile::execute(const char* sql) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        fail(database_, std::string("running `") + sql + "`");
    }
}

SqliteWrite::SqliteWrite(SqliteFile& file) : file_(file) {
    file_.execute("BEGIN IMMEDIATE");
}

SqliteWrite::~SqliteWrite() {
    if (open_) {
        // Nothing is kept either way: an error here has no other consequence.
        sqlite3_exec(file_.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

void SqliteWrite::commit() {
    file_.execute("COMMIT");
    open_ = false;
}

std::string now_text() {
    return base::iso8601(base::SystemClock{}.wall_now());
}

}  // namespace fleet::family
