// A connection to SQLite without anything of ours, for raw limits: WAL mode and the pragmas that
// the store uses as well. For one thread.
#pragma once

#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "bench/support/bare_queue.hpp"

namespace fleet::bench {

class BareConnection {
  public:
    BareConnection(const std::filesystem::path& file, Sync sync) {
        check(sqlite3_open_v2(file.c_str(), &db_,
                              SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                              nullptr));
        sqlite3_busy_handler(
            db_,
            [](void*, int) {
                const timespec pause{0, 300'000};
                nanosleep(&pause, nullptr);
                return 1;
            },
            nullptr);
        run("PRAGMA journal_mode = WAL");
        run(sync == Sync::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
        run("PRAGMA wal_autocheckpoint = 4000");
        run("PRAGMA cache_size = -8192");
    }
    BareConnection(const BareConnection&) = delete;
    BareConnection& operator=(const BareConnection&) = delete;
    ~BareConnection() {
        for (auto* const statement : statements_) {
            sqlite3_finalize(statement);
        }
        sqlite3_close(db_);
    }

    void run(const char* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
    sqlite3_stmt* prepare(const char* sql) {
        sqlite3_stmt* statement = nullptr;
        check(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
        statements_.push_back(statement);
        return statement;
    }
    void check(int code) const {
        if (code != SQLITE_OK) {
            throw std::runtime_error(std::string{"bare queue: "} + sqlite3_errmsg(db_));
        }
    }

  private:
    sqlite3* db_ = nullptr;
    std::vector<sqlite3_stmt*> statements_;
};

}  // namespace fleet::bench
