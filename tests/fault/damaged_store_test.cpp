// Databases that were cut short or had bits turned over: found, named, never used in silence.
#include <csignal>
#include <functional>

#include <catch2/catch.hpp>

#include "tests/fault/damage.hpp"
#include "tests/fault/worker_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::fault_test {
namespace {

using namespace std::chrono_literals;
using Catch::Contains;
using test_support::ChildProgram;
using test_support::FleetBox;
using test_support::Program;
using test_support::ProgramResult;
using test_support::wait_until;

constexpr int kItems = 3'000;

std::string numbers(int count) {
    std::string items;
    for (int number = 1; number <= count; ++number) {
        items += std::to_string(number) + "\n";
    }
    return items;
}

/// A store with a batch of pending items, and a backup of it.
void fill(const FleetBox& box) {
    const ProgramResult submitted =
        box.fleet({"submit", "--items", "-", "--batch", "b", "builtin:echo"}, numbers(kItems));
    REQUIRE(submitted.exit_code == 0);
    REQUIRE(box.fleet({"backup", "backup.db"}).exit_code == 0);
    REQUIRE_FALSE(std::filesystem::exists(box.path(".fleet/fleet.db-wal")));
}

Program of_store(const FleetBox& box, const char* name) {
    Program program;
    program.argv = {(test_support::bin_dir() / name).string(), "--store", box.store().string(),
                    "--lease-ttl", "2"};
    program.directory = box.path("");
    return program;
}

/// "NAME: what is wrong with which file; restore a backup", exit 1.
void check_named(const FleetBox& box, const ProgramResult& result, const std::string& program) {
    INFO(program << " out: " << result.out << "\nerr: " << result.err);
    CHECK(result.exit_code == 1);
    CHECK_THAT(result.err, Contains(program + ": "));
    CHECK_THAT(result.err, Contains(box.store().string()) &&
                               Contains("restore a backup made by `fleet backup`"));
}

void restore_and_finish(const FleetBox& box) {
    for (const char* end : {"", "-wal", "-shm"}) {
        std::filesystem::remove(box.store().string() + end);
    }
    std::filesystem::copy_file(box.path("backup.db"), box.store());
    const ProgramResult resumed = box.fleet({"resume", "b"});
    INFO(resumed.err << resumed.out);
    CHECK(resumed.exit_code == 0);
    CHECK(box.results("b").size() == kItems);
    CHECK(box.fleet({"check"}).exit_code == 0);
}

TEST_CASE("a database whose damage shows at the first look is refused by all and left as it is") {
    const FleetBox box;
    fill(box);
    const auto file = box.store();
    SECTION("cut in half") {
        std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
    }
    SECTION("cut to its first page") {
        std::filesystem::resize_file(file, 4096);
    }
    SECTION("cut within its header") {
        std::filesystem::resize_file(file, 50);
    }
    SECTION("empty") {
        std::filesystem::resize_file(file, 0);
    }
    SECTION("a bit in the header's first word") {
        flip_bit(file, 3);
    }
    SECTION("a bit in the page size") {
        flip_bit(file, 16);
    }
    SECTION("bits in the page of the schema") {
        for (std::uint64_t at = 100; at < 108; ++at) {
            flip_bit(file, at);
        }
    }
    const std::string before = test_support::read_file(file);
    for (const std::vector<std::string>& command : {std::vector<std::string>{"status"},
                                                    {"check"},
                                                    {"ps"},
                                                    {"resume", "b"},
                                                    {"run", "--batch", "c", "--", "true"},
                                                    {"submit", "builtin:noop"},
                                                    {"backup", "x.db"}}) {
        check_named(box, box.fleet(command), "fleet");
    }
    for (const char* name : {"worker", "scaler"}) {
        check_named(box, test_support::run_program(of_store(box, name), kLimit), name);
    }
    CHECK(test_support::read_file(file) == before);
    CHECK_FALSE(std::filesystem::exists(box.path("x.db")));
    restore_and_finish(box);
}

TEST_CASE("a damaged page in the middle is found by check and ends whoever meets it") {
    const FleetBox box;
    fill(box);
    const auto pages = leaf_pages(box.store(), "executions");
    REQUIRE(pages.size() > 4);
    damage_page(box.store(), pages[pages.size() / 2]);

    const std::string before = test_support::read_file(box.store());
    const ProgramResult check = box.fleet({"check"});
    CHECK(check.exit_code == 1);
    CHECK_THAT(check.out, Contains("BAD") && Contains("integrity") && Contains("backup"));
    CHECK_THAT(check.out, Contains("something is wrong with") && Contains(box.store().string()));
    CHECK(test_support::read_file(box.store()) == before);
    check_named(box, box.fleet({"backup", "x.db"}), "fleet");
    CHECK_FALSE(std::filesystem::exists(box.path("x.db")));

    SECTION("a worker started by hand") {
        check_named(box, test_support::run_program(of_store(box, "worker"), kLimit), "worker");
    }
    SECTION("a scaler, whose workers meet it") {
        const ProgramResult scaler = test_support::run_program(of_store(box, "scaler"), kLimit);
        INFO(scaler.err);
        CHECK(scaler.exit_code == 1);
        CHECK_THAT(scaler.err, Contains("the store is damaged, the scaler cannot go on") &&
                                   Contains(box.store().string()) && Contains("restore a backup"));
    }
    SECTION("a run that goes on with the batch") {
        const ProgramResult resumed = box.fleet({"resume", "b"}, {}, kLimit);
        check_named(box, resumed, "fleet");
        CHECK_THAT(resumed.err, Contains("the store is damaged"));
    }
    restore_and_finish(box);
}

TEST_CASE("a store that was removed is made anew beside what it left") {
    const FleetBox box;
    fill(box);
    std::filesystem::remove(box.store());
    const ProgramResult run = box.fleet({"run", "--batch", "c", "--", "true"});
    INFO(run.err << run.out);
    CHECK(run.exit_code == 0);
    CHECK(box.executions() == 1);
}

/// Work is done, its commits are in the write-ahead log, and everybody was killed.
void leave_log(const FleetBox& box) {
    ChildProgram worker(of_store(box, "worker"));
    const ProgramResult waited = box.fleet({"wait", "--batch", "b"}, {}, kLimit);
    INFO(waited.err);
    REQUIRE(waited.exit_code == 0);
    worker.kill(SIGKILL);
    REQUIRE(worker.wait(kLimit));
    REQUIRE(std::filesystem::file_size(box.path(".fleet/fleet.db-wal")) > 100'000);
}

TEST_CASE("a sound log that killed processes left behind is used whole") {
    const FleetBox box;
    fill(box);
    leave_log(box);
    const ProgramResult check = box.fleet({"check"});
    INFO(check.out << check.err);
    CHECK_THAT(check.err, Catch::Equals(""));
    CHECK(box.results("b").size() == kItems);
    CHECK_THAT(box.fleet({"resume", "b"}).out, Contains("nothing to resume"));
}

TEST_CASE("a damaged write-ahead log is refused by all and left as it is") {
    const FleetBox box;
    fill(box);
    leave_log(box);
    const std::string log = box.store().string() + "-wal";
    SECTION("a bit in the middle") {
        flip_bit(log, std::filesystem::file_size(log) / 2);
    }
    SECTION("a bit in its header") {
        flip_bit(log, 17);
    }
    SECTION("cut in half") {
        std::filesystem::resize_file(log, std::filesystem::file_size(log) / 2);
    }
    SECTION("empty") {
        std::filesystem::resize_file(log, 0);
    }
    const std::string before = test_support::read_file(log);
    const std::string database = test_support::read_file(box.store());
    for (const std::vector<std::string>& command : {std::vector<std::string>{"status"},
                                                    {"check"},
                                                    {"resume", "b"},
                                                    {"run", "--batch", "c", "--", "true"},
                                                    {"submit", "builtin:noop"}}) {
        const ProgramResult refused = box.fleet(command);
        check_named(box, refused, "fleet");
        CHECK_THAT(refused.err, Contains(log + " is damaged"));
    }
    for (const char* name : {"worker", "scaler"}) {
        check_named(box, test_support::run_program(of_store(box, name), kLimit), name);
    }
    CHECK(test_support::read_file(log) == before);
    CHECK(test_support::read_file(box.store()) == database);
    restore_and_finish(box);
}

TEST_CASE("without the commits behind the damage the batch is finished when that is asked for") {
    const FleetBox box;
    fill(box);
    leave_log(box);
    const std::string log = box.store().string() + "-wal";
    flip_bit(log, std::filesystem::file_size(log) / 2);
    REQUIRE(box.fleet({"resume", "b"}).exit_code == 1);
    // As the error says.
    std::filesystem::remove(box.store().string() + "-shm");
    const ProgramResult resumed = box.fleet({"resume", "b"});
    INFO(resumed.err << resumed.out);
    CHECK(resumed.exit_code == 0);
    CHECK(box.results("b").size() == kItems);
    CHECK(box.fleet({"check"}).exit_code == 0);
}

TEST_CASE("a worker at work that meets damage ends plainly, and its command with it") {
    const FleetBox box;
    REQUIRE(box.fleet({"submit", "--", "sh", "-c", "echo $$ > pid; exec sleep 1000"}).exit_code ==
            0);
    Program program = of_store(box, "worker");
    program.argv.insert(program.argv.end(), {"--slots", "2"});
    ChildProgram worker(program);
    REQUIRE(wait_until([&] { return !box.read("pid").empty(); }, kLimit));
    const pid_t command = std::stoi(box.read("pid"));
    REQUIRE(box.fleet({"pause", "default"}).exit_code == 0);
    REQUIRE(box.fleet({"submit", "--items", "-", "--batch", "b", "builtin:echo"}, numbers(kItems))
                .exit_code == 0);
    move_log_into_database(box.store());
    // The first holds what the worker runs; the work that it will ask for is in the others.
    const auto pages = leaf_pages(box.store(), "executions");
    REQUIRE(pages.size() > 4);
    for (std::size_t i = 1; i < pages.size(); ++i) {
        damage_page(box.store(), pages[i]);
    }
    CHECK_FALSE(worker.wait(0ms));
    const ProgramResult unpaused = box.fleet({"unpause", "default"});
    INFO(unpaused.err);
    const auto end = worker.wait(kLimit);
    REQUIRE(end);
    INFO(worker.err());
    CHECK(end->exit_code == 1);
    CHECK_THAT(worker.err(), Contains("worker: ") && Contains(box.store().string()) &&
                                 Contains("malformed") && Contains("restore a backup"));
    CHECK(is_gone(command));
}

}  // namespace
}  // namespace fleet::fault_test
