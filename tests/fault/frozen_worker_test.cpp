// Workers stopped by SIGSTOP past the end of their leases.
#include <csignal>

#include <catch2/catch.hpp>

#include "common/process/proc.hpp"
#include "tests/fault/own_namespace.hpp"
#include "tests/fault/worker_box.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::fault_test {
namespace {

using namespace std::chrono_literals;
using Catch::Contains;
using model::Status;
using model::WorkerStatus;
using test_support::ChildProgram;
using test_support::wait_until;

const std::vector<std::string> kShortLease{"--lease-ttl", "1", "--slots", "2"};

/// Its first attempt starts a daemon and then takes for ever. Later ones note first whether
/// anything of the first is still there, and then end when the file `go` appears.
constexpr const char* kLooksForTheFirst =
    "if [ -e leader ]; then "
    "  for pid in $(cat leader daemon); do "
    "    if grep -q '^State:.[^ZX]' /proc/$pid/status; then echo $pid >> overlap; fi; done; "
    "  echo $$ > second; while [ ! -e go ]; do sleep 0.01; done; exit 0; "
    "fi; "
    "(setsid sh -c 'echo $$ > daemon; exec sleep 1000' </dev/null >/dev/null 2>&1 &); "
    "while [ ! -s daemon ]; do sleep 0.01; done; echo $$ > leader; exec sleep 1000";

struct Frozen {
    pid_t leader = 0;
    pid_t daemon = 0;
};

Frozen freeze_at_work(WorkerBox& box, ChildProgram& worker) {
    Frozen frozen{box.pid_in("leader"), box.pid_in("daemon")};
    worker.kill(SIGSTOP);
    return frozen;
}

void check_taken_over(WorkerBox& box, ChildProgram& first, const Frozen& frozen,
                      const model::ExecutionId& id) {
    CHECK(box.pid_in("second") > 0);
    CHECK_FALSE(std::filesystem::exists(box.path("overlap")));
    CHECK(is_gone(frozen.leader));
    CHECK(is_gone(frozen.daemon));
    const auto end = first.wait(kLimit);
    REQUIRE(end);
    CHECK(end->signal == SIGKILL);
    CHECK(box.registration("w1")->status == WorkerStatus::lost);
    CHECK(box.get(id).counters.lost_worker == 1);
    CHECK(box.get(id).counters.failures == 0);
    box.box().write("go", "");
    CHECK(wait_until([&] { return box.has_status(id, Status::done); }, kLimit));
    CHECK(box.get(id).counters.attempt == 2);
}

TEST_CASE("a frozen worker is killed with its command's tree before another takes its work over") {
    WorkerBox box;
    const auto id = box.push_script(kLooksForTheFirst).front();
    ChildProgram first(box.worker("w1", kShortLease));
    const Frozen frozen = freeze_at_work(box, first);
    const ChildProgram second(box.worker("w2", kShortLease));
    check_taken_over(box, first, frozen, id);
    CHECK(box.get(id).worker_id == "w2");
}

TEST_CASE("a scaler kills a frozen worker of its box and gives its work to a new one") {
    WorkerBox box;
    const auto id = box.push_script(kLooksForTheFirst).front();
    ChildProgram first(box.worker("w1", kShortLease));
    const Frozen frozen = freeze_at_work(box, first);
    // Allowed one worker more than the frozen one, which counts until it is gone.
    ChildProgram scaler(box.scaler({"--max", "1", "--lease-ttl", "1", "--grace", "1"}));
    check_taken_over(box, first, frozen, id);
    scaler.kill(SIGTERM);
    CHECK(scaler.wait(kLimit));
}

TEST_CASE("a frozen worker that cannot be judged loses its work, and its late result is refused") {
    WorkerBox box;
    // Each attempt runs until the file go-ATTEMPT is there, and says which one it was.
    const auto ids = box.push_script(
        "echo $$ > pid-$1-$FLEET_ATTEMPT; "
        "while [ ! -e go-$1-$FLEET_ATTEMPT ]; do sleep 0.01; done; echo attempt $FLEET_ATTEMPT",
        2);
    // In a pid namespace of its own it is, seen from outside, a process of another box.
    ChildProgram elsewhere(box.worker("w1", kShortLease, own_pid_namespace()));
    REQUIRE(wait_until([&] { return std::filesystem::exists(box.path("pid-2-1")); }, kLimit));
    const pid_t worker = the_child_of(elsewhere.pid());
    const auto commands = children_of(worker);
    REQUIRE(commands.size() == 2);
    ::kill(worker, SIGSTOP);

    // The first item's command ends while nobody can record it; the second's goes on.
    box.box().write("go-1-1", "");
    ChildProgram successor(box.worker("w2", kShortLease));
    REQUIRE(wait_until(
        [&] {
            return std::filesystem::exists(box.path("pid-1-2")) &&
                   std::filesystem::exists(box.path("pid-2-2"));
        },
        kLimit));
    for (const auto& id : ids) {
        CHECK(box.get(id).worker_id == "w2");
        CHECK(box.get(id).counters.lost_worker == 1);
    }
    CHECK_FALSE(is_gone(worker));

    ::kill(worker, SIGCONT);
    for (const pid_t command : commands) {
        CHECK(wait_until([&] { return is_gone(command); }, kLimit));
    }
    // It has understood: it reports the loss, or sees its registration gone and ends with it.
    CHECK(wait_until([&] { return elsewhere.err().find("lost") != std::string::npos; }, kLimit));
    for (const auto& id : ids) {
        CHECK(box.has_status(id, Status::running));
        CHECK(box.get(id).worker_id == "w2");
    }
    box.box().write("go-1-2", "");
    box.box().write("go-2-2", "");
    for (const auto& id : ids) {
        REQUIRE(wait_until([&] { return box.has_status(id, Status::done); }, kLimit));
        CHECK_THAT(box.get(id).output, Contains("attempt 2"));
        CHECK(box.get(id).counters.failures == 0);
    }
}

TEST_CASE("what a frozen worker finished late counts when nobody took its work") {
    WorkerBox box;
    const auto ids = box.push_script(
        "echo $$ > pid-$1; while [ ! -e go-$1 ]; do sleep 0.01; done; echo attempt $FLEET_ATTEMPT",
        2);
    ChildProgram worker(box.worker("w1", kShortLease));
    const pid_t first = box.pid_in("pid-1");
    const pid_t second = box.pid_in("pid-2");
    worker.kill(SIGSTOP);
    REQUIRE(box.is_silent("w1", 2'000ms));
    // One has ended meanwhile, the other one still runs.
    box.box().write("go-1", "");
    REQUIRE(wait_until([&] { return is_gone(first); }, kLimit));
    CHECK_FALSE(is_gone(second));
    worker.kill(SIGCONT);
    REQUIRE(wait_until([&] { return box.has_status(ids[0], Status::done); }, kLimit));
    CHECK_FALSE(is_gone(second));
    box.box().write("go-2", "");
    REQUIRE(wait_until([&] { return box.has_status(ids[1], Status::done); }, kLimit));
    for (const auto& id : ids) {
        CHECK_THAT(box.get(id).output, Contains("attempt 1"));
        CHECK(box.get(id).counters.lost_worker == 0);
    }
}

}  // namespace
}  // namespace fleet::fault_test
