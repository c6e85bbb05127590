// Workers that go on with what was begun and begin nothing new.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/end_to_end/hand_worker.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet;
using namespace fleet::test_support;

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
