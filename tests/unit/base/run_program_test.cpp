// The support that other tests rely on.
#include "tests/support/run_program.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/wait_until.hpp"

using fleet::test_support::ChildProgram;
using fleet::test_support::run_program;
using fleet::test_support::TemporaryFolder;
using fleet::test_support::wait_until;
using namespace std::chrono_literals;

TEST_CASE("a program's input, outputs, environment, folder and exit code are its own") {
    const TemporaryFolder folder;
    const auto result = run_program({
        .argv = {"sh", "-c", "cat; pwd; echo \"$NAME\" >&2; exit 7"},
        .environment = {{"NAME", "value"}},
        .stdin_text = "text\n",
        .directory = folder.path(),
    });
    CHECK(result.out == "text\n" + folder.path().string() + "\n");
    CHECK(result.err == "value\n");
    CHECK(result.exit_code == 7);
    CHECK_FALSE(result.signal);
    CHECK_FALSE(result.timed_out);
}

TEST_CASE("a program is killed at its deadline with what it wrote kept") {
    const auto result = run_program({.argv = {"sh", "-c", "echo started; exec sleep 100"}}, 200ms);
    CHECK(result.timed_out);
    CHECK(result.signal == SIGKILL);
    CHECK(result.out == "started\n");
}

TEST_CASE("a running program can be signalled and is killed with its group at the end") {
    pid_t pid = 0;
    {
        ChildProgram child({.argv = {"sh", "-c", "sleep 100 & echo $!; wait"}});
        REQUIRE(wait_until([&] { return child.out().ends_with('\n'); }));
        pid = std::stoi(child.out());
        CHECK_FALSE(child.wait(0ms));
        child.kill(SIGTERM);
        const auto end = child.wait(10s);
        REQUIRE(end);
        CHECK(end->signal == SIGTERM);
        ::kill(pid, SIGKILL);
    }
    {
        ChildProgram child({.argv = {"sh", "-c", "sleep 100 & echo $!; wait"}});
        REQUIRE(wait_until([&] { return child.out().ends_with('\n'); }));
        pid = std::stoi(child.out());
    }
    // The grandchild is reaped by whoever inherits it; until then it is a zombie.
    CHECK(wait_until([&] {
        const std::filesystem::path stat = "/proc/" + std::to_string(pid) + "/stat";
        std::ifstream stream(stat);
        std::string number;
        std::string name;
        std::string state;
        return !(stream >> number >> name >> state) || state == "Z";
    }));
}

TEST_CASE("a program that does not exist cannot be started") {
    CHECK_THROWS_WITH(run_program({.argv = {"/no/such/program"}}),
                      Catch::Matchers::Contains("starting /no/such/program"));
}
