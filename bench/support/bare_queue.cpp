#include "bench/support/bare_queue.hpp"

#include <vector>

#include "bench/support/bare_connection.hpp"

namespace fleet::bench {

void create_bare_queue(const std::filesystem::path& file) {
    BareConnection bare{file, Sync::normal};
    bare.run(
        "CREATE TABLE job (seq INTEGER PRIMARY KEY, status INTEGER NOT NULL, token INTEGER NOT "
        "NULL, owner INTEGER, created INTEGER, started INTEGER, finished INTEGER, input TEXT, "
        "output TEXT)");
    bare.run("CREATE INDEX job_pending ON job (seq) WHERE status = 0");
}

void bare_push(const std::filesystem::path& file, std::int64_t items, std::int64_t batch,
               Sync sync) {
    BareConnection bare{file, sync};
    auto* const insert = bare.prepare(
        "INSERT INTO job (status, token, created, input) VALUES (0, 0, 1800000000000, "
        "'{\"item\":\"0123456789\"}')");
    for (std::int64_t done = 0; done < items; done += batch) {
        bare.run("BEGIN IMMEDIATE");
        for (std::int64_t i = 0; i < batch && done + i < items; ++i) {
            sqlite3_step(insert);
            sqlite3_reset(insert);
        }
        bare.run("COMMIT");
    }
}

std::int64_t bare_drain(const std::filesystem::path& file, std::int64_t batch, Sync sync) {
    struct Claim {
        std::int64_t seq;
        std::int64_t token;
    };
    BareConnection bare{file, sync};
    auto* const claim = bare.prepare(
        "UPDATE job SET status = 1, token = token + 1, owner = 7, started = 1800000000000 "
        "WHERE seq IN (SELECT seq FROM job WHERE status = 0 ORDER BY seq LIMIT ?1) "
        "RETURNING seq, token");
    auto* const complete = bare.prepare(
        "UPDATE job SET status = 3, owner = NULL, finished = 1800000000000, output = 'null' "
        "WHERE seq = ?1 AND token = ?2 AND status = 1");
    std::int64_t total = 0;
    std::vector<Claim> claims;
    do {
        claims.clear();
        bare.run("BEGIN IMMEDIATE");
        sqlite3_bind_int64(claim, 1, batch);
        while (sqlite3_step(claim) == SQLITE_ROW) {
            claims.push_back({sqlite3_column_int64(claim, 0), sqlite3_column_int64(claim, 1)});
        }
        sqlite3_reset(claim);
        bare.run("COMMIT");
        bare.run("BEGIN IMMEDIATE");
        for (const auto& one : claims) {
            sqlite3_bind_int64(complete, 1, one.seq);
            sqlite3_bind_int64(complete, 2, one.token);
            sqlite3_step(complete);
            sqlite3_reset(complete);
        }
        bare.run("COMMIT");
        total += static_cast<std::int64_t>(claims.size());
    } while (!claims.empty());
    return total;
}

}  // namespace fleet::bench
