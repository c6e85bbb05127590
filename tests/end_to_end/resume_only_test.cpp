// Workers that go on with what was begun and begin nothing new.
#include <csignal>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/end_to_end/hand_worker.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Contains;
using std::chrono::seconds;

namespace {

/// Five executions, the first two of which were begun.
class BegunBox {
  public:
    BegunBox() {
        REQUIRE(box.fleet({"scale", "other", "--create"}).exit_code == 0);
        HandWorker hand(box);
        ids = hand.push(5);
        for (const contracts::Claimed& claimed : hand.claim(2)) {
            hand.commit(claimed, model::NextPending{"", {}});
        }
    }
    Program program(const std::string& name, const std::vector<std::string>& arguments) const {
        std::vector<std::string> argv{(bin_dir() / name).string(), "--store", ".fleet/fleet.db"};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        return {.argv = argv, .directory = box.path("")};
    }
    std::size_t count(const std::string& status) const {
        return lines_of(box.fleet({"ps", "--status", status, "--jsonl"}).out).size();
    }
    bool is_done(std::size_t index) const {
        return box.fleet({"result", ids[index].text()}).exit_code == 0;
    }

    FleetBox box;
    std::vector<model::ExecutionId> ids;
};

}  // namespace

TEST_CASE("a worker with --resume-only ends what was begun and leaves the rest") {
    const BegunBox begun;
    const ProgramResult end =
        run_program(begun.program("worker", {"--pool", "default", "--once", "--resume-only"}));
    INFO(end.err);
    CHECK(end.exit_code == 0);
    CHECK(begun.is_done(0));
    CHECK(begun.is_done(1));
    CHECK(begun.count("pending") == 3);
    CHECK(run_program(begun.program("worker", {"--pool", "default", "--once"})).exit_code == 0);
    CHECK(begun.count("pending") == 0);
}

TEST_CASE("the workers of a scaler with --resume-only begin nothing new") {
    const BegunBox begun;
    // The worker by hand holds one of the seats.
    ChildProgram scaler(begun.program("scaler", {"--resume-only", "--min", "2", "--max", "2"}));
    REQUIRE(
        wait_until([&] { return begun.is_done(0) && begun.is_done(1); }, std::chrono::seconds(30)));
    CHECK(begun.count("pending") == 3);
}

TEST_CASE("a scaler with --resume-only counts only what was begun as demand") {
    const BegunBox begun;
    const auto plan = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"--dry-run", "--min", "0", "--max", "4"});
        return run_program(begun.program("scaler", more)).out;
    };
    CHECK_THAT(plan({}), Contains("5 ready and 0 running"));
    CHECK_THAT(plan({"--resume-only"}), Contains("2 ready and 0 running"));
    REQUIRE(run_program(begun.program("worker", {"--pool", "default", "--once", "--resume-only"}))
                .exit_code == 0);
    CHECK_THAT(plan({}), Contains("3 ready and 0 running"));
    CHECK_THAT(plan({"--resume-only"}), Contains("0 ready and 0 running want 0 slots"));
}

namespace {

constexpr int kItems = 20;
constexpr std::size_t kBegun = 4;

/// A batch of commands that wait for the file `go`; four of them run when everything is killed.
/// `workers`: so many that two of them get seats.
void begin_and_kill(const FleetBox& box, const std::string& workers) {
    std::filesystem::create_directory(box.path("begun"));
    std::filesystem::create_directory(box.path("done"));
    std::string items;
    for (int item = 1; item <= kItems; ++item) {
        items += std::to_string(item) + "\n";
    }
    box.write("items.txt", items);
    ChildProgram run(box.program(
        {"run", "--items", "items.txt", "--batch", "b", "--workers", workers, "--slots", "2", "--",
         "sh", "-c",
         "echo x >> begun/$1; while ! test -e go; do sleep 0.05; done; echo x >> done/$1", "sh",
         "{}"}));
    const auto are_begun = [&] {
        return std::distance(std::filesystem::directory_iterator(box.path("begun")), {}) ==
               static_cast<std::ptrdiff_t>(kBegun);
    };
    REQUIRE(wait_until(are_begun, seconds(30)));
    // The scaler first of all, so that it starts nobody in the place of the dead.
    box.kill_all();
    run.kill(SIGKILL);
    REQUIRE(run.wait(seconds(10)));
    box.write("go", "");
}

/// All commands that ended did so once.
std::size_t ended_once(const FleetBox& box) {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(box.path("done"))) {
        CAPTURE(file.path());
        CHECK(lines_of(read_file(file.path())).size() == 1);
        ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("resume --resume-only ends what was begun when all was killed; resume does the rest") {
    const FleetBox box;
    begin_and_kill(box, "2");
    const ProgramResult only = box.fleet({"resume", "--resume-only"});
    INFO(only.err << only.out << box.read(".fleet/logs/scaler-b.log"));
    CHECK(only.exit_code == 0);
    CHECK_THAT(only.out, Contains("batch b: 4 done, 0 failed in "));
    CHECK_THAT(only.out, Contains("16 not begun; go on with `fleet resume b`"));
    CHECK(ended_once(box) == kBegun);

    const ProgramResult none = box.fleet({"resume", "b", "--resume-only"});
    CHECK(none.exit_code == 0);
    CHECK_THAT(none.out, Contains("nothing to resume") && Contains("16 not begun"));
    CHECK_THAT(box.fleet({"resume", "--resume-only"}).out, Contains("no batch has anything open"));
    CHECK_THAT(box.fleet({"run", "--resume-only"}).out, Contains("nothing to resume"));
    CHECK(ended_once(box) == kBegun);

    const ProgramResult rest = box.fleet({"resume", "--json"});
    INFO(rest.err << rest.out << box.read(".fleet/logs/scaler-b.log"));
    CHECK(rest.exit_code == 0);
    CHECK(base::parse_json(rest.out, "summary").at("done") == kItems);
    CHECK(ended_once(box) == kItems);
}

TEST_CASE("run --resume-only ends what was begun of batches and of the pool's shared work") {
    const BegunBox begun;
    const FleetBox& box = begun.box;
    // The worker by hand holds one of the seats.
    begin_and_kill(box, "3");
    const ProgramResult only =
        box.fleet({"run", "--resume-only", "--workers", "3", "--slots", "2"});
    INFO(only.err << only.out << box.read(".fleet/logs/scaler-pool-default.log"));
    CHECK(only.exit_code == 0);
    CHECK_THAT(only.out, Contains("batch b: 4 done, 0 failed in ") &&
                             Contains("16 not begun; go on with `fleet resume b`"));
    CHECK_THAT(only.out, Contains("pool default, shared work: 2 done, 0 failed in ") &&
                             Contains("3 not begun; a scaler begins them: `scaler --pool"));
    CHECK(ended_once(box) == kBegun);
    CHECK(begun.is_done(0));
    CHECK(begun.is_done(1));
    CHECK(begun.count("pending") == 3 + 16);
}

TEST_CASE("resume --resume-only says what failed of what was begun") {
    const FleetBox box;
    box.write("items.txt", "1\n2\n3\n");
    const ProgramResult failed =
        box.fleet({"run", "--items", "items.txt", "--batch", "f", "--", "false"});
    REQUIRE(failed.exit_code == 3);
    const ProgramResult again = box.fleet({"resume", "--failed", "--resume-only", "--json"});
    INFO(again.err << again.out);
    CHECK(again.exit_code == 3);
    const base::Json summary = base::parse_json(again.out, "summary");
    CHECK(summary.at("failed") == 3);
    CHECK(summary.at("finished") == 3);
}

TEST_CASE("resume-only begins nothing, and is refused where others would") {
    const BegunBox begun;
    const FleetBox& box = begun.box;
    const ProgramResult command = box.fleet({"run", "--resume-only", "--", "true"});
    CHECK(command.exit_code == 2);
    CHECK_THAT(command.err, Contains("begins nothing new"));
    CHECK(box.fleet({"run", "--resume-only", "builtin:noop"}).exit_code == 2);
    CHECK(box.fleet({"run", "--resume-only", "--batch", "b"}).exit_code == 2);
    CHECK(box.fleet({"run", "--resume-only", "--fail-fast"}).exit_code == 2);
    CHECK(box.fleet({"run", "--resume-only", "--pool", "nowhere"}).exit_code == 1);

    // A scaler of another pool: it does not touch the work, but this host has its one scaler.
    ChildProgram scaler(begun.program("scaler", {"--pool", "other", "--min", "0"}));
    REQUIRE(wait_until(
        [&] {
            return !lines_of(box.fleet({"hosts", "--jsonl"}).out).empty();
        },
        seconds(30)));
    const ProgramResult refused = box.fleet({"run", "--resume-only"});
    CHECK(refused.exit_code == 1);
    CHECK_THAT(refused.err, Contains("serves this host") && Contains("--resume-only"));
    CHECK(begun.count("pending") == 5);
}
