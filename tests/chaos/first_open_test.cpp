// Several commands that begin a new store at the same moment.
#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/fleet_box.hpp"

using namespace fleet::test_support;
using std::chrono::seconds;

TEST_CASE("of commands that begin a new store at the same time none fails") {
    constexpr std::size_t kCommands = 8;
    for (int round = 0; round < 40; ++round) {
        const FleetBox box;
        std::vector<std::unique_ptr<ChildProgram>> commands;
        for (std::size_t i = 0; i < kCommands; ++i) {
            commands.push_back(
                std::make_unique<ChildProgram>(box.program({"submit", "builtin:noop"})));
        }
        for (const auto& command : commands) {
            const auto end = command->wait(seconds(60));
            INFO(command->err());
            REQUIRE(end);
            REQUIRE(end->exit_code == 0);
        }
        REQUIRE(box.executions() == kCommands);
    }
}
