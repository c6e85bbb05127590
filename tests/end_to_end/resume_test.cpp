// Interrupted and killed in the middle: nothing that was recorded as done is done again, nothing is
// lost.
#include <algorithm>
#include <csignal>
#include <map>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Contains;
using std::chrono::seconds;

namespace {

std::string numbers(int count) {
    std::string items;
    for (int number = 1; number <= count; ++number) {
        items += std::to_string(number) + "\n";
    }
    return items;
}

/// Starts a run over `items.txt` whose commands each append a line to done/ITEM when they end.
Program slow_run(const FleetBox& box, int items, const std::string& pause) {
    std::filesystem::create_directory(box.path("done"));
    box.write("items.txt", numbers(items));
    return box.program({"run", "--items", "items.txt", "--batch", "b", "--workers", "2", "--slots",
                        "2", "--grace", "5", "--", "sh", "-c",
                        "sleep " + pause + "; echo x >> done/$1", "sh", "{}"});
}

std::size_t done_files(const FleetBox& box) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(box.path("done")), {}));
}

/// Item -> how often its command ended.
std::map<std::string, std::size_t> endings(const FleetBox& box) {
    std::map<std::string, std::size_t> count;
    for (const auto& file : std::filesystem::directory_iterator(box.path("done"))) {
        count[file.path().filename()] = lines_of(read_file(file.path())).size();
    }
    return count;
}

std::vector<std::string> recorded_done(const FleetBox& box) {
    std::vector<std::string> items;
    for (const std::string& line :
         lines_of(box.fleet({"results", "--batch", "b", "--status", "done"}).out)) {
        items.push_back(base::parse_json(line, "result").at("input").at("item"));
    }
    return items;
}

}  // namespace

TEST_CASE("Ctrl-C retires the workers, says how to go on, and resume finishes the batch") {
    const FleetBox box;
    ChildProgram run(slow_run(box, 60, "0.2"));
    REQUIRE(wait_until([&] { return done_files(box) >= 5; }, seconds(30)));
    run.kill(SIGINT);
    const auto end = run.wait(seconds(30));
    INFO(run.err() << run.out());
    REQUIRE(end);
    CHECK(end->exit_code == 130);
    CHECK_THAT(run.err(), Contains("interrupted"));
    CHECK_THAT(run.out(), Contains("fleet resume b"));
    // What ran had the grace to finish and is recorded: a retirement does nothing twice.
    const auto before = recorded_done(box);
    CHECK(before.size() == done_files(box));
    CHECK(before.size() < 60);

    const ProgramResult resumed = box.fleet({"resume"});
    INFO(resumed.err << resumed.out << box.read(".fleet/logs/scaler-b.log"));
    CHECK(resumed.exit_code == 0);
    const auto count = endings(box);
    CHECK(count.size() == 60);
    for (const auto& [item, times] : count) {
        CHECK(times == 1);
    }
    const ProgramResult again = box.fleet({"resume", "b"});
    CHECK(again.exit_code == 0);
    CHECK_THAT(again.out, Contains("nothing to resume"));
}

TEST_CASE("Ctrl-C while items come in through a pipe submits nothing") {
    const FleetBox box;
    // The writer of the pipe stays open, as that of a slow generator does.
    Program program;
    program.argv = {"sh", "-c", "(echo a; exec sleep 600) | exec \"$0\" \"$@\"",
                    (bin_dir() / "fleet").string()};
    for (const char* argument : {"run", "--items", "-", "--batch", "b", "--", "echo", "{}"}) {
        program.argv.emplace_back(argument);
    }
    program.directory = box.path("");
    ChildProgram run(program);
    const auto is_reading = [&] { return std::filesystem::exists(box.path(".fleet/spool")); };
    REQUIRE(wait_until(is_reading, seconds(30)));
    run.kill_group(SIGINT);
    REQUIRE(wait_until([&] { return !run.err().empty(); }));
    CHECK_THAT(run.err(), Contains("interrupted; nothing was submitted"));
    CHECK(box.executions() == 0);
}

TEST_CASE("a second Ctrl-C stops at once, and what ran goes back") {
    const FleetBox box;
    ChildProgram run(slow_run(box, 4, "600"));
    REQUIRE(wait_until(
        [&] {
            return lines_of(box.fleet({"results", "--batch", "b", "--status", "running"}).out)
                       .size() >= 2;
        },
        seconds(30)));
    run.kill(SIGINT);
    REQUIRE(wait_until([&] { return run.err().find("interrupted") != std::string::npos; }));
    run.kill(SIGINT);
    const auto end = run.wait(seconds(20));
    INFO(run.err() << run.out());
    REQUIRE(end);
    CHECK(end->exit_code == 130);
    const ProgramResult pending = box.fleet({"results", "--batch", "b", "--status", "pending"});
    CHECK(lines_of(pending.out).size() == 4);
}

TEST_CASE("after kill -9 of fleet run resume finishes and repeats nothing that was recorded") {
    const FleetBox box;
    ChildProgram run(slow_run(box, 60, "0.2"));
    REQUIRE(wait_until([&] { return done_files(box) >= 8; }, seconds(30)));
    run.kill(SIGKILL);
    REQUIRE(run.wait(seconds(10)));
    // Its scaler notices and retires the workers; resume need not wait for that.
    const auto before = recorded_done(box);
    std::map<std::string, std::size_t> ended_before = endings(box);

    const ProgramResult resumed = box.fleet({"resume", "b", "--json"});
    INFO(resumed.err << resumed.out << box.read(".fleet/logs/scaler-b.log"));
    REQUIRE(resumed.exit_code == 0);
    CHECK(base::parse_json(resumed.out, "summary").at("done") == 60);
    const auto count = endings(box);
    CHECK(count.size() == 60);
    for (const std::string& item : before) {
        CAPTURE(item);
        CHECK(count.at(item) == ended_before[item]);
        CHECK(count.at(item) == 1);
    }
    CHECK(box.results("b").size() == 60);
}

TEST_CASE("after kill -9 of run, scaler and workers resume starts at once and finishes") {
    const FleetBox box;
    ChildProgram run(slow_run(box, 40, "0.2"));
    REQUIRE(wait_until([&] { return done_files(box) >= 8; }, seconds(30)));
    run.kill(SIGKILL);
    box.kill_all();
    REQUIRE(run.wait(seconds(10)));
    const auto before = recorded_done(box);

    // Nobody waits for leases to expire: the dead are proven dead.
    const ProgramResult resumed = box.fleet({"resume"}, {}, seconds(13));
    INFO(resumed.err << resumed.out << box.read(".fleet/logs/scaler-b.log"));
    REQUIRE(resumed.exit_code == 0);
    const auto count = endings(box);
    CHECK(count.size() == 40);
    for (const std::string& item : before) {
        CAPTURE(item);
        CHECK(count.at(item) == 1);
    }
}

TEST_CASE("failed items run again only with --failed") {
    const FleetBox box;
    const ProgramResult run = box.fleet({"run", "--items", "-", "--batch", "b", "--", "sh", "-c",
                                         "test -e fixed || test $1 != 2", "sh", "{}"},
                                        numbers(4));
    INFO(run.err << run.out);
    REQUIRE(run.exit_code == 3);
    const ProgramResult plain = box.fleet({"resume", "b"});
    CHECK(plain.exit_code == 0);
    CHECK_THAT(plain.out, Contains("nothing to resume") && Contains("--failed"));
    box.write("fixed", "");
    const ProgramResult again = box.fleet({"resume", "--failed"});
    INFO(again.err << again.out);
    CHECK(again.exit_code == 0);
    CHECK_THAT(again.out, Contains("4 done, 0 failed"));
}

TEST_CASE("a run that was killed while it loaded is finished by resume with every item once") {
    const FleetBox box;
    constexpr int kItems = 60'000;
    box.write("items.txt", numbers(kItems));
    ChildProgram run(
        box.program({"run", "--items", "items.txt", "--batch", "b", "--quiet", "builtin:noop"}));
    // The scaler is started when the batch is made, right before the loading.
    REQUIRE(
        wait_until([&] { return std::filesystem::exists(box.path(".fleet/logs/scaler-b.log")); },
                   seconds(30)));
    run.kill(SIGKILL);
    REQUIRE(run.wait(seconds(10)));
    const ProgramResult resumed = box.fleet({"resume"}, {}, seconds(120));
    INFO(resumed.err << resumed.out);
    REQUIRE(resumed.exit_code == 0);
    CHECK(box.results("b").size() == kItems);
}

TEST_CASE("a loading that was cut off is finished by resume with every item once") {
    const FleetBox box;
    constexpr int kItems = 60'000;
    box.write("items.txt", numbers(kItems));
    ChildProgram submit(
        box.program({"submit", "--items", "items.txt", "--batch", "b", "builtin:noop"}));
    // Killed somewhere after the first ids were printed, that is in the middle of loading.
    REQUIRE(wait_until([&] { return !submit.out().empty(); }, seconds(30)));
    submit.kill(SIGKILL);
    REQUIRE(submit.wait(seconds(10)));
    const ProgramResult resumed = box.fleet({"resume", "b", "--json"}, {}, seconds(120));
    INFO(resumed.err << resumed.out);
    REQUIRE(resumed.exit_code == 0);
    CHECK(base::parse_json(resumed.out, "summary").at("done") == kItems);
}
