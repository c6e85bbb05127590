// The commands that look at a fleet and look after it, as real programs on a real store.
#include <csignal>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Matchers::Contains;

namespace {

class Box {
  public:
    ProgramResult fleet(std::vector<std::string> arguments) const {
        return run_program(program("fleet", std::move(arguments)));
    }
    ProgramResult run(std::vector<std::string> argv) const {
        return run_program({.argv = std::move(argv), .directory = folder_.path()});
    }
    Program program(const std::string& name, std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), (bin_dir() / name).string());
        return {.argv = std::move(arguments), .directory = folder_.path()};
    }
    /// The id that `fleet submit` has printed.
    std::string submit(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "submit");
        const ProgramResult end = fleet(std::move(arguments));
        INFO(end.err);
        REQUIRE(end.exit_code == 0);
        return end.out.substr(0, end.out.find('\n'));
    }
    Program worker() const {
        return program("worker", {"--store", ".fleet/fleet.db", "--pool", "default"});
    }
    bool status_is(const std::string& id, const std::string& status) const {
        return fleet({"show", id, "--json"}).out.find("\"status\":\"" + status + "\"") !=
               std::string::npos;
    }

  private:
    TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("looking at a store that is not there says so and makes none") {
    const Box box;
    for (const char* command : {"status", "ps", "workers", "check", "batches"}) {
        const ProgramResult end = box.fleet({command});
        CHECK(end.exit_code == 1);
        CHECK_THAT(end.err, Contains("fleet: ") && Contains("; "));
        CHECK(end.out.empty());
    }
}

TEST_CASE("why tells what a pending execution waits for, and what to type") {
    const Box box;
    const std::string id = box.submit({"--", "true"});
    CHECK_THAT(box.fleet({"why", id}).out,
               Contains("no worker serves pool default") && Contains("scaler --store sqlite:"));
    REQUIRE(box.fleet({"pause", "default"}).exit_code == 0);
    CHECK_THAT(box.fleet({"why", "last"}).out, Contains("fleet unpause default"));
    CHECK_THAT(box.fleet({"status"}).out, Contains("default (paused)"));
    REQUIRE(box.fleet({"unpause", "default"}).exit_code == 0);
    const std::string delayed = box.submit({"--delay", "600", "--", "true"});
    CHECK_THAT(box.fleet({"why", delayed}).out, Contains("it is delayed, due in"));
}

TEST_CASE("a failed command is explained with its last words and its logs are printed") {
    const Box box;
    const std::string id = box.submit(
        {"--max-attempts", "1", "--", "sh", "-c", "echo spoken; echo broken >&2; exit 7"});
    ChildProgram worker(box.worker());
    REQUIRE(wait_until([&] { return box.status_is(id, "failed"); }));

    const ProgramResult why = box.fleet({"why", id});
    CHECK_THAT(why.out, Contains("failed: exit code 7") && Contains("| broken") &&
                            Contains("fleet requeue " + id) && Contains(".stderr.txt"));
    CHECK_THAT(why.out, !Contains("unknown"));
    CHECK_THAT(box.fleet({"why", id, "--json"}).out,
               Contains("\"exit_code\":7") && Contains("\"next\":[{"));

    const ProgramResult both = box.fleet({"logs", id});
    CHECK(both.out == "spoken\n");
    CHECK(both.err == "broken\n");
    CHECK(box.fleet({"logs", id, "--stderr"}).out == "broken\n");
    CHECK_THAT(box.fleet({"logs", id, "--stdout", "--header"}).out,
               Contains("execution: " + id) && Contains("\n---\nspoken\n"));
    CHECK(box.fleet({"logs", id, "--attempt", "2"}).exit_code == 1);
    CHECK_THAT(box.fleet({"errors"}).out, Contains("exit_code") && Contains(id));
    CHECK_THAT(box.fleet({"ps", "--errors", "--jsonl"}).out, Contains("\"kind\":\"exit_code\""));
}

TEST_CASE("logs --follow shows output as it comes and ends with the execution") {
    const Box box;
    // The command waits at a pipe until the test writes into it.
    REQUIRE(box.run({"mkfifo", "go"}).exit_code == 0);
    const std::string id = box.submit({"--", "sh", "-c", "echo begun; read word < go; echo over"});
    ChildProgram follower(box.program("fleet", {"logs", id, "--follow"}));
    ChildProgram worker(box.worker());
    REQUIRE(wait_until([&] { return follower.out() == "begun\n"; }));
    CHECK_FALSE(follower.wait(std::chrono::milliseconds(0)));
    CHECK_THAT(box.fleet({"why", id}).out, Contains("running") && Contains("--follow"));
    REQUIRE(box.run({"sh", "-c", "echo on > go"}).exit_code == 0);
    const auto end = follower.wait(std::chrono::seconds(10));
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    CHECK(follower.out() == "begun\nover\n");
}

TEST_CASE("Ctrl-C ends following without touching the execution") {
    const Box box;
    const std::string id = box.submit({"--delay", "600", "--", "true"});
    ChildProgram follower(box.program("fleet", {"logs", id, "--follow"}));
    // It waits without a word: what shows that it is up is that it has blocked the signal.
    REQUIRE(wait_until([&] {
        const std::string status = read_file("/proc/" + std::to_string(follower.pid()) + "/status");
        return status.find("SigBlk:\t0000000000004003") != std::string::npos;
    }));
    follower.kill(SIGINT);
    const auto end = follower.wait(std::chrono::seconds(10));
    REQUIRE(end);
    CHECK(end->exit_code == 130);
    CHECK(box.status_is(id, "pending"));
}

TEST_CASE("workers are listed and retire when they are asked to") {
    const Box box;
    REQUIRE(box.fleet({"scale", "default", "--create"}).exit_code == 1);
    REQUIRE(box.fleet({"scale", "default", "--max", "3"}).exit_code == 0);
    Program one = box.worker();
    one.argv.insert(one.argv.end(), {"--worker-id", "box-one"});
    ChildProgram worker(one);
    REQUIRE(wait_until([&] {
        return box.fleet({"workers", "--live", "--jsonl"}).out.find("\"id\":\"box-one\"") !=
               std::string::npos;
    }));
    const ProgramResult mistyped = box.fleet({"retire", "box-onr"});
    CHECK(mistyped.exit_code == 1);
    CHECK_THAT(mistyped.err, Contains("did you mean box-one?"));
    const ProgramResult retired = box.fleet({"retire", "box-one", "--wait", "--timeout", "20s"});
    CHECK(retired.exit_code == 0);
    const auto end = worker.wait(std::chrono::seconds(10));
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    CHECK(box.fleet({"workers", "--live", "--jsonl"}).out.empty());
    CHECK_THAT(box.fleet({"workers"}).out, Contains("terminated"));
    CHECK(box.fleet({"retire", "box-one"}).exit_code == 1);
}

TEST_CASE("a store is checked, backed up and pruned") {
    const Box box;
    const ProgramResult run =
        box.fleet({"run", "--quiet", "--max-attempts", "1", "--", "sh", "-c", "exit 0"});
    INFO(run.err);
    REQUIRE(run.exit_code == 0);
    CHECK_THAT(box.fleet({"decisions"}).out, Contains("default") && Contains("start 1"));
    CHECK_THAT(box.fleet({"decisions", "--explain"}).out,
               Contains("slots_per_worker") && Contains("decided by"));
    CHECK_THAT(box.fleet({"decisions", "--explain", "1", "--json"}).out, Contains("\"steps\":["));
    CHECK(box.fleet({"decisions", "987654"}).exit_code == 1);
    CHECK_THAT(box.fleet({"hosts"}).out, Contains("terminated"));
    const ProgramResult check = box.fleet({"check"});
    CHECK(check.exit_code == 0);
    CHECK_THAT(check.out, Contains("all is well"));

    CHECK(box.fleet({"backup", "copy.db"}).exit_code == 0);
    CHECK(box.fleet({"backup", "copy.db"}).exit_code == 1);
    CHECK_THAT(box.fleet({"prune", "--older-than", "1d"}).out, Contains("removed 0 executions"));
    CHECK_THAT(box.fleet({"prune", "--older-than", "0", "--json"}).out,
               Contains("\"executions\":1,"));
    CHECK(box.fleet({"ps", "--json"}).out == "[]\n");
    CHECK_THAT(box.fleet({"ps", "--store", "copy.db", "--jsonl"}).out,
               Contains("\"status\":\"done\""));
    CHECK_THAT(box.fleet({"batches"}).out, Contains("BATCH"));
}

TEST_CASE("a file that is not a database is refused, not changed") {
    const Box box;
    const TemporaryFolder folder;
    const auto file = folder / "notes.txt";
    write_file(file, std::string(5000, 'x'));
    const ProgramResult end = box.fleet({"status", "--store", file.string()});
    CHECK(end.exit_code == 1);
    CHECK_THAT(end.err, Contains("notes.txt"));
    CHECK(read_file(file) == std::string(5000, 'x'));
}

TEST_CASE("the completion script of bash knows every command") {
    const Box box;
    const ProgramResult script = box.fleet({"completion", "bash"});
    CHECK(script.exit_code == 0);
    CHECK(run_program({.argv = {"bash", "-n"}, .stdin_text = script.out}).exit_code == 0);
    for (const char* command : {"run", "submit", "resume", "wait", "result", "results", "cancel",
                                "requeue", "status", "why", "logs", "completion"}) {
        CHECK_THAT(script.out, Contains(std::string("        ") + command + ") options="));
    }
    CHECK(box.fleet({"completion", "fish"}).exit_code == 2);
}
