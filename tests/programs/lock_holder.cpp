// Stops itself inside a write transaction of a store, as a debugger, Ctrl-Z or `kill -STOP` might.
//
//   lock_holder DATABASE NAME stop     SIGSTOP inside the transaction, under the name NAME
//   lock_holder DATABASE NAME later    the same, and a first SIGSTOP before the transaction
//   lock_holder DATABASE NAME tstp     Ctrl-Z inside a transaction that is made as the store does
//
// Continued, it ends the transaction and exits with 0.
#include <csignal>
#include <cstdio>
#include <string>

#include <sqlite3.h>
#include <sys/prctl.h>

#include "common/store/sqlite/stop_delay.hpp"

namespace {

int run(sqlite3* db, const char* sql) {
    const int code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        std::fprintf(stderr, "lock_holder: %s: %s\n", sql, sqlite3_errmsg(db));
    }
    return code;
}

int hold(sqlite3* db, const std::string& how) {
    if (run(db, "BEGIN IMMEDIATE") != SQLITE_OK ||
        run(db, "INSERT INTO meta VALUES ('lock_holder', 'was here')") != SQLITE_OK) {
        return 1;
    }
    ::raise(how == "tstp" ? SIGTSTP : SIGSTOP);
    return run(db, "COMMIT") == SQLITE_OK ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        return 2;
    }
    ::prctl(PR_SET_NAME, argv[2]);
    sqlite3* db = nullptr;
    if (sqlite3_open(argv[1], &db) != SQLITE_OK) {
        return 1;
    }
    int status = 1;
    if (std::string{argv[3]} == "tstp") {
        const fleet::store::sqlite::StopDelay delay;
        status = hold(db, "tstp");
    } else {
        if (std::string{argv[3]} == "later") {
            ::raise(SIGSTOP);
        }
        status = hold(db, "stop");
    }
    sqlite3_close(db);
    return status;
}
