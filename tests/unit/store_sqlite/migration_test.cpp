// A file of an older schema version is migrated forward when it is opened, with what it holds.
#include <fcntl.h>
#include <string>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "common/base/fd.hpp"
#include "common/store/sqlite/connection.hpp"
#include "common/store/sqlite/schema.hpp"
#include "common/store/sqlite/schema_v1.hpp"
#include "common/store/sqlite/sqlite_store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::store::sqlite::test {

namespace {

/// As version 1 made it: a batch with a pending, a waiting, a failed and a done execution, and a
/// checkpoint.
constexpr const char* kOldRows = R"sql(
INSERT INTO clock (id, boot_id, offset_ms, last_tick_ms, gap_end_ms, store_epoch)
    VALUES (1, 'an older boot', 0, 0, 0, 1);
INSERT INTO lanes (lane, pool, stage, ready, waiting, failed, done) VALUES (1, 1, '', 1, 1, 1, 1);
INSERT INTO specs (spec, body) VALUES (1, '{"machine":"builtin:noop"}');
INSERT INTO batches (batch, name, pool, state, id_seed, private_lane, spec, options, first_seq,
    last_seq, ready, waiting, failed, done, created_at_ms)
    VALUES (1, 'old', 1, 1, zeroblob(16), 0, 1, '{}', 1, 4, 1, 1, 1, 1, 1000);
INSERT INTO executions (id, lane, batch, spec, status, ready, rank, item, max_attempts, token,
    begun, attempt, created_at_ms, finished_at_ms, channel, error_kind, error, evidence, input,
    output)
VALUES
    (x'00000000000070008000000000000001', 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 1000, NULL, NULL,
     NULL, NULL, NULL, '"a"', NULL),
    (x'00000000000070008000000000000002', 1, 1, 1, 2, 0, 0, 2, 1, 5, 0, 1, 1000, NULL, 'approval',
     NULL, NULL, NULL, '"b"', NULL),
    (x'00000000000070008000000000000003', 1, 1, 1, 4, 0, 0, 3, 1, 5, 1, 1, 1000, 2000, NULL,
     0, 'exit code 3', '/log', '"c"', NULL),
    (x'00000000000070008000000000000004', 1, 1, 1, 3, 0, 0, 4, 1, 5, 1, 1, 1000, 2000, NULL,
     NULL, NULL, NULL, '"d"', '7');
INSERT INTO signals (id, channel, data_json, created_at)
    VALUES ('01', 'kept', '1', '2026-11-21T08:00:00Z');
)sql";

void make_version_1(const std::filesystem::path& file) {
    {
        const base::UniqueFd fd{::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
        REQUIRE(fd);
    }
    Connection connection{file, Access::read_write, Durability::normal};
    connection.execute(kSchemaV1);
    connection.execute("PRAGMA user_version = 1");
    connection.execute(kOldRows);
}

std::int64_t version_of(const std::filesystem::path& file) {
    Connection connection{file, Access::read_only, Durability::normal};
    auto row = connection.prepare("PRAGMA user_version");
    row.step();
    return row.integer(0);
}

}  // namespace

TEST_CASE("a store of schema version 1 goes on with all that it holds") {
    const test_support::TemporaryFolder folder;
    const auto file = folder / "old.db";
    make_version_1(file);
    const base::SystemClock clock;
    const auto url = base::StoreUrl::parse("sqlite:" + file.string(), "/");
    const auto store = make_sqlite_store(url, clock, true);
    CHECK(version_of(file) == kSchemaVersion);
    for (const auto& finding : store->check()) {
        INFO(finding.what << ": " << finding.detail);
        CHECK(finding.ok);
    }
    const auto page = store->work().find({});
    REQUIRE(page.executions.size() == 4);
    CHECK(page.executions[0].input == "\"a\"");
    CHECK(page.executions[2].error->type.empty());
    CHECK(page.executions[3].output == "7");
    CHECK(page.executions[1].parent.is_nil());
    CHECK(page.executions[1].root == page.executions[1].id);
    CHECK(store->work().batch("old")->counts.total() == 4);
    CHECK(store->signals().consume("kept")->payload == "1");

    model::WorkerRecord worker;
    worker.worker_id = "w";
    worker.host = "h";
    worker.owner = "h:1:r";
    worker.pool = "default";
    worker.process.boot_id = "b";
    worker.process.pid = 1;
    store->registration().register_worker(worker);
    CHECK(store->signals().send("approval", "2").woken == 1);
    contracts::ClaimRequest request;
    request.worker_id = "w";
    request.pool = "default";
    request.limit = 10;
    const auto claimed = store->work().claim(request).claimed;
    REQUIRE(claimed.size() == 2);
    CHECK(claimed[0].lease.execution == page.executions[1].id);
    CHECK(claimed[0].woken_by == model::Woken::signal);

    // An execution of the old file becomes a parent.
    model::StepCommit commit;
    commit.lease = claimed[0].lease;
    commit.commit_id = 1;
    model::NewChild child;
    child.id = model::child_id(claimed[0].lease.execution, 1, 0);
    child.step = 1;
    commit.children = {child};
    commit.next = model::NextChildren{.step = 1};
    CHECK(store->commit({&commit, 1}).front() == model::CommitResult::applied);
    CHECK(store->work().get(claimed[0].lease.execution)->children_open == 1);
}

TEST_CASE("a migrated store is opened again and migrated no further") {
    const test_support::TemporaryFolder folder;
    const auto file = folder / "old.db";
    make_version_1(file);
    const base::SystemClock clock;
    const auto url = base::StoreUrl::parse("sqlite:" + file.string(), "/");
    for (int i = 0; i < 2; ++i) {
        const auto store = make_sqlite_store(url, clock, true);
        CHECK(store->work().batch("old").has_value());
    }
    CHECK(version_of(file) == kSchemaVersion);
}

}  // namespace fleet::store::sqlite::test
