// Workers that nobody looks after any more: they bring their batch to its end, and then they go.
#include <algorithm>
#include <csignal>

#include <catch2/catch.hpp>

#include "tests/chaos/box_processes.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet;
using namespace fleet::test_support;
using std::chrono::seconds;

namespace {

std::size_t count(const FleetBox& box, const std::string& status) {
    return lines_of(box.fleet({"results", "--batch", "b", "--status", status}).out).size();
}

}  // namespace

TEST_CASE("after kill -9 of fleet run and its scaler the workers finish the batch and leave") {
    const FleetBox box;
    const chaos::BoxProcesses processes(box.path("").string());
    box.write("items.txt", "1\n2\n3\n4\n");
    Program program = box.program({"run", "--items", "items.txt", "--batch", "b", "--workers", "2",
                                   "--slots", "1", "--", "sleep", "1.{}"});
    program.environment.push_back(processes.variable());
    ChildProgram run(program);
    REQUIRE(wait_until([&] { return count(box, "running") == 2; }, seconds(30)));
    // The scaler first: it would tell the workers to retire when its parent is gone.
    for (const chaos::Role role : {chaos::Role::scaler, chaos::Role::fleet}) {
        const auto living = processes.list();
        const auto found =
            std::find_if(living.begin(), living.end(),
                         [role](const chaos::BoxProcess& one) { return one.role == role; });
        if (found != living.end()) {
            chaos::kill_process(*found);
        }
    }
    REQUIRE(run.wait(seconds(10)));
    REQUIRE(wait_until([&] { return count(box, "done") == 4; }, seconds(30)));
    const bool left = wait_until([&] { return processes.list().empty(); }, seconds(30));
    for (const chaos::BoxProcess& one : processes.list()) {
        UNSCOPED_INFO("left: " << chaos::describe(one));
    }
    CHECK(left);
}
