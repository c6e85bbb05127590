#include <atomic>

#include "common/base/errors.hpp"
#include "tests/unit/worker/worker_fixture.hpp"
#include "worker/lease_keeper.hpp"

namespace fleet::worker_test {
namespace {

const std::string kLong = R"({"seconds":60})";

}  // namespace

TEST_CASE("the margin leaves room for renewals even with the shortest lease") {
    CHECK(worker::lease_margin(1s) == 400ms);
    CHECK(worker::lease_margin(2s) == 800ms);
    CHECK(worker::lease_margin(3s) == 1s);
    CHECK(worker::lease_margin(15s) == 3s);
    for (const base::Millis ttl : {1000ms, 2000ms, 2500ms, 5000ms, 15'000ms, 60'000ms}) {
        CHECK(ttl / 3 < ttl - worker::lease_margin(ttl));
        CHECK(worker::heartbeat_interval(ttl) <= ttl / 3);
    }
}

TEST_CASE("leases of long work are renewed as long as it runs") {
    WorkerFixture fixture;
    const auto ids = fixture.push("builtin:sleep", 1, R"({"seconds":2.5})");
    fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(ids, Status::done) == 1; }));
    CHECK(fixture.get(ids.front()).counters.attempt == 1);
    CHECK(fixture.get(ids.front()).counters.takeovers == 0);
}

TEST_CASE("an attempt whose lease is lost is ended and records nothing") {
    WorkerFixture fixture;
    fixture.options.slots = 2;
    const auto ids = fixture.push("builtin:sleep", 2, kLong);
    std::atomic<int> commits{0};
    fixture.store.faults.before_commit = [&](auto) { ++commits; };
    fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(ids, Status::running) == 2; }));
    fixture.store.scaling().set_paused("default", true);
    fixture.store.work().release_by_worker("worker-1", contracts::ReleaseReason::operator_kill);
    REQUIRE(wait_until([&] {
        return fixture.store.registration().get("worker-1")->busy == 0 &&
               fixture.count(ids, Status::pending) == 2;
    }));
    CHECK(commits == 0);
}

TEST_CASE("a worker that cannot renew in time ends its attempts and starts nothing") {
    WorkerFixture fixture;
    const auto ids = fixture.push("builtin:sleep", 2, kLong);
    std::atomic<bool> broken{false};
    std::atomic<base::BootTime::rep> released_at{0};
    const auto fail = [&] {
        if (broken) {
            throw base::StoreError(base::StoreError::Kind::unavailable, "no answer");
        }
    };
    fixture.store.faults.before_renew = fail;
    fixture.store.faults.before_claim = fail;
    // The hand-back tells that the attempt is over.
    fixture.store.faults.before_release = [&](auto) {
        base::BootTime::rep expected = 0;
        released_at.compare_exchange_strong(expected,
                                            fixture.clock.boot_now().time_since_epoch().count());
    };
    fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(ids, Status::running) == 2; }));
    const auto from = fixture.clock.boot_now().time_since_epoch().count();
    broken = true;
    REQUIRE(wait_until([&] { return released_at != 0; }));
    // Renewed before `from` at the latest: the deadline is ttl - margin after that.
    CHECK(std::chrono::nanoseconds(released_at - from) < 1s);
    REQUIRE(wait_until([&] { return fixture.count(ids, Status::pending) == 2; }));
    broken = false;
    // It is the first that takes the work up again.
    REQUIRE(wait_until([&] { return fixture.count(ids, Status::running) == 2; }));
}

TEST_CASE("a claim whose answer is lost is given back by the renewals") {
    WorkerFixture fixture;
    fixture.options.slots = 1;
    const auto ids = fixture.push("builtin:sleep", 1, R"({"seconds":0.001})");
    std::atomic<int> claims{0};
    fixture.store.faults.after_claim = [&](const contracts::ClaimAnswer& answer) {
        if (!answer.claimed.empty() && ++claims == 1) {
            throw base::StoreError(base::StoreError::Kind::unknown, "the answer is lost");
        }
    };
    fixture.start();
    REQUIRE(wait_until([&] { return fixture.count(ids, Status::done) == 1; }));
    CHECK(claims == 2);
}

}  // namespace fleet::worker_test
