// The store's disk is full, while items come in and while they are worked on.
#include <algorithm>
#include <csignal>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/fault/own_namespace.hpp"
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

constexpr std::uint64_t kMiB = 1U << 20U;

std::string numbers(int count) {
    std::string items;
    for (int number = 1; number <= count; ++number) {
        items += std::to_string(number) + "\n";
    }
    return items;
}

std::filesystem::path made(std::filesystem::path folder) {
    std::filesystem::create_directory(folder);
    return folder;
}

/// A box whose store is on a small disk; items and what commands leave are elsewhere.
class SmallBox {
  public:
    explicit SmallBox(std::uint64_t bytes) : disk_(made(box_.path("disk")), bytes) {}

    [[nodiscard]] const FleetBox& box() const { return box_; }
    [[nodiscard]] const SmallDisk& disk() const { return disk_; }

    [[nodiscard]] Program program(const char* name, std::vector<std::string> arguments) const {
        Program program;
        program.argv = {(test_support::bin_dir() / name).string(), "--store",
                        box_.path("disk/fleet.db").string()};
        program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
        program.directory = box_.path("");
        return disk_.inside(program);
    }
    [[nodiscard]] ProgramResult fleet(std::vector<std::string> arguments) const {
        return test_support::run_program(program("fleet", std::move(arguments)), kLimit);
    }
    /// Item -> its result's line, each item once; of a batch that is done.
    [[nodiscard]] std::map<std::string, base::Json> results(const std::string& batch) const {
        std::map<std::string, base::Json> results;
        for (const std::string& line :
             test_support::lines_of(fleet({"results", "--batch", batch}).out)) {
            const base::Json json = base::parse_json(line, "result");
            const std::string item = json.at("input").at("item");
            CHECK(results.emplace(item, json).second);
        }
        return results;
    }
    /// What the workers that a scaler started have logged.
    [[nodiscard]] std::string worker_logs() const {
        std::string text;
        std::error_code none_yet;
        for (const auto& file :
             std::filesystem::directory_iterator(disk_.seen("fleet.db.d/logs/workers"), none_yet)) {
            text += test_support::read_file(file.path());
        }
        return text;
    }

  private:
    FleetBox box_;
    SmallDisk disk_;
};

void check_sound(const SmallBox& box) {
    const ProgramResult check = box.fleet({"check", "--jsonl"});
    for (const std::string& line : test_support::lines_of(check.out)) {
        const auto finding = base::parse_json(line, "finding");
        // Of the disk it rightly says that there is little.
        if (finding.at("what") != "free disk") {
            INFO(line);
            CHECK(finding.at("ok") == true);
        }
    }
}

TEST_CASE("a submission whose items do not fit on the disk submits nothing, and says so") {
    const SmallBox box(4 * kMiB);
    REQUIRE(box.fleet({"submit", "builtin:noop"}).exit_code == 0);
    box.disk().fill(256 * 1024);
    box.box().write("items.txt", numbers(50'000));
    const std::vector<std::string> submit{"submit",  "--items", "items.txt",
                                          "--batch", "b",       "builtin:noop"};
    const ProgramResult refused = box.fleet(submit);
    CHECK(refused.exit_code == 1);
    CHECK_THAT(refused.err, Catch::StartsWith("fleet: ") && Contains("No space left on device") &&
                                Contains("nothing was submitted"));
    CHECK(refused.out.empty());
    CHECK_THAT(box.fleet({"batches"}).out + box.fleet({"batches"}).err, !Contains("b  "));
    CHECK(std::filesystem::is_empty(box.disk().seen("fleet.db.d/spool")));
    check_sound(box);
}

TEST_CASE("a submission that fills the disk is visible as half loaded and goes on when asked") {
    constexpr int kItems = 60'000;
    const SmallBox box(30 * kMiB);
    REQUIRE(box.fleet({"submit", "builtin:noop"}).exit_code == 0);
    box.disk().fill(6 * kMiB);
    box.box().write("items.txt", numbers(kItems));
    const ProgramResult cut =
        box.fleet({"submit", "--items", "items.txt", "--batch", "b", "builtin:noop"});
    CHECK(cut.exit_code == 1);
    INFO(cut.err);
    CHECK_THAT(cut.err, Catch::StartsWith("fleet: ") && Contains("fleet.db") && Contains("full") &&
                            Contains("free some space") && Contains("fleet resume b") &&
                            Contains("fleet cancel --batch b"));
    const ProgramResult batches = box.fleet({"batches", "--jsonl"});
    const auto batch = base::parse_json(test_support::lines_of(batches.out).front(), "batch");
    CHECK(batch.at("state") == "loading");
    // Exactly the ids that were printed are in.
    const auto printed = test_support::lines_of(cut.out);
    CHECK(printed.size() < kItems);
    CHECK(batch.at("pending") == printed.size());
    CHECK(std::all_of(printed.begin(), printed.end(),
                      [](const std::string& id) { return id.size() == 36; }));
    check_sound(box);

    box.disk().free_again();
    const ProgramResult resumed = box.fleet({"resume", "b", "--workers", "1"});
    INFO(resumed.err << resumed.out);
    CHECK(resumed.exit_code == 0);
    CHECK(box.results("b").size() == kItems);
    check_sound(box);
}

TEST_CASE("workers wait while the disk is full, say so, and finish everything when there is room") {
    constexpr int kItems = 200;
    const SmallBox box(48 * kMiB);
    box.box().write("items.txt", numbers(kItems));
    box.box().write("did", "");
    ChildProgram run(box.program(
        "fleet", {"run", "--items", "items.txt", "--batch", "b", "--workers", "2..2", "--slots",
                  "2", "--", "sh", "-c", "sleep 0.02; echo $1 >> did", "sh", "{}"}));
    REQUIRE(wait_until([&] { return test_support::lines_of(box.box().read("did")).size() >= 20; },
                       kLimit));
    box.disk().fill(0);
    REQUIRE(wait_until(
        [&] {
            return box.worker_logs().find(
                       "database or disk is full [sqlite 13]; free some space") !=
                   std::string::npos;
        },
        kLimit));
    CHECK_FALSE(run.wait(0ms));
    // Looking is still possible.
    const ProgramResult status = box.fleet({"status"});
    INFO(status.err << status.out);
    CHECK(status.exit_code == 0);

    box.disk().free_again();
    const auto end = run.wait(kLimit);
    INFO(run.err() << run.out() << box.worker_logs());
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    CHECK_THAT(box.worker_logs(), Contains("takes results again") || Contains("claims succeed"));
    const auto results = box.results("b");
    CHECK(results.size() == kItems);
    for (const auto& [item, result] : results) {
        CHECK(result.at("status") == "done");
    }
    const auto did = test_support::lines_of(box.box().read("did"));
    CHECK(std::set<std::string>(did.begin(), did.end()).size() == kItems);
    check_sound(box);
}

TEST_CASE("a command that fails because its output finds no room runs again, not counted") {
    const SmallBox box(48 * kMiB);
    REQUIRE(box.fleet({"submit", "--batch", "b", "--max-attempts", "1", "--", "sh", "-c",
                       "echo $$ > pid-$FLEET_ATTEMPT; until [ -e go ]; do sleep 0.01; done; "
                       "exec head -c 100000 /dev/zero"})
                .exit_code == 0);
    ChildProgram worker(box.program("worker", {"--worker-id", "w1"}));
    REQUIRE(wait_until([&] { return !box.box().read("pid-1").empty(); }, kLimit));
    box.disk().fill(0);
    box.box().write("go", "");
    REQUIRE(wait_until(
        [&] { return worker.err().find("results cannot be recorded") != std::string::npos; },
        kLimit));
    box.disk().free_again();
    const ProgramResult waited = box.fleet({"wait", "--batch", "b", "--timeout", "30"});
    INFO(waited.err << worker.err() << box.fleet({"results", "--batch", "b"}).out);
    CHECK(waited.exit_code == 0);
    CHECK_FALSE(box.box().read("pid-2").empty());
    check_sound(box);
}

TEST_CASE("leases that a full disk does not let renew end their commands, which run again later") {
    const SmallBox box(48 * kMiB);
    REQUIRE(box.fleet({"submit", "--batch", "b", "--max-attempts", "1", "--", "sh", "-c",
                       "echo $$ > pid-$FLEET_ATTEMPT; until [ -e go ]; do sleep 0.01; done"})
                .exit_code == 0);
    ChildProgram worker(box.program("worker", {"--lease-ttl", "1", "--worker-id", "w1"}));
    REQUIRE(wait_until([&] { return !box.box().read("pid-1").empty(); }, kLimit));
    const pid_t first = std::stoi(box.box().read("pid-1"));
    box.disk().fill(0);
    // Nobody could know that somebody else has not taken it: the command ends at the deadline.
    CHECK(wait_until([&] { return is_gone(first); }, kLimit));
    CHECK(wait_until(
        [&] { return worker.err().find("could not be renewed in time") != std::string::npos; },
        kLimit));
    CHECK_FALSE(worker.wait(0ms));

    box.disk().free_again();
    box.box().write("go", "");
    const ProgramResult waited = box.fleet({"wait", "--batch", "b", "--timeout", "30"});
    INFO(waited.err << worker.err());
    CHECK(waited.exit_code == 0);
    worker.kill(SIGTERM);
    const auto end = worker.wait(kLimit);
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    check_sound(box);
}

}  // namespace
}  // namespace fleet::fault_test
