// Signals for one execution alone.
#include "tests/contract/family.hpp"

namespace fleet::contract_test {
namespace {

using contracts::Addressed;

TEST_CASE("an addressed signal wakes the one that it is for and no other waiter") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(2);
    for (const Claimed& claimed : f.claim("w", 2)) {
        REQUIRE(f.commit(claimed, NextWaiting{"approval", {}}) == CommitResult::applied);
    }
    contracts::ExecutionFilter waiting;
    waiting.statuses = {Status::waiting};
    const ExecutionId second = f.work().find(waiting).executions.at(1).id;
    CHECK(f.store().signals().send_to(second, "approval", "7") == Addressed::woken);
    const Claimed woken = f.claim_one("w");
    CHECK(woken.lease.execution == second);
    CHECK(woken.signal == "7");
    CHECK(woken.woken_by == Woken::signal);
    CHECK(f.claim("w", 1).empty());
    f.require_sound();
}

TEST_CASE("an addressed signal is kept until its execution waits on that channel") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::SignalBackend& signals = f.store().signals();
    const ExecutionId id = f.push(1).front();
    CHECK(signals.send_to(id, "approval", "1") == Addressed::kept);
    Claimed claimed = f.claim_one("w");
    CHECK(signals.send_to(id, "approval", "2") == Addressed::kept);
    CHECK(signals.send_to(id, "other", "3") == Addressed::kept);
    CHECK(signals.send("approval", "for anybody").kept);
    CHECK(signals.peek("approval", 10).size() == 1);
    CHECK(signals.channels() == std::vector<model::ChannelCount>{{"approval", 1}});
    // Its own ones first, oldest first.
    for (const std::string payload : {"1", "2", "for anybody"}) {
        REQUIRE(f.commit(claimed, NextWaiting{"approval", {}}) == CommitResult::applied);
        CHECK(f.get(id).status == Status::pending);
        claimed = f.claim_one("w");
        CHECK(claimed.signal == payload);
        CHECK(claimed.woken_by == Woken::signal);
    }
    REQUIRE(f.commit(claimed, NextWaiting{"approval", {}}) == CommitResult::applied);
    CHECK(f.get(id).status == Status::waiting);
    // Waiting elsewhere does not count.
    CHECK(signals.send_to(id, "other", "4") == Addressed::kept);
    CHECK(f.get(id).status == Status::waiting);
    f.require_sound();
}

TEST_CASE("an addressed signal goes to nobody else and ends with its execution") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::SignalBackend& signals = f.store().signals();
    f.push(2);
    const std::vector<Claimed> claimed = f.claim("w", 2);
    const ExecutionId first = claimed[0].lease.execution;
    CHECK(signals.send_to(first, "approval", "1") == Addressed::kept);
    CHECK_FALSE(signals.consume("approval"));
    REQUIRE(f.commit(claimed[1], NextWaiting{"approval", {}}) == CommitResult::applied);
    CHECK(f.get(claimed[1].lease.execution).status == Status::waiting);
    REQUIRE(f.commit(claimed[0], NextDone{"1"}) == CommitResult::applied);
    CHECK(signals.send_to(first, "approval", "2") == Addressed::ended);
    CHECK(signals.send_to(model::child_id(first, 0, 0), "approval", "2") == Addressed::not_found);
    f.require_sound();
}

}  // namespace
}  // namespace fleet::contract_test
