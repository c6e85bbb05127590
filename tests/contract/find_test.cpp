// Looking at executions: filters, pages, groups of errors.
#include <algorithm>
#include <set>

#include "common/base/ids.hpp"
#include "tests/contract/family.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

using contracts::ExecutionFilter;
using contracts::ExecutionPage;

std::vector<ExecutionId> found(StoreFixture& f, const ExecutionFilter& filter) {
    std::vector<ExecutionId> ids;
    for (const model::Execution& execution : f.work().find(filter).executions) {
        ids.push_back(execution.id);
    }
    return ids;
}

void fail(StoreFixture& f, const Claimed& claimed, ErrorKind kind, const std::string& message) {
    NextFailed failed = StoreFixture::failure(FailureClass::permanent);
    failed.error = {kind, message, {}};
    REQUIRE(f.commit(claimed, failed) == CommitResult::applied);
}

TEST_CASE("without a filter all executions are found, in the order in which they came") {
    FOR_EACH_STORE(f);
    CHECK(found(f, {}).empty());
    std::vector<ExecutionId> ids = f.push(5);
    CHECK(found(f, {}) == ids);
    ExecutionFilter filter;
    filter.newest_first = true;
    std::reverse(ids.begin(), ids.end());
    CHECK(found(f, filter) == ids);
}

TEST_CASE("pages cover everything once, in either direction") {
    FOR_EACH_STORE(f);
    std::vector<ExecutionId> ids = f.push(25);
    ExecutionFilter filter;
    filter.newest_first = GENERATE(false, true);
    filter.limit = static_cast<std::size_t>(GENERATE(1, 7, 25, 100));
    std::vector<ExecutionId> seen;
    int pages = 0;
    do {
        const ExecutionPage page = f.work().find(filter);
        CHECK(page.executions.size() <= filter.limit);
        for (const model::Execution& execution : page.executions) {
            seen.push_back(execution.id);
        }
        filter.after = page.next;
    } while (filter.after != 0 && ++pages < 100);
    if (filter.newest_first) {
        std::reverse(ids.begin(), ids.end());
    }
    CHECK(seen == ids);
}

TEST_CASE("pages of a filter skip what does not match without losing anything") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const std::vector<ExecutionId> ids = f.push(30);
    std::vector<ExecutionId> done;
    const std::vector<Claimed> claimed = f.claim("w", 30);
    for (std::size_t i = 0; i < claimed.size(); i += 3) {
        REQUIRE(f.commit(claimed[i], NextDone{"1"}) == CommitResult::applied);
        done.push_back(ids[i]);
    }
    ExecutionFilter filter;
    filter.statuses = {Status::done};
    filter.limit = 4;
    std::vector<ExecutionId> seen;
    int pages = 0;
    do {
        const ExecutionPage page = f.work().find(filter);
        for (const model::Execution& execution : page.executions) {
            seen.push_back(execution.id);
        }
        filter.after = page.next;
    } while (filter.after != 0 && ++pages < 100);
    CHECK(seen == done);
}

TEST_CASE("executions are found by status, pool, batch, id, kind of error and worker") {
    FOR_EACH_STORE(f);
    f.worker("a");
    f.worker("b");
    model::PoolPolicy other;
    other.pool = "other";
    f.store().scaling().put_pool(other);
    f.create_batch("batch");
    const std::vector<ExecutionId> own = f.push(3, "batch");
    const std::vector<ExecutionId> loose = f.push(2);
    contracts::PushRequest request = f.request(1);
    request.pool = "other";
    const ExecutionId elsewhere = f.push(request).front();
    const std::vector<Claimed> claimed = f.claim("a", 2);
    REQUIRE(f.commit(claimed[0], NextDone{"1"}) == CommitResult::applied);
    fail(f, f.claim_one("b"), ErrorKind::timeout, "too late");

    ExecutionFilter filter;
    SECTION("by one status") {
        filter.statuses = {Status::running};
        CHECK(found(f, filter) == std::vector{own[1]});
    }
    SECTION("by several statuses") {
        filter.statuses = {Status::done, Status::failed};
        CHECK(found(f, filter) == std::vector{own[0], own[2]});
    }
    SECTION("by pool") {
        filter.pool = "other";
        CHECK(found(f, filter) == std::vector{elsewhere});
        filter.pool = "nowhere";
        CHECK(found(f, filter).empty());
    }
    SECTION("by batch") {
        filter.batch = "batch";
        CHECK(found(f, filter) == own);
        filter.batch = "nothing";
        CHECK(found(f, filter).empty());
    }
    SECTION("those without a batch") {
        filter.batch = "";
        CHECK(found(f, filter) == std::vector{loose[0], loose[1], elsewhere});
    }
    SECTION("by ids, unknown ones left out") {
        filter.ids = {loose[1], base::derived_uuid(loose[0], 99), own[0]};
        std::vector<ExecutionId> ids = found(f, filter);
        std::sort(ids.begin(), ids.end());
        std::vector<ExecutionId> expected{own[0], loose[1]};
        std::sort(expected.begin(), expected.end());
        CHECK(ids == expected);
    }
    SECTION("by kind of error") {
        filter.error_kind = ErrorKind::timeout;
        CHECK(found(f, filter) == std::vector{own[2]});
        filter.error_kind = ErrorKind::spawn;
        CHECK(found(f, filter).empty());
    }
    SECTION("by current or last owner") {
        filter.worker_id = "a";
        CHECK(found(f, filter) == std::vector{own[0], own[1]});
        filter.worker_id = "nobody";
        CHECK(found(f, filter).empty());
    }
    SECTION("by several of these at once") {
        filter.batch = "batch";
        filter.worker_id = "a";
        filter.statuses = {Status::done};
        CHECK(found(f, filter) == std::vector{own[0]});
    }
}

TEST_CASE("those who wait are found, whatever it is that they wait for") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const std::vector<ExecutionId> ids = f.push(6);
    const std::vector<Claimed> claimed = f.claim("w", 5);
    REQUIRE(f.commit(claimed[0], NextWaiting{"c", {}}) == CommitResult::applied);
    REQUIRE(f.commit(claimed[1], NextWaiting{"c", Millis{45s}}) == CommitResult::applied);
    REQUIRE(f.commit(fan_out(claimed[2], 2, settled())) == CommitResult::applied);
    REQUIRE(f.commit(fan_out(claimed[3], 1, NextRunning{}, ChildKind::in_place)) ==
            CommitResult::applied);
    REQUIRE(f.commit(claimed[4], NextPending{"", Millis{20s}}) == CommitResult::applied);
    contracts::ExecutionFilter waiting;
    waiting.statuses = {Status::waiting};
    waiting.roots_only = false;
    const auto found = [&] {
        std::vector<ExecutionId> all;
        for (const model::Execution& execution : f.work().find(waiting).executions) {
            all.push_back(execution.id);
        }
        return all;
    };
    CHECK(found() == std::vector<ExecutionId>{ids[0], ids[1], ids[2]});
    waiting.newest_first = true;
    CHECK(found() == std::vector<ExecutionId>{ids[2], ids[1], ids[0]});
    waiting.limit = 2;
    const contracts::ExecutionPage page = f.work().find(waiting);
    REQUIRE(page.next != 0);
    waiting.after = page.next;
    CHECK(found() == std::vector<ExecutionId>{ids[0]});
    f.require_sound();
}

TEST_CASE("payloads are left out when nobody wants them") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    StepCommit commit = f.step(f.claim_one("w"), NextDone{"1"});
    commit.attempt_record = model::Attempt{};
    commit.attempt_record->number = 1;
    REQUIRE(f.commit(commit) == CommitResult::applied);
    ExecutionFilter filter;
    const model::Execution whole = f.work().find(filter).executions.at(0);
    CHECK(whole.input == "\"item 1\"");
    CHECK(whole.output == "1");
    CHECK(whole.last_attempt);
    filter.with_payloads = false;
    const model::Execution slim = f.work().find(filter).executions.at(0);
    CHECK(slim.input.empty());
    CHECK(slim.output.empty());
    CHECK_FALSE(slim.last_attempt);
    CHECK(slim.id == whole.id);
    CHECK(slim.status == Status::done);
}

TEST_CASE("errors are grouped by kind and by what is equal in their messages") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.create_batch("b");
    f.push(6, "b");
    const std::vector<Claimed> claimed = f.claim("w", 6);
    fail(f, claimed[0], ErrorKind::timeout, "item 7 took 1500 ms");
    fail(f, claimed[1], ErrorKind::exit_code, "exit code 3");
    fail(f, claimed[2], ErrorKind::exit_code, "exit code 127");
    fail(f, claimed[3], ErrorKind::exit_code, "exit code 1");
    fail(f, claimed[4], ErrorKind::timeout,
         "waiting for 019aa4a2-1b1f-7cc3-a1b2-0123456789ab: " + std::string(200, 'x'));
    fail(f, claimed[5], ErrorKind::timeout,
         "waiting for 019aa4a2-ffff-7cc3-a1b2-ba9876543210: " + std::string(200, 'x'));
    f.push(1);
    fail(f, f.claim_one("w"), ErrorKind::exit_code, "exit code 99");

    const std::vector<contracts::ErrorGroup> all = f.work().errors("", 10);
    REQUIRE(all.size() == 3);
    CHECK(all[0].kind == ErrorKind::exit_code);
    CHECK(all[0].prefix == "exit code #");
    CHECK(all[0].count == 4);
    CHECK(f.get(all[0].example).error->kind == ErrorKind::exit_code);
    CHECK(all[1].count == 2);
    CHECK_THAT(all[1].prefix, Catch::StartsWith("waiting for #: xxx"));
    CHECK(all[1].prefix.size() <= 80);
    CHECK(all[2].prefix == "item # took # ms");

    const std::vector<contracts::ErrorGroup> own = f.work().errors("b", 1);
    REQUIRE(own.size() == 1);
    CHECK(own[0].count == 3);
    CHECK(f.work().errors("nothing", 10).empty());
}

TEST_CASE("errors of executions that will be retried are not among the failed ones") {
    FOR_EACH_STORE(f);
    f.worker("w");
    f.push(1);
    REQUIRE(f.commit(f.claim_one("w"), StoreFixture::failure()) == CommitResult::applied);
    CHECK(f.work().errors("", 10).empty());
}

}  // namespace
}  // namespace fleet::contract_test
