#include "bench/support/bare_relay.hpp"

#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>
#include <vector>

#include "bench/support/bare_connection.hpp"
#include "bench/support/measure.hpp"
#include "bench/support/own_process.hpp"
#include "bench/support/start_marks.hpp"

namespace fleet::bench {

int bare_relay_claimer(const std::filesystem::path& database, const std::filesystem::path& fifo,
                       const std::filesystem::path& bell) {
    BareConnection bare{database, Sync::normal};
    auto* const claim = bare.prepare(
        "UPDATE job SET status = 1, token = token + 1, owner = 7, started = 1800000000000 "
        "WHERE seq IN (SELECT seq FROM job WHERE status = 0 ORDER BY seq LIMIT 1) "
        "RETURNING seq, token");
    const base::UniqueFd marks(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
    const base::UniqueFd rings(::open(bell.c_str(), O_RDWR | O_CLOEXEC));
    char ring = 0;
    while (::read(rings.get(), &ring, 1) == 1) {
        bare.run("BEGIN IMMEDIATE");
        while (sqlite3_step(claim) == SQLITE_ROW) {
        }
        sqlite3_reset(claim);
        bare.run("COMMIT");
        StartMark mark;
        mark.boot_ns = boot_ns();
        if (::write(marks.get(), &mark, sizeof mark) != static_cast<ssize_t>(sizeof mark)) {
            return 1;
        }
    }
    return 0;
}

struct BareRelay::Parts {
    Parts(const std::filesystem::path& folder, const std::string& self)
        : database(created(folder / "relay.db")),
          connection(database, Sync::normal),
          insert(connection.prepare(
              "INSERT INTO job (status, token, created, input) VALUES (0, 0, 1800000000000, "
              "'{\"item\":\"0123456789\"}')")),
          marks(folder / "relay.marks"),
          bell_marks(folder / "relay.bell"),
          bell(::open(bell_marks.path().c_str(), O_WRONLY | O_CLOEXEC)),
          claimer({self, "--bare-relay", database.string(), marks.path(), bell_marks.path()}) {}

    static std::filesystem::path created(const std::filesystem::path& file) {
        create_bare_queue(file);
        return file;
    }

    std::filesystem::path database;
    BareConnection connection;
    sqlite3_stmt* insert;
    StartMarks marks;
    StartMarks bell_marks;  ///< only makes the FIFO and keeps it open
    base::UniqueFd bell;
    OwnProcess claimer;
};

BareRelay::BareRelay(const std::filesystem::path& folder, const std::string& self)
    : parts_(std::make_unique<Parts>(folder, self)) {
    (void)once();  // its start is not measured
}

BareRelay::~BareRelay() = default;

double BareRelay::once() {
    const auto start = boot_ns();
    parts_->connection.run("BEGIN IMMEDIATE");
    sqlite3_step(parts_->insert);
    sqlite3_reset(parts_->insert);
    parts_->connection.run("COMMIT");
    if (::write(parts_->bell.get(), "!", 1) != 1) {
        throw std::runtime_error("the bare relay's bell cannot be rung");
    }
    return milliseconds(start, parts_->marks.next("the bare relay's claim").boot_ns);
}

}  // namespace fleet::bench
