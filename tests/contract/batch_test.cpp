// Batches: names, states, counts.
#include "common/base/errors.hpp"
#include "common/base/ids.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

TEST_CASE("a new batch is loading and empty, and is what was asked for") {
    FOR_EACH_STORE(f);
    model::NewBatch wanted;
    wanted.name = "20261121-075030-abcd";
    wanted.pool = "default";
    base::UuidGenerator generator;
    wanted.id_seed = generator.next(f.clock().wall_now());
    wanted.private_lane = true;
    wanted.spec = f.work().put_spec({});
    wanted.options = R"({"spool":"/tmp/x"})";
    REQUIRE(f.work().create_batch(wanted));
    const std::optional<model::Batch> batch = f.work().batch(wanted.name);
    REQUIRE(batch);
    CHECK(batch->name == wanted.name);
    CHECK(batch->pool == "default");
    CHECK(batch->state == model::BatchState::loading);
    CHECK(batch->id_seed == wanted.id_seed);
    CHECK(batch->private_lane);
    CHECK(batch->spec == wanted.spec);
    CHECK(batch->options == wanted.options);
    CHECK(batch->loaded_lines == 0);
    CHECK(batch->counts == model::StatusCounts{});
    CHECK(batch->created_at == f.store().now());
    CHECK_FALSE(batch->finished_at);
    CHECK_FALSE(f.work().batch("nothing"));
}

TEST_CASE("a batch's name is taken once") {
    FOR_EACH_STORE(f);
    f.create_batch("b");
    f.push(1, "b");
    model::NewBatch again;
    again.name = "b";
    again.pool = "default";
    CHECK_FALSE(f.work().create_batch(again));
    CHECK(f.work().batch("b")->counts.pending == 1);
}

TEST_CASE("a batch needs a pool that exists and a name that can be typed") {
    FOR_EACH_STORE(f);
    model::NewBatch batch;
    batch.name = "b";
    batch.pool = "nowhere";
    CHECK_THROWS_AS(f.work().create_batch(batch), base::StoreError);
    batch.pool = "default";
    for (const std::string& name :
         {std::string(), std::string("a b"), std::string("a/b"), std::string(101, 'x')}) {
        batch.name = name;
        CHECK_THROWS_AS(f.work().create_batch(batch), base::Error);
    }
    CHECK(f.work().batches(10).empty());
}

TEST_CASE("a batch counts its executions by status") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    f.push(6, "b");
    f.push(2);
    const std::vector<Claimed> claimed = f.claim("w", 5);
    REQUIRE(f.commit(claimed[0], NextDone{"1"}) == CommitResult::applied);
    REQUIRE(f.commit(claimed[1], NextDone{"1"}) == CommitResult::applied);
    REQUIRE(f.commit(claimed[2], StoreFixture::failure(FailureClass::permanent)) ==
            CommitResult::applied);
    REQUIRE(f.commit(claimed[3], NextWaiting{"c", {}}) == CommitResult::applied);
    model::StatusCounts expected;
    expected.pending = 1;
    expected.running = 1;
    expected.waiting = 1;
    expected.done = 2;
    expected.failed = 1;
    CHECK(f.work().batch("b")->counts == expected);
    CHECK(f.work().batch("b")->counts.total() == 6);
    f.require_sound();
}

TEST_CASE("a sealed batch is finished when its last execution is terminal") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    f.push(2, "b");
    REQUIRE(f.work().seal_batch("b"));
    CHECK(f.work().seal_batch("b"));
    CHECK(f.work().batch("b")->state == model::BatchState::sealed);
    f.pass(1s);
    REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
    CHECK_FALSE(f.work().batch("b")->finished_at);
    f.pass(1s);
    REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
    CHECK(f.work().batch("b")->finished_at == f.store().now());
}

TEST_CASE("a batch that was worked off while it was loading is finished when it is sealed") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    f.push(1, "b");
    REQUIRE(f.commit(f.claim_one("w"), NextDone{"1"}) == CommitResult::applied);
    REQUIRE(f.work().seal_batch("b"));
    CHECK(f.work().batch("b")->finished_at);
}

TEST_CASE("sealing and changing an unknown batch is answered with false") {
    FOR_EACH_STORE(f);
    CHECK_FALSE(f.work().seal_batch("nothing"));
    CHECK_FALSE(f.work().set_batch_options("nothing", "{}"));
}

TEST_CASE("a batch's options are replaced") {
    FOR_EACH_STORE(f);
    f.create_batch("b");
    REQUIRE(f.work().set_batch_options("b", R"({"workers":3})"));
    CHECK(f.work().batch("b")->options == R"({"workers":3})");
}

TEST_CASE("loaded lines are stored with the push that loads them") {
    FOR_EACH_STORE(f);
    f.create_batch("b");
    contracts::PushRequest request = f.request(2, "b");
    request.loaded_lines = 2;
    f.push(request);
    CHECK(f.work().batch("b")->loaded_lines == 2);
    request = f.request(1, "b");
    f.push(request);
    CHECK(f.work().batch("b")->loaded_lines == 2);
    request.executions.clear();
    request.loaded_lines = 5;
    f.push(request);
    CHECK(f.work().batch("b")->loaded_lines == 5);
    CHECK(f.work().batch("b")->counts.pending == 3);
}

TEST_CASE("batches are listed newest first") {
    FOR_EACH_STORE(f);
    for (const std::string name : {"z", "a", "m"}) {
        f.create_batch(name);
        f.pass(1s);
    }
    std::vector<std::string> names;
    for (const model::Batch& batch : f.work().batches(10)) {
        names.push_back(batch.name);
    }
    CHECK(names == std::vector<std::string>{"m", "a", "z"});
    CHECK(f.work().batches(1).size() == 1);
}

}  // namespace
}  // namespace fleet::contract_test
