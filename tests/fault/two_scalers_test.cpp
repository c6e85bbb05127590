// A host has one scaler for each store.
#include <csignal>

#include <catch2/catch.hpp>

#include "tests/fault/worker_box.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::fault_test {
namespace {

using Catch::Contains;
using model::WorkerStatus;
using test_support::ChildProgram;
using test_support::ProgramResult;
using test_support::wait_until;

std::vector<model::WorkerRecord> living(WorkerBox& box, model::WorkerKind kind) {
    contracts::WorkerFilter filter;
    filter.kind = kind;
    filter.statuses = {WorkerStatus::active, WorkerStatus::terminating};
    return box.store().registration().list(filter);
}

/// Waits until the scaler serves its host, with one worker.
void wait_for_service(WorkerBox& box) {
    REQUIRE(wait_until([&] { return living(box, model::WorkerKind::worker).size() == 1; }, kLimit));
}

void end(ChildProgram& scaler) {
    scaler.kill(SIGTERM);
    const auto ended = scaler.wait(kLimit);
    REQUIRE(ended);
    CHECK(ended->exit_code == 0);
}

TEST_CASE("the second scaler of a box is refused, naming the first, which goes on undisturbed") {
    WorkerBox box;
    ChildProgram first(box.scaler({"--min", "1", "--max", "1"}));
    wait_for_service(box);
    const auto workers = living(box, model::WorkerKind::worker);

    const ProgramResult second = test_support::run_program(box.scaler(), kLimit);
    CHECK(second.exit_code == 1);
    CHECK_THAT(second.err, Contains("it has one already") &&
                               Contains(":" + std::to_string(first.pid()) + ":") &&
                               Contains("stop that one first"));
    const auto hosts = living(box, model::WorkerKind::host);
    REQUIRE(hosts.size() == 1);
    CHECK(hosts.front().process.pid == first.pid());
    const auto left = living(box, model::WorkerKind::worker);
    REQUIRE(left.size() == 1);
    CHECK(left.front().worker_id == workers.front().worker_id);
    end(first);
}

TEST_CASE("fleet run beside a live scaler submits and waits, and its death loses nothing") {
    WorkerBox box;
    ChildProgram scaler(box.scaler({"--min", "1", "--max", "1"}));
    wait_for_service(box);
    const auto worker = living(box, model::WorkerKind::worker).front().worker_id;

    const ProgramResult run = box.box().fleet(
        {"run", "--items", "-", "--batch", "b", "--", "echo", "{}"}, "one\ntwo\nthree\n");
    INFO(run.err << run.out);
    CHECK(run.exit_code == 0);
    CHECK_THAT(run.out, Contains("3 done"));

    ChildProgram killed(box.box().program({"run", "--batch", "c", "--", "sh", "-c",
                                           "touch started; until [ -e go ]; do sleep 0.01; done"}));
    REQUIRE(wait_until([&] { return std::filesystem::exists(box.path("started")); }, kLimit));
    killed.kill(SIGKILL);
    REQUIRE(killed.wait(kLimit));
    box.box().write("go", "");
    CHECK(box.box().fleet({"wait", "--batch", "c"}).exit_code == 0);

    // It was the service's worker all the time, and nobody else was there.
    CHECK(living(box, model::WorkerKind::host).size() == 1);
    for (const auto& execution : box.store().work().find({}).executions) {
        CHECK(execution.worker_id == worker);
    }
    end(scaler);
}

TEST_CASE("a scaler that was frozen past its lease leaves the host to its successor") {
    WorkerBox box;
    ChildProgram first(box.scaler({"--min", "1", "--max", "1", "--lease-ttl", "1"}));
    wait_for_service(box);
    const auto worker = living(box, model::WorkerKind::worker).front().worker_id;
    first.kill(SIGSTOP);
    // Within the lease it is refused as beside a running one; later it takes the host.
    std::optional<ChildProgram> second;
    REQUIRE(wait_until(
        [&] {
            second.emplace(box.scaler({"--min", "1", "--max", "1", "--lease-ttl", "1"}));
            return wait_until(
                       [&] {
                           return second->wait(std::chrono::milliseconds(0)) ||
                                  second->err().find("scaler is running") != std::string::npos;
                       },
                       kLimit) &&
                   !second->wait(std::chrono::milliseconds(0));
        },
        kLimit));
    first.kill(SIGCONT);
    const auto ended = first.wait(kLimit);
    REQUIRE(ended);
    CHECK(ended->exit_code == 1);
    CHECK_THAT(first.err(), Contains("another scaler has taken this host"));
    const auto left = living(box, model::WorkerKind::worker);
    REQUIRE(left.size() == 1);
    CHECK(left.front().worker_id == worker);
    end(*second);
    CHECK(living(box, model::WorkerKind::worker).empty());
}

}  // namespace
}  // namespace fleet::fault_test
