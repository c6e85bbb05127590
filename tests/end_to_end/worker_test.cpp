// The worker as a real process on a real store.
#include <csignal>
#include <fstream>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "common/process/identity.hpp"
#include "common/process/proc.hpp"
#include "common/store/open.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet {
namespace {

using model::ExecutionId;
using model::Status;
using model::WorkerStatus;
using std::chrono::seconds;
using test_support::ChildProgram;
using test_support::Program;
using test_support::wait_until;
using namespace std::chrono_literals;

constexpr seconds kLimit{30};

/// A store, and workers on it.
class Box {
  public:
    [[nodiscard]] contracts::Store& store() { return *store_; }
    [[nodiscard]] std::filesystem::path file(std::string_view name) const { return folder_ / name; }

    [[nodiscard]] Program worker(const std::string& id, std::vector<std::string> more = {}) const {
        std::vector<std::string> argv{(test_support::bin_dir() / "worker").string(),
                                      "--store",
                                      url_.text(),
                                      "--worker-id",
                                      id,
                                      "--slots",
                                      "2"};
        argv.insert(argv.end(), more.begin(), more.end());
        return {argv};
    }

    std::vector<ExecutionId> push(std::vector<std::string> argv, std::size_t count,
                                  int max_attempts = 1) {
        model::WorkSpec spec;
        spec.machine = argv.empty() ? "builtin:noop" : "builtin:command";
        spec.argv = std::move(argv);
        spec.directory = folder_.path();
        spec.grace = 200ms;
        spec.backoff.steps = {10ms};
        contracts::PushRequest request;
        request.pool = "default";
        request.spec = store_->work().put_spec(spec);
        request.max_attempts = max_attempts;
        for (std::size_t i = 1; i <= count; ++i) {
            contracts::NewExecution execution;
            execution.input = R"({"item":")" + std::to_string(i) + R"("})";
            execution.item_number = static_cast<std::int64_t>(i);
            request.executions.push_back(std::move(execution));
        }
        std::vector<ExecutionId> ids;
        for (const auto& pushed : store_->work().push(request).executions) {
            ids.push_back(pushed.id);
        }
        return ids;
    }

    [[nodiscard]] model::Execution get(const ExecutionId& id) {
        return store_->work().get(id).value();
    }
    [[nodiscard]] std::size_t count(const std::vector<ExecutionId>& ids, Status status) {
        std::size_t found = 0;
        for (const ExecutionId& id : ids) {
            found += get(id).status == status ? 1U : 0U;
        }
        return found;
    }
    [[nodiscard]] std::optional<WorkerStatus> status(const std::string& id) {
        const auto record = store_->registration().get(id);
        return record ? std::optional(record->status) : std::nullopt;
    }

  private:
    test_support::TemporaryFolder folder_;
    base::SystemClock clock_;
    base::StoreUrl url_ = base::StoreUrl::parse((folder_ / "fleet.db").string(), folder_.path());
    std::unique_ptr<contracts::Store> store_ = store::open_store(url_, clock_);
};

/// A command that writes its pid to the file and then takes for ever.
std::vector<std::string> endless(const std::filesystem::path& pid_file) {
    return {"/bin/sh", "-c", "echo $$ > \"$0\"; exec sleep 1000", pid_file.string()};
}

pid_t wait_for_pid(const std::filesystem::path& pid_file) {
    pid_t pid = 0;
    REQUIRE(wait_until(
        [&] {
            std::ifstream stream(pid_file);
            return static_cast<bool>(stream >> pid);
        },
        kLimit));
    return pid;
}

bool is_gone(pid_t pid) {
    return !process::identity_of(pid).has_value();
}

}  // namespace

TEST_CASE("a worker does everything once, commands and built-ins, and ends with --once") {
    Box box;
    const auto commands = box.push({"/bin/echo", "item {item}"}, 50);
    const auto noops = box.push({}, 5'000);
    const auto result = test_support::run_program(box.worker("w1", {"--once"}), kLimit);
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    CHECK(box.count(commands, Status::done) == commands.size());
    CHECK(box.count(noops, Status::done) == noops.size());
    for (const ExecutionId& id : commands) {
        const auto attempts = box.store().work().attempts(id);
        REQUIRE(attempts.size() == 1);
        CHECK(attempts.front().exit_code == 0);
    }
    CHECK(box.get(commands[6]).output.find(R"(item 7\n)") != std::string::npos);
    CHECK(box.status("w1") == WorkerStatus::terminated);
}

TEST_CASE("a command that fails runs as often as its attempts allow") {
    Box box;
    const auto ids = box.push({"/bin/sh", "-c", "exit 3", "{item}"}, 2, 3);
    ChildProgram worker(box.worker("w1"));
    REQUIRE(wait_until([&] { return box.count(ids, Status::failed) == 2; }, kLimit));
    CHECK(box.store().work().attempts(ids.front()).size() == 3);
    CHECK(box.get(ids.front()).poisoned);
}

TEST_CASE("an idle worker starts what another process submits, and leaves on SIGTERM") {
    Box box;
    ChildProgram worker(box.worker("w1"));
    REQUIRE(wait_until([&] { return box.status("w1") == WorkerStatus::active; }, kLimit));
    const auto ids = box.push({"/bin/true"}, 3);
    REQUIRE(wait_until([&] { return box.count(ids, Status::done) == 3; }, kLimit));
    worker.kill(SIGTERM);
    const auto end = worker.wait(kLimit);
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    CHECK(box.status("w1") == WorkerStatus::terminated);
}

TEST_CASE("commands die with a worker that is killed, and another worker takes over") {
    Box box;
    const auto ids = box.push(endless(box.file("pid")), 1);
    ChildProgram first(box.worker("w1", {"--lease-ttl", "2"}));
    const pid_t pid = wait_for_pid(box.file("pid"));
    std::filesystem::remove(box.file("pid"));
    first.kill(SIGKILL);
    REQUIRE(first.wait(kLimit));
    REQUIRE(wait_until([&] { return is_gone(pid); }, kLimit));

    ChildProgram second(box.worker("w2", {"--lease-ttl", "2"}));
    const pid_t again = wait_for_pid(box.file("pid"));
    CHECK(again != pid);
    CHECK(box.get(ids.front()).worker_id == "w2");
    CHECK(box.get(ids.front()).counters.lost_worker == 1);
    CHECK(box.get(ids.front()).counters.failures == 0);
    CHECK(box.status("w1") == WorkerStatus::lost);
    second.kill(SIGINT);
    // Two signals that are pending together are one: the second comes when the first is obeyed.
    REQUIRE(wait_until([&] { return box.status("w2") == WorkerStatus::terminating; }, kLimit));
    second.kill(SIGINT);
    const auto end = second.wait(kLimit);
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    CHECK(is_gone(again));
    CHECK(box.get(ids.front()).status == Status::pending);
}

TEST_CASE("a frozen worker is killed with its command before its work runs again") {
    Box box;
    const auto ids = box.push(endless(box.file("pid")), 1);
    ChildProgram first(box.worker("w1", {"--lease-ttl", "1"}));
    const pid_t pid = wait_for_pid(box.file("pid"));
    std::filesystem::remove(box.file("pid"));
    first.kill(SIGSTOP);
    ChildProgram second(box.worker("w2", {"--lease-ttl", "1"}));
    wait_for_pid(box.file("pid"));
    CHECK(is_gone(pid));
    const auto end = first.wait(kLimit);
    REQUIRE(end);
    CHECK(end->signal == SIGKILL);
    CHECK(box.get(ids.front()).worker_id == "w2");
}

TEST_CASE("a worker that was frozen while nobody took its work goes on with it") {
    Box box;
    const auto ids = box.push(
        {"/bin/sh", "-c", "echo $$ > \"$0\"; sleep 3", box.file("pid").string(), "{item}"}, 1);
    ChildProgram worker(box.worker("w1", {"--lease-ttl", "1"}));
    const pid_t pid = wait_for_pid(box.file("pid"));
    worker.kill(SIGSTOP);
    const auto until = std::chrono::steady_clock::now() + 1'500ms;
    REQUIRE(wait_until([&] { return std::chrono::steady_clock::now() > until; }, kLimit));
    CHECK_FALSE(is_gone(pid));
    worker.kill(SIGCONT);
    REQUIRE(wait_until([&] { return box.count(ids, Status::done) == 1; }, kLimit));
    CHECK(box.get(ids.front()).counters.attempt == 1);
}

TEST_CASE("a second worker under a living worker's id is refused with the reason") {
    Box box;
    ChildProgram first(box.worker("w1"));
    REQUIRE(wait_until([&] { return box.status("w1") == WorkerStatus::active; }, kLimit));
    const auto second = test_support::run_program(box.worker("w1"), kLimit);
    CHECK(second.exit_code == 1);
    CHECK(second.err.find("w1") != std::string::npos);
    CHECK(box.status("w1") == WorkerStatus::active);
}

TEST_CASE("a worker retires when its status says so, and what runs is finished") {
    Box box;
    const auto ids = box.push({"/bin/sh", "-c", "sleep 1", "{item}"}, 2);
    ChildProgram worker(box.worker("w1", {"--lease-ttl", "3"}));
    REQUIRE(wait_until([&] { return box.count(ids, Status::running) == 2; }, kLimit));
    box.store().registration().update_status("w1", WorkerStatus::terminating, "scale down");
    const auto end = worker.wait(kLimit);
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    CHECK(box.count(ids, Status::done) == 2);
    CHECK(box.status("w1") == WorkerStatus::terminated);
}

TEST_CASE("after the grace a retiring worker kills its commands and hands them back") {
    Box box;
    const auto ids = box.push(endless(box.file("pid")), 1);
    ChildProgram worker(box.worker("w1", {"--grace", "0.2"}));
    const pid_t pid = wait_for_pid(box.file("pid"));
    worker.kill(SIGTERM);
    const auto end = worker.wait(kLimit);
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    CHECK(is_gone(pid));
    CHECK(box.get(ids.front()).status == Status::pending);
    CHECK(box.get(ids.front()).counters.releases == 1);
    CHECK(box.get(ids.front()).counters.lost_worker == 0);
}

TEST_CASE("a worker without its store says what is missing and exits 1") {
    const test_support::TemporaryFolder folder;
    const auto result =
        test_support::run_program({.argv = {(test_support::bin_dir() / "worker").string(),
                                            "--store", (folder / "none.db").string()}},
                                  kLimit);
    CHECK(result.exit_code == 1);
    CHECK(result.err.find("none.db") != std::string::npos);
}

}  // namespace fleet
