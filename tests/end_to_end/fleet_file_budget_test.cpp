// A budget in fleet.yml that is changed while workers run and wait for it.
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "common/store/open.hpp"
#include "tests/support/mock_provider/calling_box.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet {
namespace {

using Catch::Contains;
using mock_provider::CallingBox;
using mock_provider::counts_of;
using mock_provider::row_of;
using test_support::ChildProgram;
using test_support::wait_until;

/// What `fleet apply` says of a budget of so many calls.
std::string apply_budget(const CallingBox& calls, int requests, std::chrono::seconds day_begins) {
    calls.box().write(
        "fleet.yml",
        "providers:\n  mock/m: {unlimited: true, budget: {requests: " + std::to_string(requests) +
            ", day_begins: " + std::to_string(day_begins.count()) + "}}\n");
    return calls.out({"apply"});
}

/// So many are done; all others have asked and wait: none runs.
bool rests_with(contracts::Store& store, int done) {
    return wait_until(
        [&] {
            const model::StatusCounts counts = counts_of(store);
            return counts.done == done && counts.running == 0;
        },
        CallingBox::kLimit);
}

TEST_CASE("a budget of a whole provider holds for a model that nobody has declared") {
    const CallingBox calls("{}");
    const auto begins =
        std::chrono::duration_cast<std::chrono::seconds>(mock_provider::calls_a_day(0).day_begins);
    const auto budget = [&](int requests) {
        calls.box().write(
            "fleet.yml",
            "providers:\n  mock: {unlimited: true, budget: {requests: " + std::to_string(requests) +
                ", day_begins: " + std::to_string(begins.count()) + "}}\n");
    };
    budget(3);
    static_cast<void>(calls.submit(6));  // applies the file
    const base::SystemClock clock;
    const auto store = store::open_store(
        base::StoreUrl::parse("sqlite:" + calls.box().store().string(), "/"), clock);
    const ChildProgram worker(calls.worker(4));
    INFO(worker.err());
    REQUIRE(rests_with(*store, 3));
    CHECK(calls.counted("offered") == 3);
    CHECK_THAT(calls.out({"providers"}), Contains("the rules of its models without own ones"));
    // What waits for the model goes on when its provider's rules change.
    budget(50);
    CHECK_THAT(calls.out({"apply"}), Contains("provider mock: budget requests 3 -> 50"));
    REQUIRE(rests_with(*store, 6));
    CHECK(calls.counted("offered") == 6);
}

TEST_CASE("a budget that is changed in fleet.yml while workers run is used to its last call") {
    const CallingBox calls("{}");
    calls.make_store();
    const auto begins =
        std::chrono::duration_cast<std::chrono::seconds>(mock_provider::calls_a_day(0).day_begins);
    CHECK_THAT(apply_budget(calls, 3, begins),
               Contains("provider mock/m: new") && Contains("budget requests 3"));
    static_cast<void>(calls.submit(10));
    const base::SystemClock clock;
    const auto store = store::open_store(
        base::StoreUrl::parse("sqlite:" + calls.box().store().string(), "/"), clock);
    const ChildProgram worker(calls.worker(4));
    INFO(worker.err());
    REQUIRE(rests_with(*store, 3));
    CHECK(calls.counted("completed") == 3);
    CHECK_THAT(apply_budget(calls, 7, begins), Contains("budget requests 3 -> 7"));
    REQUIRE(rests_with(*store, 7));
    CHECK(calls.counted("completed") == 7);
    CHECK(row_of(*store).budget.spent.requests == 7);
    // Less than was spent: nothing more is called.
    static_cast<void>(apply_budget(calls, 5, begins));
    CHECK(counts_of(*store).done == 7);
    static_cast<void>(apply_budget(calls, 100, begins));
    REQUIRE(rests_with(*store, 10));
    CHECK(calls.counted("completed") == 10);
    CHECK(calls.counted("offered") == 10);
    CHECK(row_of(*store).budget.spent.requests == 10);
}

}  // namespace
}  // namespace fleet
