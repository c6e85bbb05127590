// Executions that began elsewhere: pushed with a resume point, or gone on with by another member of
// the family.
#include "common/base/errors.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

base::JsonText snapshot_json(std::int64_t step, const std::string& time) {
    return "{\"step\":" + std::to_string(step) + ",\"created_at\":\"" + time + "\"}";
}

contracts::PushRequest begun_elsewhere(const std::string& channel = {}) {
    contracts::PushRequest request = StoreFixture::request(1);
    request.executions.front().snapshot = snapshot_json(4, "2026-11-21T07:50:30Z");
    request.executions.front().channel = channel;
    return request;
}

void save(StoreFixture& f, const ExecutionId& id, std::int64_t step, const base::JsonText& json) {
    model::Snapshot snapshot = StoreFixture::snapshot(id, step);
    snapshot.json = json;
    f.store().checkpoints().save(snapshot);
}

}  // namespace

TEST_CASE("what is pushed with a resume point goes on from it, before new work") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    const ExecutionId id = f.push(begun_elsewhere()).front();
    CHECK(f.work().resume_point(id) == snapshot_json(4, "2026-11-21T07:50:30Z"));
    const Claimed claimed = f.claim_one("w");
    CHECK(claimed.lease.execution == id);
    CHECK(claimed.snapshot == snapshot_json(4, "2026-11-21T07:50:30Z"));
    CHECK(claimed.attempt == 1);
    REQUIRE(f.commit(claimed, NextDone{"1"}) == CommitResult::applied);
    f.require_sound();
}

TEST_CASE("a large resume point is kept whole") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::PushRequest request = begun_elsewhere();
    const base::JsonText large = "{\"step\":1,\"context\":\"" + std::string(100'000, 'x') + "\"}";
    request.executions.front().snapshot = large;
    const ExecutionId id = f.push(request).front();
    CHECK(f.work().resume_point(id) == large);
    CHECK(f.claim_one("w").snapshot == large);
    CHECK(f.work().resume_point(f.push(1).front()).empty());
}

TEST_CASE("what is pushed as waiting is parked on its channel and woken like any other") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(begun_elsewhere("approvals")).front();
    CHECK(f.get(id).status == Status::waiting);
    CHECK(f.get(id).channel == "approvals");
    CHECK(f.claim("w", 1).empty());
    CHECK(f.counts().waiting == 1);
    // A repeat changes nothing.
    contracts::PushRequest again = begun_elsewhere("approvals");
    again.executions.front().id = id;
    CHECK(f.work().push(again).executions.front().outcome ==
          contracts::PushedExecution::Outcome::already_there);
    CHECK(f.store().signals().send("approvals", "\"yes\"").woken == 1);
    const Claimed claimed = f.claim_one("w");
    CHECK(claimed.signal == "\"yes\"");
    CHECK(claimed.woken_by == model::Woken::signal);
    REQUIRE(f.commit(claimed, NextDone{"1"}) == CommitResult::applied);
    f.require_sound();
}

TEST_CASE("what is pushed as waiting takes a kept signal at once, and has a deadline") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.store().signals().send("approvals", "\"kept\"");
    const ExecutionId first = f.push(begun_elsewhere("approvals")).front();
    CHECK(f.get(first).status == Status::pending);
    contracts::PushRequest request = begun_elsewhere("approvals");
    request.executions.front().deadline = Millis{60'000};
    const ExecutionId second = f.push(request).front();
    CHECK(f.get(second).status == Status::waiting);
    CHECK(f.claim_one("w").signal == "\"kept\"");
    f.pass(61s);
    const Claimed late = f.claim_one("w");
    CHECK(late.lease.execution == second);
    CHECK(late.woken_by == model::Woken::deadline);
    CHECK(f.counts().total() == 2);
    f.require_sound();
}

TEST_CASE("what waits must have a place to go on from") {
    FOR_EACH_STORE(f);
    contracts::PushRequest request = begun_elsewhere("approvals");
    request.executions.front().snapshot.clear();
    CHECK_THROWS_AS(f.work().push(request), base::StoreError);
}

TEST_CASE("a newer checkpoint that somebody else has written is gone on from") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(begun_elsewhere()).front();
    f.store().scaling().set_paused("default", true);
    const base::JsonText newer = snapshot_json(6, "2026-11-21T07:50:31.5+00:00");
    save(f, id, 6, newer);
    f.store().scaling().set_paused("default", false);
    const Claimed claimed = f.claim_one("w");
    CHECK(claimed.snapshot == newer);
    CHECK(f.work().resume_point(id) == newer);
    // Of the same step the later one counts, whoever wrote its time.
    REQUIRE(f.commit(claimed, NextPending{"", {}}) == CommitResult::applied);
    save(f, id, 6, snapshot_json(6, "2026-11-21T07:50:31.500001Z"));
    CHECK(f.claim_one("w").snapshot == snapshot_json(6, "2026-11-21T07:50:31.500001Z"));
    f.require_sound();
}

TEST_CASE("an older checkpoint, a damaged one and our own change no resume point") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const base::JsonText ours = snapshot_json(4, "2026-11-21T07:50:30Z");
    for (const base::JsonText& other :
         {snapshot_json(3, "2026-11-21T09:00:00Z"), snapshot_json(4, "2026-11-21T07:50:29Z"), ours,
          base::JsonText("{\"step\":"), base::JsonText("[]")}) {
        CAPTURE(other);
        const ExecutionId id = f.push(begun_elsewhere()).front();
        save(f, id, 9, other);
        const Claimed claimed = f.claim_one("w");
        CHECK(claimed.snapshot == ours);
        REQUIRE(f.commit(claimed, NextDone{"1"}) == CommitResult::applied);
    }
}

}  // namespace fleet::contract_test
