// Signals, and the executions that wait for them.
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using contracts::SendResult;

ExecutionId park(StoreFixture& f, const std::string& channel,
                 std::optional<Millis> deadline = std::nullopt) {
    f.push(1);
    const Claimed claimed = f.claim_one("w");
    REQUIRE(f.commit(claimed, NextWaiting{channel, deadline}) == CommitResult::applied);
    return claimed.lease.execution;
}

TEST_CASE("a signal that nobody waits for is kept and consumed oldest first") {
    FOR_EACH_STORE(f);
    contracts::SignalBackend& signals = f.store().signals();
    CHECK_FALSE(signals.consume("a"));
    for (const std::string payload : {"1", "2", "3"}) {
        const SendResult result = signals.send("a", payload);
        CHECK(result.kept);
        CHECK(result.woken == 0);
    }
    signals.send("b", "9");
    const std::vector<model::Signal> peeked = signals.peek("a", 2);
    REQUIRE(peeked.size() == 2);
    CHECK(peeked[0].payload == "1");
    CHECK(peeked[1].payload == "2");
    CHECK(peeked[0].channel == "a");
    CHECK(peeked[0].id != peeked[1].id);
    CHECK(peeked[0].created_at == f.store().now());
    CHECK(signals.channels() == std::vector<model::ChannelCount>{{"a", 3}, {"b", 1}});
    for (const std::string payload : {"1", "2", "3"}) {
        const auto signal = signals.consume("a");
        REQUIRE(signal);
        CHECK(signal->payload == payload);
    }
    CHECK_FALSE(signals.consume("a"));
    CHECK(signals.channels() == std::vector<model::ChannelCount>{{"b", 1}});
}

TEST_CASE("a parked execution holds no lease and is not handed out") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = park(f, "approval");
    const model::Execution execution = f.get(id);
    CHECK(execution.status == Status::waiting);
    CHECK(execution.channel == "approval");
    CHECK_FALSE(execution.due_in);
    CHECK(f.claim("w", 1).empty());
    CHECK(f.work().release_by_worker("w", ReleaseReason::worker_dead).empty());
    f.require_sound();
}

TEST_CASE("a signal wakes every execution that waits, each with a copy, and is not kept") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId first = park(f, "approval");
    const ExecutionId second = park(f, "approval");
    const ExecutionId other = park(f, "something else");
    const ExecutionId fresh = f.push(1).front();
    const auto ticket = f.store().triggers().ticket(contracts::pool_topic("default"));
    const SendResult result = f.store().signals().send("approval", R"({"by":"me"})");
    CHECK(result.woken == 2);
    CHECK_FALSE(result.kept);
    CHECK(f.store().triggers().wait(contracts::pool_topic("default"), ticket, 0ms, {}));
    CHECK(f.store().signals().channels().empty());
    CHECK(f.get(first).channel.empty());
    CHECK(f.get(other).status == Status::waiting);

    const std::vector<Claimed> claimed = f.claim("w", 5);
    CHECK(ids_of(claimed) == std::vector{first, second, fresh});
    CHECK(claimed[0].signal == R"({"by":"me"})");
    CHECK(claimed[1].signal == R"({"by":"me"})");
    CHECK(claimed[2].signal.empty());
    CHECK(claimed[0].attempt == 2);
    f.require_sound();
}

TEST_CASE("who parks on a channel that holds a signal goes on with it at once") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.store().signals().send("approval", "1");
    f.store().signals().send("approval", "2");
    const ExecutionId id = park(f, "approval");
    CHECK(f.get(id).status == Status::pending);
    const Claimed claimed = f.claim_one("w");
    CHECK(claimed.lease.execution == id);
    CHECK(claimed.signal == "1");
    CHECK(f.store().signals().channels() == std::vector<model::ChannelCount>{{"approval", 1}});
}

TEST_CASE("a commit that signals the channel on which it parks wakes itself") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    StepCommit commit = f.step(f.claim_one("w"), NextWaiting{"self", {}});
    commit.signals = {{"self", "1"}};
    REQUIRE(f.commit(commit) == CommitResult::applied);
    CHECK(f.claim_one("w").signal == "1");
    CHECK(f.store().signals().channels().empty());
}

TEST_CASE("the payload is not lost when the woken execution is handed back") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = park(f, "approval");
    f.store().signals().send("approval", "1");
    Claimed claimed = f.claim_one("w");
    SECTION("by its owner") {
        REQUIRE(f.work().release(std::vector{claimed.lease}).empty());
    }
    SECTION("because its worker died") {
        f.work().release_by_worker("w", ReleaseReason::worker_dead);
    }
    claimed = f.claim_one("w");
    CHECK(claimed.lease.execution == id);
    CHECK(claimed.signal == "1");
}

TEST_CASE("a payload is not delivered again after the step that used it") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = park(f, "approval");
    f.store().signals().send("approval", "1");
    StepCommit commit = f.step(f.claim_one("w"), NextRunning{});
    commit.snapshot = f.snapshot(id, 2);
    REQUIRE(f.commit(commit) == CommitResult::applied);
    REQUIRE(f.work().release(std::vector{commit.lease}).empty());
    CHECK(f.claim_one("w").signal.empty());
}

TEST_CASE("who parks again gets the next signal only") {
    FOR_EACH_STORE(f);
    f.worker("w");
    park(f, "approval");
    f.store().signals().send("approval", "1");
    REQUIRE(f.commit(f.claim_one("w"), NextWaiting{"approval", {}}) == CommitResult::applied);
    f.store().signals().send("approval", "2");
    CHECK(f.claim_one("w").signal == "2");
}

TEST_CASE("a deadline wakes an execution without a signal") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = park(f, "approval", 20s);
    CHECK(f.get(id).due_in == Millis{20s});
    f.pass(19s);
    CHECK(f.claim("w", 1).empty());
    f.pass(1s);
    const Claimed claimed = f.claim_one("w");
    CHECK(claimed.lease.execution == id);
    CHECK(claimed.signal.empty());
    CHECK(f.get(id).channel.empty());
    CHECK(f.store().signals().send("approval", "1").kept);
    f.require_sound();
}

TEST_CASE("a deadline alone is enough to wait for") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = park(f, "", 10s);
    CHECK(f.get(id).status == Status::waiting);
    f.pass(10s);
    CHECK(f.claim_one("w").lease.execution == id);
}

TEST_CASE("a signal before the deadline ends the wait, and the deadline does nothing then") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = park(f, "approval", 20s);
    f.pass(5s);
    CHECK(f.store().signals().send("approval", "1").woken == 1);
    CHECK_FALSE(f.get(id).due_in);
    const Claimed claimed = f.claim_one("w");
    CHECK(claimed.signal == "1");
    REQUIRE(f.commit(claimed, NextDone{"1"}) == CommitResult::applied);
    f.pass(30s);
    CHECK(f.claim("w", 1).empty());
    CHECK(f.get(id).status == Status::done);
}

TEST_CASE("a signal after the deadline is kept, even if nobody has looked since") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = park(f, "approval", 20s);
    f.pass(20s);
    SECTION("to all who wait") {
        const contracts::SendResult sent = f.store().signals().send("approval", "1");
        CHECK(sent.woken == 0);
        CHECK(sent.kept);
    }
    SECTION("to this one") {
        CHECK(f.store().signals().send_to(id, "approval", "1") == contracts::Addressed::kept);
    }
    const Claimed claimed = f.claim_one("w");
    CHECK(claimed.woken_by == model::Woken::deadline);
    CHECK(claimed.signal.empty());
    REQUIRE(f.commit(claimed, NextWaiting{"approval", {}}) == CommitResult::applied);
    CHECK(f.claim_one("w").signal == "1");
    f.require_sound();
}

void park_many(StoreFixture& f, std::size_t count, const std::string& channel) {
    f.push(count);
    std::size_t parked = 0;
    while (parked < count) {
        std::vector<StepCommit> commits;
        for (const Claimed& claimed : f.claim("w", contracts::kMaxClaim)) {
            commits.push_back(f.step(claimed, NextWaiting{channel, {}}));
        }
        REQUIRE_FALSE(commits.empty());
        f.store().commit(commits);
        parked += commits.size();
    }
}

TEST_CASE("more waiters than one transaction may wake are all woken by one signal") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const std::size_t count = 2 * contracts::kMaxWoken + 10;
    park_many(f, count, "all");
    const SendResult result = f.store().signals().send("all", "1");
    CHECK(result.woken == count);
    CHECK_FALSE(result.kept);
    CHECK(f.counts().waiting == 0);
    CHECK(f.store().signals().send("all", "2").kept);
    f.require_sound();
}

TEST_CASE("a commit's signal reaches more waiters than one transaction may wake") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const std::size_t count = contracts::kMaxWoken + 700;
    park_many(f, count, "all");
    f.push(1);
    StepCommit commit = f.step(f.claim_one("w"), NextDone{"1"});
    commit.signals = {{"all", "1"}};
    REQUIRE(f.commit(commit) == CommitResult::applied);
    std::size_t woken = 0;
    while (woken < count) {
        const std::vector<Claimed> claimed = f.claim("w", 300);
        REQUIRE_FALSE(claimed.empty());
        for (const Claimed& one : claimed) {
            CHECK(one.signal == "1");
        }
        woken += claimed.size();
    }
    CHECK(f.claim("w", 1).empty());
    f.require_sound();
}

}  // namespace
}  // namespace fleet::contract_test
