#include "tests/unit/worker/worker_fixture.hpp"

namespace fleet::worker_test {
namespace {

using model::WorkerStatus;

const std::string kLong = R"({"seconds":60})";

}  // namespace

TEST_CASE("a retiring worker lets what runs finish within the grace") {
    WorkerFixture fixture;
    const auto ids = fixture.push("builtin:sleep", 2, R"({"seconds":0.7})");
    worker::Worker& worker = fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(ids, Status::running) == 2; }));
    worker.interrupt("SIGTERM");
    REQUIRE(wait_until([&] { return fixture.status() == WorkerStatus::terminating; }));
    REQUIRE(fixture.finish() == 0);
    CHECK(fixture.count(ids, Status::done) == 2);
}

TEST_CASE("a retiring worker hands back unmarked what it has not begun") {
    WorkerFixture fixture;
    fixture.options.slots = 1;
    // Quick work makes it prefetch.
    const auto quick = fixture.push("builtin:sleep", 30, R"({"seconds":0.001})");
    const auto slow = fixture.push("builtin:sleep", 20, R"({"seconds":0.5})");
    worker::Worker& worker = fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(slow, Status::running) > 1; }));
    worker.interrupt("SIGTERM");
    REQUIRE(fixture.finish() == 0);
    CHECK(fixture.count(slow, Status::running) == 0);
    CHECK(fixture.count(slow, Status::pending) >= 18);
    for (const ExecutionId& id : slow) {
        const model::Execution execution = fixture.get(id);
        if (execution.status == Status::pending) {
            CHECK(execution.counters.attempt == 0);
            CHECK(execution.counters.lost_worker == 0);
        }
    }
}

TEST_CASE("after the grace what runs is ended and goes back without a failure") {
    WorkerFixture fixture;
    fixture.options.grace = 200ms;
    const auto ids = fixture.push("builtin:sleep", 2, kLong);
    worker::Worker& worker = fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(ids, Status::running) == 2; }));
    worker.interrupt("SIGTERM");
    REQUIRE(fixture.finish() == 0);
    CHECK(fixture.count(ids, Status::pending) == 2);
    for (const ExecutionId& id : ids) {
        CHECK(fixture.get(id).counters.failures == 0);
        CHECK(fixture.get(id).counters.lost_worker == 0);
        CHECK(fixture.get(id).counters.releases == 1);
    }
}

TEST_CASE("a second interruption does not wait for the grace") {
    WorkerFixture fixture;
    fixture.options.grace = 1h;
    const auto ids = fixture.push("builtin:sleep", 1, kLong);
    worker::Worker& worker = fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(ids, Status::running) == 1; }));
    worker.interrupt("SIGINT");
    worker.interrupt("SIGINT");
    REQUIRE(fixture.finish() == 0);
    CHECK(fixture.count(ids, Status::pending) == 1);
}

TEST_CASE("an idle worker obeys its status at once") {
    WorkerFixture fixture;
    fixture.options.lease_ttl = 15s;
    const auto ids = fixture.push("builtin:noop", 1, "1");
    fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(ids, Status::done) == 1; }));
    fixture.store.registration().update_status("worker-1", WorkerStatus::terminating, "scale down");
    REQUIRE(wait_until([&] { return fixture.has_ended(); }, 3s));
    CHECK(fixture.finish() == 0);
    CHECK(fixture.status() == WorkerStatus::terminated);
}

TEST_CASE("a retiring worker that is called back goes on claiming") {
    WorkerFixture fixture;
    const auto first = fixture.push("builtin:sleep", 1, R"({"seconds":3})");
    fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(first, Status::running) == 1; }));
    auto& registration = fixture.store.registration();
    registration.update_status("worker-1", WorkerStatus::terminating, "scale down");
    const auto second = fixture.push("builtin:noop", 1, "1");
    // Its heartbeat, or the claim that is refused, tells it.
    REQUIRE_FALSE(wait_until([&] { return fixture.count(second, Status::done) == 1; }, 1s));
    registration.update_status("worker-1", WorkerStatus::active, "called back");
    REQUIRE(wait_until([&] { return fixture.count(second, Status::done) == 1; }, 2s));
    REQUIRE(wait_until([&] { return fixture.count(first, Status::done) == 1; }));
    CHECK_FALSE(fixture.has_ended());
}

TEST_CASE("a worker whose registration is lost ends everything and exits 1") {
    WorkerFixture fixture;
    const auto ids = fixture.push("builtin:sleep", 2, kLong);
    fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(ids, Status::running) == 2; }));
    fixture.store.registration().mark_dead("worker-1", "no heartbeat for 20s");
    REQUIRE(fixture.finish() == 1);
    CHECK(fixture.status() == WorkerStatus::lost);
}

}  // namespace fleet::worker_test
