// The programs with edited copies of their own machines, as a person uses them.
#include <csignal>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet {
namespace {

using std::chrono::seconds;
using test_support::ChildProgram;
using test_support::FleetBox;
using test_support::Program;
using test_support::ProgramResult;
using test_support::wait_until;

constexpr seconds kLimit{60};

class Box : public FleetBox {
  public:
    [[nodiscard]] Program own(const std::string& name, std::vector<std::string> more) const {
        std::vector<std::string> argv{(test_support::bin_dir() / name).string(), "--store",
                                      store().string()};
        argv.insert(argv.end(), more.begin(), more.end());
        return {.argv = argv, .directory = path("")};
    }
    [[nodiscard]] ProgramResult run(const std::string& name, std::vector<std::string> more) const {
        return test_support::run_program(own(name, std::move(more)), kLimit);
    }
    /// The program's machine as it prints it, with every `from` replaced.
    void copy(const std::string& name, const std::string& file, const std::string& from,
              const std::string& to) const {
        const ProgramResult printed = run(name, {"--print-machine"});
        REQUIRE(printed.exit_code == 0);
        std::string text = printed.out;
        std::size_t count = 0;
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
            text.replace(at, from.size(), to);
            at += to.size();
            ++count;
        }
        REQUIRE(count > 0);
        write(file, text);
    }
    void submit(int count) const {
        std::string items;
        for (int item = 1; item <= count; ++item) {
            items += std::to_string(item) + "\n";
        }
        const ProgramResult result =
            fleet({"submit", "--batch", "b", "--items", "-", "builtin:noop"}, items);
        REQUIRE(result.exit_code == 0);
    }
};

}  // namespace

TEST_CASE("a worker runs an edited copy of its machine and does the same work") {
    const Box box;
    box.submit(20);
    box.copy("worker", "copy.yml", "hooks: distributed-worker",
             "hooks: [logging, distributed-worker]");
    const ProgramResult result = box.run("worker", {"--machine", "copy.yml", "--once"});
    CHECK(result.exit_code == 0);
    CHECK(box.results("b").size() == 20);
    CHECK(result.err.find("action=claim_job") != std::string::npos);
    CHECK(result.err.find("to=deregister") != std::string::npos);
    CHECK(result.err.find("nothing is left to do") != std::string::npos);
}

TEST_CASE("a copy with errors starts nothing, and all of them are told") {
    const Box box;
    box.submit(1);
    box.copy("worker", "copy.yml", "action: claim_job", "action: claim_jobs");
    const ProgramResult worker = box.run("worker", {"--machine", "copy.yml", "--once"});
    CHECK(worker.exit_code == 2);
    CHECK(worker.err.find("did you mean `claim_job`?") != std::string::npos);
    CHECK(worker.err.find("registered") == std::string::npos);
    CHECK(box.results("b").empty());

    box.copy("scaler", "copy.yml", "to: decide", "to: deside");
    const ProgramResult scaler = box.run("scaler", {"--machine", "copy.yml"});
    CHECK(scaler.exit_code == 2);
    CHECK(scaler.err.find("copy.yml:") != std::string::npos);
    CHECK(scaler.err.find("deside") != std::string::npos);
    CHECK(scaler.err.find("scaler is running") == std::string::npos);
}

TEST_CASE("a worker whose copy ends too early leaves in order and says so") {
    const Box box;
    box.submit(3);
    box.copy("worker", "copy.yml", "max_steps: 0", "max_steps: 2");
    const ProgramResult result = box.run("worker", {"--machine", "copy.yml"});
    CHECK(result.exit_code == 1);
    CHECK(result.err.find("the machine has ended before the worker has left") != std::string::npos);
    CHECK(box.fleet({"ps"}).out.find("running") == std::string::npos);
}

TEST_CASE("a scaler and its workers run edited copies of theirs") {
    const Box box;
    box.submit(50);
    const std::string plain = "hooks: distributed-worker";
    const std::string logged = "hooks: [logging, distributed-worker]";
    box.copy("scaler", "scaler.yml", plain, logged);
    box.copy("worker", "worker.yml", plain, logged);
    ChildProgram scaler(box.own(
        "scaler", {"--machine", "scaler.yml", "--worker-machine", "worker.yml", "--max", "2"}));
    CHECK(wait_until([&] { return box.results("b").size() == 50; }, kLimit));
    scaler.kill(SIGTERM);
    const auto end = scaler.wait(kLimit);
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    const std::string log = scaler.err();
    CHECK(log.find("machine=launcher") != std::string::npos);
    CHECK(log.find("action=record_decisions") != std::string::npos);
    CHECK(log.find("to=gone") != std::string::npos);
    bool worker_logs = false;
    for (const auto& file : std::filesystem::directory_iterator(box.path(".fleet/logs/workers"))) {
        const std::string text = test_support::read_file(file.path());
        worker_logs = worker_logs || text.find("action=claim_job") != std::string::npos;
    }
    CHECK(worker_logs);
}

TEST_CASE("a scaler whose copy fails stops its workers and says so") {
    const Box box;
    box.submit(1);
    box.copy("scaler", "copy.yml", "foreach: context.plan.launch",
             "foreach: context.plan.launch_count");
    const ProgramResult result = box.run("scaler", {"--machine", "copy.yml"});
    CHECK(result.exit_code == 1);
    CHECK(result.err.find("the scaler's machine has failed") != std::string::npos);
}

TEST_CASE("a user's machine takes the jobs of another pool, all of them, each once") {
    const Box box;
    box.submit(1);
    REQUIRE(box.fleet({"scale", "jobs", "--create"}).exit_code == 0);
    REQUIRE(box.fleet({"submit", "--pool", "jobs", "--batch", "j", "--items", "-", "builtin:noop"},
                      "1\n2\n3\n4\n5\n")
                .exit_code == 0);
    box.write("taker.yml", R"(spec: flatmachine
spec_version: "4.2.1"
data:
  name: taker
  context: {pool_id: jobs, result: taken, job_id: null}
  states:
    claim:
      type: initial
      hooks: distributed-worker
      action: claim_job
      transitions:
        - {condition: "context.job_id == null", to: done}
        - {to: work}
    work:
      hooks: distributed-worker
      action: complete_job
      transitions: [{to: claim}]
    done: {type: final}
)");
    REQUIRE(box.fleet({"submit", "--batch", "t", "taker.yml"}).exit_code == 0);
    CHECK(box.run("worker", {"--once"}).exit_code == 0);
    REQUIRE(box.results("t").size() == 1);
    // The worker itself is of the pool `default`.
    const std::vector<std::string> jobs = box.results("j");
    CHECK(jobs.size() == 5);
    for (const std::string& job : jobs) {
        CHECK_THAT(job,
                   Catch::Contains(R"("status":"done")") && Catch::Contains(R"("output":"taken")"));
    }
}

TEST_CASE("the fleet's own machines can be drawn and validated by their names") {
    const FleetBox box;
    for (const std::string name : {"worker", "coordinator", "reaper", "command"}) {
        CHECK(box.fleet({"validate", "builtin:" + name}).exit_code == 0);
    }
    CHECK(box.fleet({"graph", "builtin:worker"}).out.find("claim_job") != std::string::npos);
    const ProgramResult unknown = box.fleet({"graph", "builtin:wrker"});
    CHECK(unknown.exit_code != 0);
    CHECK(unknown.err.find("did you mean `worker`?") != std::string::npos);
}

}  // namespace fleet
