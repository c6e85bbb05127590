// Claiming: who may, what comes first, what a claim carries.
#include <algorithm>

#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using contracts::ClaimAnswer;

TEST_CASE("a claim hands out the oldest first, with all that a worker needs") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    const std::vector<ExecutionId> ids = f.push(3, "b");
    const base::StoreTime pushed_at = f.store().now();
    f.pass(1s);
    const std::vector<Claimed> claimed = f.claim("w", 2);
    REQUIRE(ids_of(claimed) == std::vector{ids[0], ids[1]});
    CHECK(claimed[0].lease.owner == f.registration().get("w")->owner);
    CHECK(claimed[0].lease.token > 0);
    CHECK(claimed[0].batch == "b");
    CHECK(claimed[0].stage.empty());
    CHECK(claimed[0].input == "\"item 1\"");
    CHECK(claimed[0].snapshot.empty());
    CHECK(claimed[0].signal.empty());
    CHECK(claimed[0].item_number == 1);
    CHECK(claimed[0].attempt == 1);
    CHECK(claimed[0].begun);
    CHECK(claimed[0].failures == 0);
    CHECK(claimed[0].max_attempts == 3);
    CHECK(claimed[0].created_at == pushed_at);
    CHECK(f.get(ids[0]).status == Status::running);
    CHECK(f.get(ids[0]).worker_id == "w");
    CHECK(f.get(ids[0]).started_at == f.store().now());
    CHECK(f.get(ids[2]).status == Status::pending);
    f.require_sound();
}

TEST_CASE("nothing is handed out twice while its lease holds") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.worker("b", "box-b");
    f.push(3);
    CHECK(f.claim("a", 10).size() == 3);
    CHECK(f.claim("a", 10).empty());
    CHECK(f.claim("b", 10).empty());
}

TEST_CASE("a claim is refused for whoever may not have work") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    SECTION("an unknown worker") {
        CHECK(f.claim(f.claim_request("nobody")).outcome == ClaimAnswer::Outcome::unknown_worker);
    }
    SECTION("a worker that is retiring learns it from the answer") {
        f.registration().update_status("w", WorkerStatus::terminating, "scale down");
        const ClaimAnswer answer = f.claim(f.claim_request("w"));
        CHECK(answer.outcome == ClaimAnswer::Outcome::worker_not_active);
        CHECK(answer.worker_status == WorkerStatus::terminating);
        CHECK(answer.claimed.empty());
        SECTION("and gets work again when it was called back") {
            f.registration().update_status("w", WorkerStatus::active, "called back");
            CHECK(f.claim("w", 1).size() == 1);
        }
    }
    SECTION("a worker that is lost") {
        f.registration().mark_dead("w", "its process is gone");
        const ClaimAnswer answer = f.claim(f.claim_request("w"));
        CHECK(answer.outcome == ClaimAnswer::Outcome::worker_not_active);
        CHECK(answer.worker_status == WorkerStatus::lost);
    }
    SECTION("an unknown pool") {
        contracts::ClaimRequest request = f.claim_request("w");
        request.pool = "nowhere";
        CHECK(f.claim(request).outcome == ClaimAnswer::Outcome::unknown_pool);
    }
    SECTION("a paused pool, until it goes on") {
        REQUIRE(f.store().scaling().set_paused("default", true));
        CHECK(f.claim(f.claim_request("w")).outcome == ClaimAnswer::Outcome::pool_paused);
        REQUIRE(f.store().scaling().set_paused("default", false));
        CHECK(f.claim("w", 1).size() == 1);
    }
}

TEST_CASE("resumed work comes first, then later stages, then priority, then age") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::PushRequest cheap = f.request(1);
    cheap.stage = "cheap";
    cheap.stage_rank = 0;
    const ExecutionId resumed = f.push(cheap).front();
    REQUIRE(f.work().release(leases_of(f.claim("w", 1))).empty());

    cheap.executions.resize(1);
    const ExecutionId cheap_old = f.push(cheap).front();
    cheap.executions[0].priority = 7;
    const ExecutionId cheap_urgent = f.push(cheap).front();
    contracts::PushRequest expensive = f.request(3);
    expensive.stage = "expensive";
    expensive.stage_rank = 1;
    expensive.executions[0].priority = -1;
    expensive.executions[2].priority = 2;
    const std::vector<ExecutionId> late = f.push(expensive);

    const std::vector<ExecutionId> order = ids_of(f.claim("w", 10));
    CHECK(order == std::vector{resumed, late[2], late[1], late[0], cheap_urgent, cheap_old});
}

TEST_CASE("age decides within equal priority across pushes and releases") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const std::vector<ExecutionId> first = f.push(2);
    f.pass(1s);
    const std::vector<ExecutionId> second = f.push(2);
    const std::vector<Claimed> claimed = f.claim("w", 3);
    REQUIRE(f.work().release(leases_of({claimed[2], claimed[0]})).empty());
    CHECK(ids_of(f.claim("w", 4)) == std::vector{first[0], second[0], second[1]});
}

TEST_CASE("a claim may be limited to stages") {
    FOR_EACH_STORE(f);
    f.worker("w");
    std::vector<ExecutionId> ids;
    for (const std::string stage : {"a", "b", "c"}) {
        contracts::PushRequest request = f.request(1);
        request.stage = stage;
        ids.push_back(f.push(request).front());
    }
    contracts::ClaimRequest request = f.claim_request("w", 10);
    request.stages = {"b", "nothing"};
    const ClaimAnswer answer = f.claim(request);
    REQUIRE(ids_of(answer.claimed) == std::vector{ids[1]});
    CHECK(answer.claimed[0].stage == "b");
}

TEST_CASE("a claim takes from its own pool only") {
    FOR_EACH_STORE(f);
    model::PoolPolicy other;
    other.pool = "other";
    f.store().scaling().put_pool(other);
    f.worker("w");
    contracts::PushRequest request = f.request(1);
    request.pool = "other";
    const ExecutionId id = f.push(request).front();
    CHECK(f.claim("w", 1).empty());
    contracts::ClaimRequest claim = f.claim_request("w");
    claim.pool = "other";
    CHECK(ids_of(f.claim(claim).claimed) == std::vector{id});
}

TEST_CASE("a private batch is claimed by those who name it and by nobody else") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("private", true);
    f.create_batch("shared", false);
    const ExecutionId own = f.push(1, "private").front();
    const ExecutionId shared = f.push(1, "shared").front();
    const ExecutionId loose = f.push(1).front();

    // Unbound first, while the private item is still there to be taken.
    CHECK(ids_of(f.claim("w", 10)) == std::vector{shared, loose});
    contracts::ClaimRequest request = f.claim_request("w", 10);
    request.batch = "private";
    CHECK(ids_of(f.claim(request).claimed) == std::vector{own});
    request.batch = "shared";  // not a private lane: its work is everybody's
    f.push(1, "shared");
    CHECK(f.claim(request).claimed.empty());
}

TEST_CASE("prefetched work is not begun") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(3);
    contracts::ClaimRequest request = f.claim_request("w", 3);
    request.begin = 1;
    const std::vector<Claimed> claimed = f.claim(request).claimed;
    REQUIRE(claimed.size() == 3);
    CHECK(claimed[0].begun);
    CHECK_FALSE(claimed[1].begun);
    CHECK_FALSE(claimed[2].begun);
    CHECK(claimed[2].attempt == 1);
    CHECK(f.get(claimed[0].lease.execution).counters.attempt == 1);
    CHECK(f.get(claimed[1].lease.execution).counters.attempt == 0);
    CHECK(f.get(claimed[1].lease.execution).status == Status::running);
    CHECK_FALSE(f.get(claimed[1].lease.execution).started_at);
}

TEST_CASE("every acquisition raises the fencing token") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    model::FencingToken last = 0;
    for (int round = 0; round < 5; ++round) {
        const Claimed claimed = f.claim_one("w");
        CHECK(claimed.lease.token > last);
        last = claimed.lease.token;
        REQUIRE(f.work().release(leases_of({claimed})).empty());
    }
}

TEST_CASE("a claim that finds nothing says when to look again") {
    FOR_EACH_STORE(f);
    f.worker("w");
    SECTION("never, when nothing will become due") {
        CHECK_FALSE(f.claim(f.claim_request("w")).next_due);
    }
    SECTION("when a delay ends") {
        contracts::PushRequest request = f.request(2);
        request.executions[0].delay = 50s;
        request.executions[1].delay = 20s;
        f.push(request);
        CHECK(f.claim(f.claim_request("w")).next_due == Millis{20s});
        f.pass(5s);
        CHECK(f.claim(f.claim_request("w")).next_due == Millis{15s});
    }
    SECTION("when a deadline ends") {
        f.push(1);
        f.worker("parker", "box-b");
        REQUIRE(f.commit(f.claim_one("parker"), NextWaiting{"approval", Millis{8s}}) ==
                CommitResult::applied);
        const auto due = f.claim(f.claim_request("w")).next_due;
        REQUIRE(due);
        CHECK(*due == Millis{8s});
    }
    SECTION("when somebody's lease ends") {
        f.push(1);
        f.worker("other", "box-b");
        f.claim_one("other");
        const auto due = f.claim(f.claim_request("w")).next_due;
        REQUIRE(due);
        CHECK(*due > 0ms);
        CHECK(*due <= kTtl);
    }
}

TEST_CASE("a batch is claimable while it is loading") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    f.push(2, "b");
    CHECK(f.claim("w", 1).size() == 1);
    REQUIRE(f.work().seal_batch("b"));
    CHECK(f.claim("w", 1).size() == 1);
}

TEST_CASE("one claim hands out a thousand and no more") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(contracts::kMaxClaim + 5);
    CHECK(f.claim("w", contracts::kMaxClaim).size() == contracts::kMaxClaim);
    CHECK(f.claim("w", contracts::kMaxClaim).size() == 5);
    f.require_sound();
}

}  // namespace
}  // namespace fleet::contract_test
