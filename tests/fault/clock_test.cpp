// Times that jump: the wall clock is set, the host sleeps. On the real store, with its clock in the
// test's hand.
#include <algorithm>

#include <catch2/catch.hpp>

#include "common/store/open.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_clock.hpp"

namespace fleet::fault_test {
namespace {

using namespace std::chrono_literals;
using base::Millis;
using contracts::ReleaseReason;
using model::WorkerStatus;

constexpr Millis kScalerTtl = 15s;

/// Three workers on three boxes with leases of their own lengths, and a scaler's lease.
class Fleet {
  public:
    struct Worker {
        std::string id;
        Millis ttl{};
        std::vector<model::Lease> leases;
    };

    Fleet() {
        push();
        for (const auto& [id, ttl] :
             {std::pair{"short", Millis(2s)}, std::pair{"usual", Millis(15s)},
              std::pair{"long", Millis(60s)}}) {
            register_worker(id, ttl);
            workers_.push_back({id, ttl, claim(id, ttl, 2)});
            REQUIRE(workers_.back().leases.size() == 2);
        }
        register_worker("judge", 1h * 24);
        scaler_ = store_->locks().acquire("host:a", "scaler-a", kScalerTtl);
        REQUIRE(scaler_);
    }

    contracts::Store& store() { return *store_; }
    test_support::TestClock& clock() { return clock_; }
    const std::vector<Worker>& workers() const { return workers_; }
    model::NamedLease& scaler() { return *scaler_; }

    std::vector<model::Lease> claim(const std::string& id, Millis ttl, std::size_t limit) {
        contracts::ClaimRequest request;
        request.worker_id = id;
        request.pool = "default";
        request.limit = limit;
        request.begin = limit;
        request.ttl = ttl;
        std::vector<model::Lease> leases;
        const auto answer = store_->work().claim(request);
        CHECK(answer.expired_neighbours.empty());
        for (const auto& claimed : answer.claimed) {
            leases.push_back(claimed.lease);
        }
        return leases;
    }

    /// Everything that could take something from somebody, tried by somebody alive.
    [[nodiscard]] std::vector<std::string> judged() {
        std::vector<std::string> lost;
        for (const auto& record : store_->registration().expire()) {
            lost.push_back(record.worker_id);
        }
        for (const Worker& worker : workers_) {
            for (const auto& id :
                 store_->work().release_by_worker(worker.id, ReleaseReason::lease_expired)) {
                lost.push_back(worker.id + " lost " + id.text());
            }
        }
        for (const auto& lease : claim("judge", 24h, 100)) {
            lost.push_back("the judge took " + lease.execution.text());
        }
        if (store_->locks().acquire("host:a", "scaler-b", kScalerTtl)) {
            lost.emplace_back("the host's lease was taken");
        }
        return lost;
    }

    /// Time in which the judge is alive and ticks, but nobody else is.
    void pass(Millis span) {
        for (Millis left = span; left > Millis{0}; left -= 500ms) {
            clock_.advance(std::min<Millis>(left, 500ms));
            contracts::Heartbeat beat;
            beat.worker_id = "judge";
            REQUIRE(store_->registration().heartbeat(beat));
        }
    }

  private:
    void push() {
        model::WorkSpec spec;
        spec.machine = "builtin:noop";
        contracts::PushRequest request;
        request.pool = "default";
        request.spec = store_->work().put_spec(spec);
        request.executions.resize(6);
        REQUIRE(store_->work().push(request).executions.size() == 6);
    }
    void register_worker(const std::string& id, Millis ttl) {
        model::WorkerRecord record;
        record.worker_id = id;
        record.host = "box-of-" + id;
        record.process = {"boot-of-" + id, 1, 100, 1};
        record.owner = record.host + ":100:run";
        record.pool = "default";
        record.slots = 4;
        record.ttl = ttl;
        REQUIRE(std::holds_alternative<contracts::Registered>(
            store_->registration().register_worker(record)));
    }

    test_support::TemporaryFolder folder_;
    test_support::TestClock clock_;
    std::unique_ptr<contracts::Store> store_ =
        store::open_store(base::StoreUrl::parse("fleet.db", folder_.path()), clock_);
    std::vector<Worker> workers_;
    std::optional<model::NamedLease> scaler_;
};

TEST_CASE("a wall clock that is set forward or back judges nobody") {
    Fleet fleet;
    const base::StoreTime before = fleet.store().now();
    for (const Millis step : {Millis(365 * 24h), Millis(-2 * 365 * 24h)}) {
        fleet.clock().step_wall(step);
        CHECK(fleet.store().now() == before);
        CHECK(fleet.judged().empty());
    }
    // Work goes on: a lease ends when its time has passed, not sooner and not later.
    fleet.pass(1'500ms);
    CHECK(fleet.judged().empty());
    fleet.pass(500ms);
    CHECK_FALSE(fleet.judged().empty());
}

TEST_CASE("after a host slept nobody is judged for one TTL of theirs, and who wakes keeps all") {
    Fleet fleet;
    fleet.pass(1s);
    fleet.clock().advance(8h);
    SECTION("whoever wakes first judges nobody") {
        CHECK(fleet.judged().empty());
    }
    SECTION("also when the first to wake renews its own") {
        const auto& usual = fleet.workers()[1];
        CHECK(fleet.store().work().renew(usual.id, usual.leases, usual.ttl).lost.empty());
        CHECK(fleet.judged().empty());
    }
    fleet.pass(1'500ms);
    CHECK(fleet.judged().empty());
    // All wake within their TTL after the gap: nothing was lost to anybody.
    for (const auto& worker : fleet.workers()) {
        CHECK(fleet.store().work().renew(worker.id, worker.leases, worker.ttl).lost.empty());
        contracts::Heartbeat beat;
        beat.worker_id = worker.id;
        CHECK(fleet.store().registration().heartbeat(beat) == WorkerStatus::active);
    }
    CHECK(fleet.store().locks().renew(fleet.scaler(), kScalerTtl));
    fleet.pass(1'500ms);
    CHECK(fleet.judged().empty());
}

TEST_CASE("who does not wake is judged one TTL of its own after the gap, each at its time") {
    Fleet fleet;
    fleet.pass(1s);
    fleet.clock().advance(8h);
    CHECK(fleet.judged().empty());
    Millis since{0};
    for (const auto& worker : fleet.workers()) {
        fleet.pass(worker.ttl - since - 1ms);
        const auto early = fleet.store().registration().expire();
        CHECK(early.empty());
        CHECK(fleet.store()
                  .work()
                  .release_by_worker(worker.id, ReleaseReason::lease_expired)
                  .empty());
        fleet.pass(1ms);
        since = worker.ttl;
        const auto lost = fleet.store().registration().expire();
        REQUIRE(lost.size() == 1);
        CHECK(lost.front().worker_id == worker.id);
        CHECK(fleet.store()
                  .work()
                  .release_by_worker(worker.id, ReleaseReason::lease_expired)
                  .size() == worker.leases.size());
    }
    // And the late worker, awake at last, changes nothing.
    const auto& late = fleet.workers()[0];
    CHECK(fleet.store().work().renew(late.id, late.leases, late.ttl).lost.size() ==
          late.leases.size());
}

TEST_CASE("two sleeps in a row are two gaps") {
    Fleet fleet;
    fleet.pass(1s);
    fleet.clock().advance(1h);
    CHECK(fleet.judged().empty());
    fleet.pass(1s);
    fleet.clock().advance(1h);
    CHECK(fleet.judged().empty());
    fleet.pass(1'500ms);
    CHECK(fleet.judged().empty());
}

}  // namespace
}  // namespace fleet::fault_test
