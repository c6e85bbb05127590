// A scaler that is killed while it hands back the work of a dead worker: in whatever step that is,
// its successor must still see what is left to do.
#include <csignal>

#include <catch2/catch.hpp>
#include <sqlite3.h>

#include "tests/chaos/box_processes.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet;
using namespace fleet::test_support;
using std::chrono::seconds;

namespace {

/// From now on no registration of this store becomes `lost`: the end of every hand-back fails.
void refuse_lost(const FleetBox& box) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(box.store().c_str(), &database) == SQLITE_OK);
    sqlite3_busy_timeout(database, 10'000);
    CHECK(sqlite3_exec(database,
                       "CREATE TRIGGER refuse_lost BEFORE UPDATE ON worker_registry "
                       "WHEN new.status = 'lost' BEGIN SELECT RAISE(ABORT, 'refused'); END",
                       nullptr, nullptr, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_close(database) == SQLITE_OK);
}

}  // namespace

TEST_CASE("work goes back before the registration of its dead worker is closed") {
    const FleetBox box;
    const chaos::BoxProcesses processes(box.path("").string());
    REQUIRE(box.fleet({"submit", "--batch", "b", "--", "sh", "-c", "echo x >> started; sleep 600"})
                .exit_code == 0);
    Program program = box.program({"--store", box.store().string(), "--max", "1"});
    program.argv.front() = (bin_dir() / "scaler").string();
    program.environment.push_back(processes.variable());
    ChildProgram scaler(program);
    REQUIRE(wait_until([&] { return lines_of(box.read("started")).size() == 1; }, seconds(30)));
    refuse_lost(box);
    for (const chaos::BoxProcess& one : processes.list()) {
        if (one.role == chaos::Role::worker) {
            REQUIRE(chaos::kill_process(one));
        }
    }
    // Well before its lease ends; no other worker may start, the dead one counts still.
    const bool is_back = wait_until(
        [&] {
            return lines_of(box.fleet({"results", "--batch", "b", "--status", "pending"}).out)
                       .size() == 1;
        },
        seconds(8));
    INFO(scaler.err());
    CHECK(is_back);
    scaler.kill(SIGTERM);
    scaler.kill(SIGTERM);
}
