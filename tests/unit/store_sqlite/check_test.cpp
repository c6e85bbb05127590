#include "common/store/sqlite/check.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/unit/store_sqlite/opened_store.hpp"

namespace fleet::store::sqlite::test {

namespace {

contracts::CheckFinding finding(OpenedStore& opened, const std::string& what) {
    const auto findings = opened.store().check();
    const auto found = std::find_if(findings.begin(), findings.end(),
                                    [&](const auto& one) { return one.what == what; });
    REQUIRE(found != findings.end());
    return *found;
}

}  // namespace

TEST_CASE("a store in use is found sound in every respect") {
    OpenedStore opened;
    opened.finished(R"("done")");
    opened.push(5);
    opened.claim(2);
    for (const auto& one : opened.store().check()) {
        INFO(one.what << ": " << one.detail);
        CHECK(one.ok);
    }
}

TEST_CASE("a counter that does not match the rows is named with both figures") {
    OpenedStore opened;
    opened.push(3);
    opened.execute("UPDATE lanes SET ready = 7");
    const auto wrong = finding(opened, "counters");
    CHECK_FALSE(wrong.ok);
    CHECK_THAT(wrong.detail, Catch::Contains("counts 7 ready, there are 3"));
}

TEST_CASE("a batch's counter that does not match the rows is named") {
    OpenedStore opened;
    model::NewBatch batch;
    batch.name = "night";
    batch.pool = "default";
    REQUIRE(opened.store().work().create_batch(batch));
    opened.push(3, "night");
    CHECK(finding(opened, "counters").ok);
    opened.execute("UPDATE batches SET failed = 1");
    const auto wrong = finding(opened, "counters");
    CHECK_FALSE(wrong.ok);
    CHECK_THAT(wrong.detail, Catch::Contains("batch night counts 1 failed, there are 0"));
}

TEST_CASE("executions that run under a registration which is gone are named") {
    OpenedStore opened;
    opened.worker();
    opened.push(2);
    opened.claim(2);
    CHECK(finding(opened, "orphaned leases").ok);
    opened.execute("DELETE FROM worker_registry");
    const auto wrong = finding(opened, "orphaned leases");
    CHECK_FALSE(wrong.ok);
    CHECK_THAT(wrong.detail, Catch::Contains("is gone and holds 2"));
}

TEST_CASE("executions of a lost worker are named until they are handed back") {
    OpenedStore opened;
    opened.worker();
    opened.push(1);
    opened.claim(1);
    REQUIRE(opened.store().registration().mark_dead("w1", "killed"));
    const auto wrong = finding(opened, "orphaned leases");
    CHECK_FALSE(wrong.ok);
    CHECK_THAT(wrong.detail, Catch::Contains("worker w1 is lost and holds 1"));
    opened.store().work().release_by_worker("w1", contracts::ReleaseReason::worker_dead);
    CHECK(finding(opened, "orphaned leases").ok);
}

TEST_CASE("a result file that is missing is named") {
    OpenedStore opened;
    opened.finished("\"" + std::string(contracts::kInlineResultBytes, 'x') + "\"");
    CHECK(finding(opened, "result files").ok);
    std::filesystem::remove_all(opened.data_folder() / "results");
    const auto wrong = finding(opened, "result files");
    CHECK_FALSE(wrong.ok);
    CHECK_THAT(wrong.detail, Catch::Contains("is missing"));
}

TEST_CASE("an index that lacks entries is damage") {
    OpenedStore opened;
    opened.push(3);
    CHECK(finding(opened, "integrity").ok);
    // The index of the ready ones becomes the empty one of the due ones.
    opened.execute(
        "PRAGMA writable_schema = ON; "
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = "
        "'executions_due') WHERE name = 'executions_ready'; PRAGMA writable_schema = RESET; "
        "PRAGMA schema_version = 1000;");
    const auto wrong = finding(opened, "integrity");
    CHECK_FALSE(wrong.ok);
    CHECK_THAT(wrong.detail, Catch::Contains("fleet backup"));
}

TEST_CASE("a clock that belongs to another boot is named") {
    OpenedStore opened;
    CHECK(finding(opened, "clock").ok);
    opened.execute("UPDATE clock SET boot_id = 'another'");
    CHECK_FALSE(finding(opened, "clock").ok);
}

}  // namespace fleet::store::sqlite::test
