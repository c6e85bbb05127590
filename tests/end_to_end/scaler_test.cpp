// The scaler and its workers as real processes on a real store.
#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <set>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/wait.h>

#include "common/base/clock.hpp"
#include "common/process/identity.hpp"
#include "common/store/open.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet {
namespace {

using base::Millis;
using model::WorkerStatus;
using std::chrono::seconds;
using test_support::ChildProgram;
using test_support::Program;
using test_support::ProgramResult;
using test_support::wait_until;
using Ids = std::set<std::string>;

constexpr seconds kLimit{60};

class Fleet {
  public:
    Fleet() {
        model::PoolPolicy policy;
        policy.pool = "default";
        store_->scaling().put_pool(policy);  // no minimum: only what the test asks for
    }
    ~Fleet() {
        for (const model::WorkerRecord& worker : workers()) {
            ::kill(worker.process.pid, SIGKILL);
        }
    }

    [[nodiscard]] Program scaler(std::vector<std::string> more) const {
        std::vector<std::string> argv{(bin_ / "scaler").string(), "--store", url_.text()};
        argv.insert(argv.end(), more.begin(), more.end());
        return {argv};
    }
    [[nodiscard]] ProgramResult run_scaler(std::vector<std::string> more) const {
        return test_support::run_program(scaler(std::move(more)), kLimit);
    }

    [[nodiscard]] std::vector<model::WorkerRecord> workers() {
        contracts::WorkerFilter filter;
        filter.statuses = {WorkerStatus::active, WorkerStatus::terminating};
        filter.kind = model::WorkerKind::worker;
        return store_->registration().list(filter);
    }
    [[nodiscard]] Ids worker_ids() {
        Ids ids;
        for (const model::WorkerRecord& worker : workers()) {
            ids.insert(worker.worker_id);
        }
        return ids;
    }
    [[nodiscard]] bool wait_for_workers(std::size_t count) {
        return wait_until([&] { return workers().size() == count; }, kLimit);
    }

    void push(const std::string& machine, int count, const std::string& input,
              const std::string& batch = {}) {
        model::WorkSpec spec;
        spec.machine = machine;
        contracts::PushRequest request;
        request.pool = "default";
        request.batch = batch;
        request.spec = store_->work().put_spec(spec);
        request.max_attempts = 3;
        request.executions.resize(static_cast<std::size_t>(count));
        for (contracts::NewExecution& execution : request.executions) {
            execution.input = input;
        }
        REQUIRE(store_->work().push(request).outcome == contracts::PushResult::Outcome::pushed);
    }
    void make_batch(const std::string& name) {
        model::NewBatch batch;
        batch.name = name;
        batch.pool = "default";
        batch.id_seed = base::UuidGenerator().next(clock_.wall_now());
        batch.private_lane = true;
        batch.options = "{}";
        REQUIRE(store_->work().create_batch(batch));
    }
    [[nodiscard]] model::StatusCounts counts() {
        return store_->work().pressure("default", "")->totals();
    }

    contracts::Store& store() { return *store_; }
    [[nodiscard]] const test_support::TemporaryFolder& folder() const { return folder_; }
    void use_programs_in(std::filesystem::path bin) { bin_ = std::move(bin); }

  private:
    test_support::TemporaryFolder folder_;
    base::SystemClock clock_;
    base::StoreUrl url_ = base::StoreUrl::parse("fleet.db", folder_.path());
    std::unique_ptr<contracts::Store> store_ = store::open_store(url_, clock_);
    std::filesystem::path bin_ = test_support::bin_dir();
};

TEST_CASE("a batch scaler drains its batch and exits, leaving no worker") {
    Fleet fleet;
    fleet.make_batch("b1");
    fleet.push("builtin:echo", 200, R"({"item":"x"})", "b1");
    fleet.store().work().seal_batch("b1");
    const ProgramResult result = fleet.run_scaler({"--batch", "b1", "--max", "2"});
    INFO(result.err);
    CHECK(result.exit_code == 0);
    CHECK(fleet.store().work().batch("b1")->counts.done == 200);
    CHECK(fleet.workers().empty());
    const auto decisions = fleet.store().scaling().decisions("", 100);
    REQUIRE_FALSE(decisions.empty());
    CHECK(decisions.back().started >= 1);  // one when the box is under pressure
    CHECK(decisions.back().reason.find("200 ready") != std::string::npos);
}

TEST_CASE("an exact number of workers is reached once, and they go on") {
    Fleet fleet;
    const ProgramResult up = fleet.run_scaler({"--target-workers", "3", "--once"});
    INFO(up.err);
    REQUIRE(up.exit_code == 0);
    CHECK(up.err.find("3 of 3 ready") != std::string::npos);
    const Ids ids = fleet.worker_ids();
    CHECK(ids.size() == 3);
    for (const model::WorkerRecord& worker : fleet.workers()) {
        CHECK(process::liveness(worker.process) == process::Liveness::alive);
    }
    const ProgramResult down = fleet.run_scaler({"--target-workers", "1", "--once"});
    INFO(down.err);
    REQUIRE(down.exit_code == 0);
    const Ids left = fleet.worker_ids();
    CHECK(left.size() == 1);
    CHECK(std::includes(ids.begin(), ids.end(), left.begin(), left.end()));
    CHECK(fleet.run_scaler({"--target-workers", "0", "--once"}).exit_code == 0);
    CHECK(fleet.workers().empty());
}

TEST_CASE("a dry run shows the plan and changes nothing") {
    Fleet fleet;
    fleet.push("builtin:echo", 5, "1");
    const ProgramResult text = fleet.run_scaler({"--dry-run", "--max", "4"});
    CHECK(text.exit_code == 0);
    CHECK(text.out.find("start ") != std::string::npos);
    const ProgramResult json = fleet.run_scaler({"--dry-run", "--json"});
    CHECK(json.out.find(R"("reason":"start)") != std::string::npos);
    CHECK(fleet.workers().empty());
    CHECK(fleet.store().scaling().decisions("", 10).empty());
    CHECK(fleet.store().registration().list({}).empty());
}

TEST_CASE("a second scaler of the host is refused, naming the first") {
    Fleet fleet;
    ChildProgram first(fleet.scaler({"--min", "1"}));
    REQUIRE(fleet.wait_for_workers(1));
    const ProgramResult second = fleet.run_scaler({});
    CHECK(second.exit_code == 1);
    CHECK(second.err.find(":" + std::to_string(first.pid())) != std::string::npos);
    CHECK(second.err.find("--host-id") != std::string::npos);
    first.kill(SIGTERM);
    const auto end = first.wait(kLimit);
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    CHECK(fleet.workers().empty());
}

TEST_CASE("a killed worker is replaced and its work goes on at once") {
    Fleet fleet;
    fleet.push("builtin:sleep", 1, R"({"seconds":600})");
    ChildProgram scaler(fleet.scaler({"--max", "1"}));
    REQUIRE(fleet.wait_for_workers(1));
    REQUIRE(wait_until([&] { return fleet.counts().running == 1; }, kLimit));
    const model::WorkerRecord killed = fleet.workers().front();
    ::kill(killed.process.pid, SIGKILL);
    // Sooner than any lease or heartbeat could run out.
    const auto goes_on = [&] {
        const auto workers = fleet.workers();
        return workers.size() == 1 && workers.front().worker_id != killed.worker_id &&
               fleet.counts().running == 1;
    };
    CHECK(wait_until(goes_on, seconds(12)));
    const auto page = fleet.store().work().find({});
    CHECK(page.executions.at(0).counters.lost_worker == 1);
    CHECK(fleet.store().registration().get(killed.worker_id)->status == WorkerStatus::lost);
    scaler.kill(SIGTERM);
    // Two signals that are pending together are one: the second comes when the first is obeyed.
    const auto retiring = [&] {
        const auto workers = fleet.workers();
        return !workers.empty() && workers.front().status == WorkerStatus::terminating;
    };
    REQUIRE(wait_until(retiring, kLimit));
    scaler.kill(SIGTERM);  // twice: at once
    CHECK(scaler.wait(kLimit)->exit_code == 0);
    CHECK(fleet.workers().empty());
    CHECK(fleet.counts().pending == 1);
}

TEST_CASE("a killed scaler's workers go on and are adopted by the next") {
    Fleet fleet;
    ChildProgram first(fleet.scaler({"--min", "2"}));
    REQUIRE(fleet.wait_for_workers(2));
    const Ids ids = fleet.worker_ids();
    first.kill(SIGKILL);
    REQUIRE(first.wait(kLimit));
    ChildProgram second(fleet.scaler({"--min", "2"}));
    REQUIRE(wait_until([&] { return second.err().find("adopted") != std::string::npos; }, kLimit));
    // An adopted worker's death is noticed as well.
    ::kill(fleet.workers().front().process.pid, SIGKILL);
    CHECK(wait_until(
        [&] {
            const Ids now = fleet.worker_ids();
            return now.size() == 2 && now != ids;
        },
        seconds(12)));
    second.kill(SIGTERM);
    CHECK(second.wait(kLimit)->exit_code == 0);
    CHECK(fleet.workers().empty());
}

TEST_CASE("workers are left running when that is asked for") {
    Fleet fleet;
    ChildProgram scaler(fleet.scaler({"--min", "1", "--leave-workers"}));
    REQUIRE(fleet.wait_for_workers(1));
    scaler.kill(SIGTERM);
    CHECK(scaler.wait(kLimit)->exit_code == 0);
    REQUIRE(fleet.workers().size() == 1);
    CHECK(process::liveness(fleet.workers().front().process) == process::Liveness::alive);
}

TEST_CASE("the workers are retired when the parent is gone") {
    Fleet fleet;
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    base::UniqueFd read_end(ends[0]);
    base::UniqueFd write_end(ends[1]);
    Program program = fleet.scaler({"--min", "1", "--parent-fd", "9", "--log-level", "off"});
    std::vector<char*> argv;
    for (std::string& argument : program.argv) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(read_end.get(), 9);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    read_end.reset();
    CHECK(fleet.wait_for_workers(1));
    write_end.reset();
    int status = -1;
    CHECK(wait_until([&] { return ::waitpid(pid, &status, WNOHANG) == pid; }, kLimit));
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(fleet.workers().empty());
}

TEST_CASE("workers that die at their start make the pool unhealthy, with their last words") {
    Fleet fleet;
    const auto bin = fleet.folder() / "bin";
    std::filesystem::create_directory(bin);
    std::filesystem::copy_file(test_support::bin_dir() / "scaler", bin / "scaler");
    test_support::write_file(bin / "worker", "#!/bin/sh\necho 'no such licence' >&2\nexit 7\n");
    std::filesystem::permissions(bin / "worker", std::filesystem::perms::owner_all);
    fleet.use_programs_in(bin);
    ChildProgram scaler(fleet.scaler({"--min", "1", "--max", "1"}));
    const auto is_unhealthy = [&] {
        const auto decisions = fleet.store().scaling().decisions("", 1);
        return !decisions.empty() &&
               decisions.front().reason.find("no such licence") != std::string::npos;
    };
    CHECK(wait_until(is_unhealthy, kLimit));
    CHECK(wait_until([&] { return scaler.err().find("unhealthy") != std::string::npos; }, kLimit));
    CHECK(scaler.err().find("exited with code 7") != std::string::npos);
    scaler.kill(SIGTERM);
    CHECK(scaler.wait(kLimit)->exit_code == 0);
}

TEST_CASE("bad usage of the scaler is refused with the thing to do") {
    Fleet fleet;
    CHECK(fleet.run_scaler({"--pools", "x"}).err.find("did you mean --pool?") != std::string::npos);
    const ProgramResult pool = fleet.run_scaler({"--pool", "defualt", "--dry-run"});
    CHECK(pool.exit_code == 1);
    CHECK(pool.err.find("did you mean \"default\"?") != std::string::npos);
    const ProgramResult batch = fleet.run_scaler({"--batch", "nope"});
    CHECK(batch.exit_code == 1);
    CHECK(batch.err.find("there is no such batch") != std::string::npos);
}

}  // namespace
}  // namespace fleet
