// Leases of executions: beginning, renewing, releasing, expiring, taking over.
#include <algorithm>

#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using contracts::ClaimAnswer;
using contracts::RenewAnswer;

Claimed prefetch_one(StoreFixture& f, const std::string& worker_id) {
    contracts::ClaimRequest request = f.claim_request(worker_id);
    request.begin = 0;
    ClaimAnswer answer = f.claim(request);
    REQUIRE(answer.claimed.size() == 1);
    return answer.claimed.front();
}

RenewAnswer renew(StoreFixture& f, const std::string& worker_id,
                  const std::vector<Claimed>& claimed, Millis ttl = kTtl) {
    return f.work().renew(worker_id, leases_of(claimed), ttl);
}

TEST_CASE("begin starts a prefetched attempt, once") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = prefetch_one(f, "w");
    f.pass(2s);
    const std::vector<model::Lease> leases{claimed.lease};
    CHECK(f.work().begin(leases).empty());
    CHECK(f.get(id).counters.attempt == 1);
    CHECK(f.get(id).started_at == f.store().now());
    CHECK(f.work().begin(leases).empty());
    CHECK(f.get(id).counters.attempt == 1);
}

TEST_CASE("begin names what is not owned any more and starts the rest") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const std::vector<ExecutionId> ids = f.push(2);
    const Claimed first = prefetch_one(f, "w");
    const Claimed second = prefetch_one(f, "w");
    model::Lease stale = first.lease;
    --stale.token;
    CHECK(f.work().begin(std::vector{stale, second.lease}) == std::vector{stale});
    CHECK(f.get(ids[0]).counters.attempt == 0);
    CHECK(f.get(ids[1]).counters.attempt == 1);
}

TEST_CASE("prefetched work that is released bears no mark") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    CHECK(f.work().release(std::vector{prefetch_one(f, "w").lease}).empty());
    CHECK(f.get(id).status == Status::pending);
    CHECK(f.get(id).counters == model::Counters{});
    CHECK_FALSE(f.get(id).started_at);
    CHECK(f.claim_one("w").attempt == 1);
}

TEST_CASE(
    "begun work that is released counts the hand-back and its next attempt has a new number") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("w");
    CHECK(f.work().release(std::vector{claimed.lease}).empty());
    const model::Counters counters = f.get(id).counters;
    CHECK(counters.attempt == 1);
    CHECK(counters.releases == 1);
    CHECK(counters.failures == 0);
    CHECK(counters.lost_worker == 0);
    CHECK(counters.takeovers == 0);
    CHECK(f.claim_one("w").attempt == 2);
    f.require_sound();
}

TEST_CASE("a release names what is no longer owned and changes nothing of it") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    const Claimed first = f.claim_one("w");
    REQUIRE(f.work().release(std::vector{first.lease}).empty());
    const Claimed second = f.claim_one("w");
    CHECK(f.work().release(std::vector{first.lease}) == std::vector{first.lease});
    CHECK(f.get(id).status == Status::running);
    CHECK(f.commit(second, NextDone{"1"}) == CommitResult::applied);
    CHECK(f.work().release(std::vector{second.lease}) == std::vector{second.lease});
    CHECK(f.get(id).status == Status::done);
}

TEST_CASE("released work wakes the pool's workers") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    const Claimed claimed = f.claim_one("w");
    const auto ticket = f.store().triggers().ticket(contracts::pool_topic("default"));
    REQUIRE(f.work().release(std::vector{claimed.lease}).empty());
    CHECK(f.store().triggers().wait(contracts::pool_topic("default"), ticket, 0ms, {}));
}

TEST_CASE("a lease that is renewed is never taken") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.worker("b", "box-b");
    f.push(2);
    const std::vector<Claimed> claimed = f.claim("a", 2);
    for (int round = 0; round < 5; ++round) {
        f.pass(10s);
        const RenewAnswer answer = renew(f, "a", claimed);
        CHECK(answer.lost.empty());
        CHECK(answer.ttl == kTtl);
        CHECK(f.claim("b", 2).empty());
    }
    CHECK(f.commit(claimed[0], NextDone{"1"}) == CommitResult::applied);
}

TEST_CASE("a lease that expired is taken over with a larger token, and the loss is counted") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.worker("b", "box-b");
    const ExecutionId id = f.push(1).front();
    const Claimed before = f.claim_one("a");
    f.pass(kTtl - 1s);
    CHECK(f.claim("b", 1).empty());
    f.pass(1s);
    const Claimed after = f.claim_one("b");
    CHECK(after.lease.execution == id);
    CHECK(after.lease.token > before.lease.token);
    CHECK(after.attempt == 2);
    const model::Execution execution = f.get(id);
    CHECK(execution.worker_id == "b");
    CHECK(execution.counters.takeovers == 1);
    CHECK(execution.counters.lost_worker == 1);
    CHECK(execution.counters.failures == 0);

    CHECK(f.commit(before, NextDone{"1"}) == CommitResult::lease_lost);
    CHECK(renew(f, "a", {before}).lost == std::vector{before.lease});
    CHECK(f.work().begin(std::vector{before.lease}) == std::vector{before.lease});
    CHECK(f.commit(after, NextDone{"2"}) == CommitResult::applied);
    CHECK(f.get(id).output == "2");
    f.require_sound();
}

TEST_CASE("an attempt that had not begun is not counted as lost") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.worker("b", "box-b");
    const ExecutionId id = f.push(1).front();
    prefetch_one(f, "a");
    f.pass(kTtl);
    CHECK(f.claim_one("b").attempt == 1);
    CHECK(f.get(id).counters.lost_worker == 0);
    CHECK(f.get(id).counters.attempt == 1);
}

TEST_CASE("who is late may still renew and commit as long as nobody took the work") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.worker("b", "box-b");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("a");
    f.pass(kTtl + 60s);
    SECTION("renewing keeps it") {
        CHECK(renew(f, "a", {claimed}).lost.empty());
        CHECK(f.claim("b", 1).empty());
    }
    SECTION("a commit is applied") {
        CHECK(f.commit(claimed, NextDone{"1"}) == CommitResult::applied);
        CHECK(f.get(id).status == Status::done);
    }
    SECTION("a release is orderly") {
        CHECK(f.work().release(std::vector{claimed.lease}).empty());
        CHECK(f.get(id).counters.takeovers == 0);
    }
    SECTION("even when the worker is marked lost meanwhile") {
        f.registration().expire();
        CHECK(f.registration().get("a")->status == WorkerStatus::lost);
        CHECK(f.commit(claimed, NextDone{"1"}) == CommitResult::applied);
    }
}

TEST_CASE("expired leases of neighbours are named, not handed out") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.worker("b");  // the same box: it can end a's process itself
    const ExecutionId id = f.push(1).front();
    f.claim_one("a");
    CHECK(f.claim(f.claim_request("b")).expired_neighbours.empty());
    f.pass(kTtl);
    const ClaimAnswer answer = f.claim(f.claim_request("b"));
    CHECK(answer.outcome == ClaimAnswer::Outcome::ok);
    CHECK(answer.claimed.empty());
    REQUIRE(answer.expired_neighbours.size() == 1);
    CHECK(answer.expired_neighbours[0].worker_id == "a");
    CHECK(answer.expired_neighbours[0].process == f.registration().get("a")->process);
    CHECK(f.get(id).status == Status::running);

    CHECK(f.work().release_by_worker("a", ReleaseReason::worker_dead) == std::vector{id});
    CHECK(f.claim_one("b").lease.execution == id);
    CHECK(f.claim(f.claim_request("b")).expired_neighbours.empty());
}

TEST_CASE("a worker is never its own expired neighbour") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.push(1);
    const Claimed claimed = f.claim_one("a");
    f.pass(kTtl + 5s);
    const ClaimAnswer answer = f.claim(f.claim_request("a"));
    CHECK(answer.expired_neighbours.empty());
    CHECK(answer.claimed.empty());
    CHECK(f.commit(claimed, NextDone{"1"}) == CommitResult::applied);
}

TEST_CASE("leases that the worker does not name are released once they are older than a ttl") {
    FOR_EACH_STORE(f);
    f.worker("a");
    const std::vector<ExecutionId> ids = f.push(3);
    const Claimed known = f.claim_one("a");
    prefetch_one(f, "a");  // its answer never arrived
    f.pass(kTtl + 1s);
    const Claimed young = prefetch_one(f, "a");  // its answer is still on its way
    CHECK(renew(f, "a", {known}).lost.empty());
    CHECK(f.get(ids[0]).status == Status::running);
    CHECK(f.get(ids[1]).status == Status::pending);
    CHECK(f.get(ids[1]).counters == model::Counters{});
    CHECK(f.get(ids[2]).status == Status::running);
    CHECK(renew(f, "a", {known, young}).lost.empty());
    f.require_sound();
}

TEST_CASE("a renewal says which leases are lost and renews the others") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.worker("b", "box-b");
    f.push(2);
    const std::vector<Claimed> claimed = f.claim("a", 2);
    REQUIRE(f.commit(claimed[0], NextDone{"1"}) == CommitResult::applied);
    f.pass(10s);
    CHECK(renew(f, "a", claimed).lost == std::vector{claimed[0].lease});
    f.pass(10s);
    CHECK(f.claim("b", 2).empty());
}

TEST_CASE("a renewal by an unknown worker renews nothing") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.push(1);
    const Claimed claimed = f.claim_one("a");
    CHECK(renew(f, "nobody", {claimed}).lost == std::vector{claimed.lease});
}

TEST_CASE("proven death hands everything back at once") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.worker("b");
    const std::vector<ExecutionId> ids = f.push(2);
    f.claim_one("a");
    prefetch_one(f, "a");
    std::vector<ExecutionId> released = f.work().release_by_worker("a", ReleaseReason::worker_dead);
    std::sort(released.begin(), released.end());
    std::vector<ExecutionId> expected = ids;
    std::sort(expected.begin(), expected.end());
    CHECK(released == expected);
    CHECK(f.work().release_by_worker("a", ReleaseReason::worker_dead).empty());
    CHECK(f.get(ids[0]).counters.lost_worker == 1);
    CHECK(f.get(ids[0]).counters.takeovers == 1);
    CHECK(f.get(ids[1]).counters.lost_worker == 0);
    CHECK(f.get(ids[1]).counters.attempt == 0);
    CHECK(f.claim("b", 2).size() == 2);
    f.require_sound();
}

TEST_CASE("handing back for an expired lease is refused while the lease holds") {
    FOR_EACH_STORE(f);
    f.worker("a");
    const ExecutionId id = f.push(1).front();
    f.claim_one("a");
    f.pass(kTtl - 1s);
    CHECK(f.work().release_by_worker("a", ReleaseReason::lease_expired).empty());
    CHECK(f.get(id).status == Status::running);
    f.pass(1s);
    CHECK(f.work().release_by_worker("a", ReleaseReason::lease_expired) == std::vector{id});
    CHECK(f.get(id).counters.lost_worker == 1);
}

TEST_CASE("what an operator or a retirement hands back is not held against the execution") {
    FOR_EACH_STORE(f);
    f.worker("a");
    const ExecutionId id = f.push(1).front();
    f.claim_one("a");
    const ReleaseReason reason = GENERATE(ReleaseReason::operator_kill, ReleaseReason::retirement);
    CHECK(f.work().release_by_worker("a", reason) == std::vector{id});
    const model::Execution execution = f.get(id);
    CHECK(execution.status == Status::pending);
    CHECK(execution.counters.lost_worker == 0);
    CHECK(execution.counters.failures == 0);
    CHECK(execution.counters.takeovers == 0);
    CHECK(execution.counters.attempt == 1);
}

TEST_CASE("work that loses more workers than allowed fails as lost_worker") {
    FOR_EACH_STORE(f);
    const ExecutionId id = f.push(1).front();
    for (int loss = 1; loss <= model::kMaxLostWorker; ++loss) {
        const std::string worker = f.worker("w" + std::to_string(loss));
        CHECK(f.claim_one(worker).attempt == loss);
        f.work().release_by_worker(worker, ReleaseReason::worker_dead);
        REQUIRE(f.get(id).status == Status::pending);
        REQUIRE(f.get(id).counters.lost_worker == loss);
    }
    f.claim_one(f.worker("last"));
    f.work().release_by_worker("last", ReleaseReason::worker_dead);
    const model::Execution execution = f.get(id);
    CHECK(execution.status == Status::failed);
    REQUIRE(execution.error);
    CHECK(execution.error->kind == ErrorKind::lost_worker);
    CHECK_FALSE(execution.error->message.empty());
    CHECK(execution.counters.failures == 0);
    CHECK_FALSE(execution.poisoned);
    f.require_sound();
}

TEST_CASE("after a gap that nobody could renew through, leases hold for one more ttl") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.worker("b", "box-b");
    const ExecutionId id = f.push(1).front();
    const Claimed claimed = f.claim_one("a");
    f.pass(1s);
    f.jump(1h);
    CHECK(f.claim("b", 1).empty());
    CHECK(f.work().release_by_worker("a", ReleaseReason::lease_expired).empty());
    SECTION("the owner renews in time") {
        CHECK(f.work().renew("a", std::vector{claimed.lease}, kTtl).lost.empty());
        f.pass(kTtl - 1s);
        CHECK(f.claim("b", 1).empty());
    }
    SECTION("nobody renews") {
        f.pass(kTtl - 1s);
        CHECK(f.claim("b", 1).empty());
        f.pass(1s);
        CHECK(f.claim_one("b").lease.execution == id);
    }
    SECTION("the owner is proven dead, which needs no wait") {
        CHECK(f.work().release_by_worker("a", ReleaseReason::worker_dead) == std::vector{id});
        CHECK(f.claim_one("b").lease.execution == id);
    }
}

TEST_CASE("steps of the wall clock change nothing") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.worker("b", "box-b");
    f.push(1);
    f.claim_one("a");
    const base::StoreTime before = f.store().now();
    f.clock().step_wall(24h);
    CHECK(f.store().now() == before);
    CHECK(f.claim("b", 1).empty());
    f.clock().step_wall(-48h);
    f.pass(kTtl);
    CHECK(f.claim("b", 1).size() == 1);
}

}  // namespace
}  // namespace fleet::contract_test
