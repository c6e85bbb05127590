// Pushing executions and keeping their specs.
#include <algorithm>
#include <set>

#include "common/base/errors.hpp"
#include "common/base/ids.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using contracts::PushedExecution;
using contracts::PushResult;

std::vector<ExecutionId> derived_ids(std::size_t count) {
    base::UuidGenerator generator;
    const base::Uuid seed = generator.next(base::WallTime{1'700'000'000'000ms});
    std::vector<ExecutionId> ids;
    for (std::size_t i = 0; i < count; ++i) {
        ids.push_back(base::derived_uuid(seed, static_cast<std::uint32_t>(i)));
    }
    return ids;
}

TEST_CASE("what was pushed is pending with all that the request said") {
    FOR_EACH_STORE(f);
    contracts::PushRequest request = f.request(1);
    request.stage = "cheap";
    request.stage_rank = 2;
    request.max_attempts = 7;
    request.executions[0].priority = 5;
    request.executions[0].unique_key = "key-1";
    request.executions[0].input = R"({"text":"gr\u00fcn 'quoted' \"twice\""})";
    const ExecutionId id = f.push(request).front();

    const model::Execution execution = f.get(id);
    CHECK(execution.id == id);
    CHECK(execution.batch.empty());
    CHECK(execution.pool == "default");
    CHECK(execution.stage == "cheap");
    CHECK(execution.status == Status::pending);
    CHECK(execution.item_number == 1);
    CHECK(execution.priority == 5);
    CHECK(execution.max_attempts == 7);
    CHECK(execution.unique_key == "key-1");
    CHECK(execution.input == request.executions[0].input);
    CHECK(execution.output.empty());
    CHECK(execution.counters == model::Counters{});
    CHECK(execution.created_at == f.store().now());
    CHECK_FALSE(execution.started_at);
    CHECK_FALSE(execution.finished_at);
    CHECK_FALSE(execution.error);
    CHECK_FALSE(execution.last_attempt);
    CHECK_FALSE(execution.due_in);
    CHECK_FALSE(execution.cancel_requested);
    CHECK_FALSE(execution.poisoned);
    f.require_sound();
}

TEST_CASE("the store makes distinct ids for executions without one") {
    FOR_EACH_STORE(f);
    const std::vector<ExecutionId> ids = f.push(100);
    CHECK(std::set<ExecutionId>(ids.begin(), ids.end()).size() == 100);
    CHECK(std::none_of(ids.begin(), ids.end(), [](const auto& id) { return id.is_nil(); }));
}

TEST_CASE("a push with given ids may be repeated and inserts nothing twice") {
    FOR_EACH_STORE(f);
    contracts::PushRequest request = f.request(3);
    const std::vector<ExecutionId> ids = derived_ids(4);
    for (std::size_t i = 0; i < 3; ++i) {
        request.executions[i].id = ids[i];
        request.executions[i].unique_key = "key-" + std::to_string(i);
    }
    CHECK(f.push(request) == std::vector<ExecutionId>(ids.begin(), ids.begin() + 3));

    request.executions.push_back(request.executions[0]);
    request.executions[3].id = ids[3];
    request.executions[3].unique_key.clear();
    const PushResult again = f.work().push(request);
    REQUIRE(again.outcome == PushResult::Outcome::pushed);
    REQUIRE(again.executions.size() == 4);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(again.executions[i].id == ids[i]);
        CHECK(again.executions[i].outcome == PushedExecution::Outcome::already_there);
    }
    CHECK(again.executions[3].outcome == PushedExecution::Outcome::inserted);
    CHECK(f.counts().pending == 4);
    f.require_sound();
}

TEST_CASE("a repeated push leaves alone what has been finished since") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::PushRequest request = f.request(1);
    request.executions[0].id = derived_ids(1).front();
    f.push(request);
    REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);

    const PushResult again = f.work().push(request);
    CHECK(again.executions.at(0).outcome == PushedExecution::Outcome::already_there);
    CHECK(f.get(request.executions[0].id).status == Status::done);
}

TEST_CASE("a unique key that is live is not inserted twice and names its holder") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::PushRequest request = f.request(2);
    request.executions[0].unique_key = "same";
    request.executions[1].unique_key = "same";

    const PushResult first = f.work().push(request);
    REQUIRE(first.executions.size() == 2);
    CHECK(first.executions[0].outcome == PushedExecution::Outcome::inserted);
    CHECK(first.executions[1].outcome == PushedExecution::Outcome::duplicate_key);
    CHECK(first.executions[1].id == first.executions[0].id);

    const Claimed running = f.claim_one("w");
    const PushResult second = f.work().push(request);
    CHECK(second.executions.at(0).outcome == PushedExecution::Outcome::duplicate_key);
    CHECK(second.executions.at(0).id == first.executions[0].id);

    SECTION("the key is free again when its holder is terminal") {
        REQUIRE(f.commit(running, NextDone{"1"}) == CommitResult::applied);
        const PushResult third = f.work().push(request);
        CHECK(third.executions.at(0).outcome == PushedExecution::Outcome::inserted);
        CHECK(third.executions.at(0).id != first.executions[0].id);
    }
    SECTION("the key is live in its pool only") {
        model::PoolPolicy other;
        other.pool = "other";
        f.store().scaling().put_pool(other);
        request.pool = "other";
        const PushResult elsewhere = f.work().push(request);
        CHECK(elsewhere.executions.at(0).outcome == PushedExecution::Outcome::inserted);
    }
}

TEST_CASE("a push into an unknown pool or batch inserts nothing and says so") {
    FOR_EACH_STORE(f);
    contracts::PushRequest request = f.request(2);
    request.pool = "nowhere";
    CHECK(f.work().push(request).outcome == PushResult::Outcome::unknown_pool);
    CHECK(f.work().push(f.request(2, "nothing")).outcome == PushResult::Outcome::unknown_batch);
    CHECK(f.counts().total() == 0);
}

TEST_CASE("a push into a sealed or cancelled batch inserts nothing and says so") {
    FOR_EACH_STORE(f);
    f.create_batch("b");
    REQUIRE(f.work().seal_batch("b"));
    CHECK(f.work().push(f.request(1, "b")).outcome == PushResult::Outcome::batch_sealed);
    f.create_batch("c");
    contracts::BulkSelection selection;
    selection.batch = "c";
    f.work().cancel(selection);
    CHECK(f.work().push(f.request(1, "c")).outcome == PushResult::Outcome::batch_cancelled);
    CHECK(f.counts().total() == 0);
}

TEST_CASE("a push beyond its limits is refused as a whole") {
    FOR_EACH_STORE(f);
    CHECK_THROWS_AS(f.work().push(f.request(contracts::kMaxPush + 1)), base::StoreError);
    contracts::PushRequest large = f.request(2);
    large.executions[1].input = std::string(contracts::kMaxInputBytes + 1, 'x');
    CHECK_THROWS_AS(f.work().push(large), base::StoreError);
    CHECK(f.counts().total() == 0);
    CHECK(f.push(contracts::kMaxPush).size() == contracts::kMaxPush);
    CHECK(f.counts().pending == static_cast<std::int64_t>(contracts::kMaxPush));
}

TEST_CASE("large inputs come back whole, when claimed and when looked at") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::PushRequest request = f.request(1);
    request.executions[0].input = "\"" + std::string(1U << 20U, 'i') + "\"";
    const ExecutionId id = f.push(request).front();
    CHECK(f.claim_one("w").input == request.executions[0].input);
    CHECK(f.get(id).input == request.executions[0].input);
}

TEST_CASE("a delayed execution is not ready until its delay has passed") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::PushRequest request = f.request(1);
    request.executions[0].delay = 30s;
    const ExecutionId id = f.push(request).front();
    CHECK(f.get(id).status == Status::pending);
    CHECK(f.get(id).due_in == Millis{30s});
    CHECK(f.claim("w", 1).empty());
    f.pass(29s);
    CHECK(f.claim("w", 1).empty());
    CHECK(f.get(id).due_in == Millis{1s});
    f.pass(1s);
    CHECK(ids_of(f.claim("w", 1)) == std::vector{id});
    CHECK_FALSE(f.get(id).due_in);
    f.require_sound();
}

TEST_CASE("a push wakes the pool's workers and the scalers") {
    FOR_EACH_STORE(f);
    contracts::TriggerBackend& triggers = f.store().triggers();
    const auto pool = triggers.ticket(contracts::pool_topic("default"));
    const auto scaler = triggers.ticket(contracts::scaler_topic());
    f.push(1);
    CHECK(triggers.wait(contracts::pool_topic("default"), pool, 0ms, {}));
    CHECK(triggers.wait(contracts::scaler_topic(), scaler, 0ms, {}));
}

TEST_CASE("equal specs are stored once and come back as they were") {
    FOR_EACH_STORE(f);
    model::WorkSpec spec;
    spec.argv = {"sha256sum", "{}"};
    spec.directory = "/tmp";
    spec.environment = {{"A", "1"}, {"B", "two words"}};
    spec.timeout = 90s;
    const std::int64_t number = f.work().put_spec(spec);
    CHECK(number >= 1);
    CHECK(f.work().put_spec(spec) == number);
    model::WorkSpec other = spec;
    other.max_attempts = 9;
    const std::int64_t second = f.work().put_spec(other);
    CHECK(second != number);
    CHECK(f.work().spec(number) == spec);
    CHECK(f.work().spec(second) == other);
    CHECK_FALSE(f.work().spec(second + 100));

    f.worker("w");
    contracts::PushRequest request = f.request(1);
    request.spec = second;
    const ExecutionId id = f.push(request).front();
    CHECK(f.get(id).spec == second);
    CHECK(f.claim_one("w").spec == second);
}

}  // namespace
}  // namespace fleet::contract_test
