#include <string>

#include <catch2/catch.hpp>
#include <sqlite3.h>
#include <sys/stat.h>

#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/wait_until.hpp"

namespace {

using namespace fleet;
using test_support::ChildProgram;
using test_support::FleetBox;

/// Copies the log back and empties it; false while somebody reads from it.
bool empty_the_log(const std::string& file) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    // A connection learns of the log when it first reads.
    REQUIRE(sqlite3_exec(db, "PRAGMA schema_version", nullptr, nullptr, nullptr) == SQLITE_OK);
    int frames = -1;
    const int code =
        sqlite3_wal_checkpoint_v2(db, nullptr, SQLITE_CHECKPOINT_TRUNCATE, &frames, nullptr);
    sqlite3_close(db);
    return code == SQLITE_OK && frames == 0;
}

TEST_CASE("results that nobody reads on do not keep the log from being emptied") {
    const FleetBox box;
    std::string items;
    for (int i = 0; i < 2'000; ++i) {
        items += std::to_string(i) + "\n";
    }
    box.write("items", items);
    REQUIRE(box.fleet({"run", "--quiet", "--items", "items", "builtin:echo"}).exit_code == 0);
    // Far more than a pipe takes: `fleet results` stands still in the middle of its output.
    auto program = box.program({});
    const auto fleet = (test_support::bin_dir() / "fleet").string();
    program.argv = {"/bin/sh", "-c",
                    "\"$0\" results | { read -r first; echo ready; read -r x <hold; }", fleet};
    REQUIRE(::mkfifo(box.path("hold").c_str(), 0600) == 0);
    ChildProgram reader(program);
    REQUIRE(test_support::wait_until([&] { return reader.out() == "ready\n"; }));
    // Something to be emptied.
    REQUIRE(box.fleet({"pause", "default"}).exit_code == 0);
    CHECK(test_support::wait_until([&] { return empty_the_log(box.store().string()); }));
    CHECK_FALSE(reader.wait(std::chrono::milliseconds{0}));
}

}  // namespace
