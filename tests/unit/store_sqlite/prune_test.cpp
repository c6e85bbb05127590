#include "common/store/sqlite/prune.hpp"

#include <catch2/catch.hpp>

#include "common/store/sqlite/registration.hpp"
#include "tests/unit/store_sqlite/opened_store.hpp"

namespace fleet::store::sqlite::test {

TEST_CASE("everything of a pruned execution goes together and the counters follow") {
    OpenedStore opened;
    const auto id = opened.finished("\"" + std::string(5'000, 'x') + "\"");
    model::Snapshot snapshot;
    snapshot.execution_id = id.text();
    snapshot.event = "state_exit";
    snapshot.json = "{}";
    opened.store().checkpoints().save(snapshot);
    opened.push(2);
    const auto result = opened.store().prune({});
    CHECK(result.executions == 1);
    CHECK(result.checkpoints == 1);
    CHECK(opened.query("SELECT count(*) FROM executions") == "2");
    CHECK(opened.query("SELECT count(*) FROM payloads") == "0");
    CHECK(opened.query("SELECT count(*) FROM machine_checkpoints") == "0");
    CHECK(opened.query("SELECT count(*) FROM machine_latest") == "0");
    CHECK(opened.query("SELECT done FROM lanes") == "0");
    for (const auto& one : opened.store().check()) {
        INFO(one.what << ": " << one.detail);
        CHECK(one.ok);
    }
}

TEST_CASE("a call prunes a bounded number and says that there is more") {
    OpenedStore opened;
    opened.worker();
    opened.push(2'100);
    opened.execute("UPDATE executions SET status = 5, ready = 0, finished_at_ms = 1");
    opened.execute("UPDATE lanes SET ready = 0, cancelled = 2100");
    const auto first = opened.store().prune({});
    CHECK(first.executions == 2'000);
    CHECK(first.more);
    const auto second = opened.store().prune({});
    CHECK(second.executions == 100);
    CHECK_FALSE(second.more);
    CHECK(opened.query("SELECT cancelled FROM lanes") == "0");
}

TEST_CASE("the private lane of a batch goes when nothing of the batch is left") {
    OpenedStore opened;
    model::NewBatch batch;
    batch.name = "night";
    batch.pool = "default";
    batch.private_lane = true;
    auto& work = opened.store().work();
    REQUIRE(work.create_batch(batch));
    opened.push(2, "night");
    REQUIRE(work.seal_batch("night"));
    static_cast<void>(opened.store().prune({}));
    CHECK(opened.query("SELECT count(*) FROM lanes WHERE batch <> 0") == "1");
    contracts::BulkSelection all;
    all.batch = "night";
    REQUIRE(work.cancel(all).changed == 2);
    CHECK(opened.store().prune({}).executions == 2);
    CHECK(opened.query("SELECT count(*) FROM lanes WHERE batch <> 0") == "0");
    CHECK(work.batch("night")->counts.total() == 0);
}

TEST_CASE("only the last thousand final registrations are kept, and all that own something") {
    OpenedStore opened;
    auto& registration = opened.store().registration();
    opened.worker("holder");
    opened.push(1);
    REQUIRE(opened.claim(1, "holder").size() == 1);
    registration.mark_dead("holder", "killed");
    opened.worker("alive");
    for (std::int64_t i = 0; i < kKeptRegistrations + 5; ++i) {
        const auto id = "w" + std::to_string(i);
        opened.worker(id);
        registration.mark_dead(id, "killed");
    }
    const auto all = static_cast<std::int64_t>(registration.list({}).size());
    CHECK(all <= kKeptRegistrations + 2);
    CHECK(all >= kKeptRegistrations);
    CHECK(registration.get("holder"));
    CHECK(registration.get("alive"));
    CHECK_FALSE(registration.get("w0"));
    // Handed back by number and owner as ever.
    CHECK(opened.store()
              .work()
              .release_by_worker("holder", contracts::ReleaseReason::worker_dead)
              .size() == 1);
}

TEST_CASE("a registration that still owns something is not forgotten") {
    OpenedStore opened;
    opened.worker("w1");
    opened.worker("w2");
    opened.push(1);
    opened.claim(1, "w1");
    opened.store().registration().mark_dead("w1", "gone");
    opened.store().registration().mark_dead("w2", "gone");
    CHECK(opened.store().prune({}).registrations == 1);
    CHECK(opened.query("SELECT worker_id FROM worker_registry") == "w1");
}

}  // namespace fleet::store::sqlite::test
