// Real workers at a real provider's limits: the pace, pauses, and what it costs in attempts.
#include <algorithm>
#include <memory>
#include <set>
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
using test_support::ProgramResult;
using test_support::wait_until;

std::unique_ptr<contracts::Store> open_store_of(const CallingBox& calls, const base::Clock& clock) {
    return store::open_store(base::StoreUrl::parse("sqlite:" + calls.box().store().string(), "/"),
                             clock);
}

/// UTC, as the sums of usage have it.
std::string day_of(const base::Clock& clock) {
    constexpr std::size_t kDayLength = 10;  // "2026-11-21"
    return base::iso8601(clock.wall_now()).substr(0, kDayLength);
}

TEST_CASE("a batch against a limited provider ends done, hardly ever refused, and is accounted") {
    // The first of its calls learns of the limit, the others keep to it.
    const CallingBox calls(R"({"limits": {"rpm": {"amount": 1200, "burst": 10}},
                               "latency": {"ms": 20}})");
    const base::SystemClock clock;
    const std::string first_day = day_of(clock);
    constexpr int kItems = 80;
    std::string lines;
    for (int item = 1; item <= kItems; ++item) {
        lines += "item " + std::to_string(item) + "\n";
    }
    const ProgramResult run =
        calls.box().fleet({"run", "--items", "-", "--batch", CallingBox::kBatch, "--max-attempts",
                           "1", "--workers", "2..2", "--slots", "4", "machine.yml"},
                          lines);
    INFO(run.err << run.out);
    REQUIRE(run.exit_code == 0);
    const auto store = open_store_of(calls, clock);
    CHECK(counts_of(*store).done == kItems);
    CHECK(calls.counted("completed") == kItems);
    CHECK(calls.counted("rate_limited") <= kItems / 20);
    CHECK(row_of(*store).pace.source == model::PaceSource::headers);

    model::UsageRecord sum;
    for (const std::string& day : std::set<std::string>{first_day, day_of(clock)}) {
        for (const model::UsageRecord& one : store->usage().daily(day)) {
            REQUIRE(one.provider == CallingBox::kName);
            sum.requests += one.requests;
            sum.input_tokens += one.input_tokens;
            sum.output_tokens += one.output_tokens;
        }
    }
    const base::Json stats = calls.mock().stats();
    CHECK(sum.requests == stats.at("offered").get<std::int64_t>());
    CHECK(sum.input_tokens == stats.at("tokens").at("input").get<std::int64_t>());
    CHECK(sum.output_tokens == stats.at("tokens").at("output").get<std::int64_t>());
}

TEST_CASE("a pause that the provider asks for costs no attempt, and why says what is waited for") {
    const CallingBox calls(
        R"({"faults": {"busy": {"kind": "retry_after", "text": "7", "next": 1}}})");
    const std::string id = calls.submit(1, 1).front();
    const base::SystemClock clock;
    const auto store = open_store_of(calls, clock);
    ChildProgram worker(calls.worker(2));
    REQUIRE(wait_until([&] { return calls.counted("rate_limited") == 1; }, CallingBox::kLimit));
    const auto execution = [&] {
        return store->work().get(*model::ExecutionId::parse(id)).value();
    };
    REQUIRE(wait_until([&] { return execution().counters.rate_limited == 1; }, CallingBox::kLimit));
    const std::string told = calls.out({"why", id});
    INFO(told);
    CHECK_THAT(told, Contains("waiting for mock/m until ") && Contains("loses no attempt"));
    CHECK(execution().status == model::Status::pending);

    REQUIRE(
        wait_until([&] { return execution().status == model::Status::done; }, CallingBox::kLimit));
    CHECK(execution().counters.failures == 0);
    CHECK(execution().counters.transient == 0);
    CHECK(calls.counted("offered") == 2);
}

TEST_CASE("a refused key stops all calls until a person acts; then the work goes on at once") {
    CallingBox calls(R"({"accepted_keys": ["the-right-one"]})");
    calls.use_key("the-wrong-one");
    constexpr int kItems = 6;
    constexpr int kSlots = 2;
    const auto ids = calls.submit(kItems, 1);
    const base::SystemClock clock;
    const auto store = open_store_of(calls, clock);
    ChildProgram worker(calls.worker(kSlots));
    // Each was sent away once and is put back for minutes: nothing is left to be tried.
    const auto all_wait = [&] {
        const auto all = store->work().find({}).executions;
        return all.size() == kItems &&
               std::all_of(all.begin(), all.end(), [](const model::Execution& one) {
                   return one.status == model::Status::pending && one.counters.rate_limited > 0;
               });
    };
    const bool do_wait = wait_until(all_wait, CallingBox::kLimit);
    INFO(worker.err() << calls.out({"results", "--batch", CallingBox::kBatch}));
    REQUIRE(do_wait);
    CHECK(row_of(*store).circuit.state == model::CircuitState::open);
    CHECK(row_of(*store).circuit.until == std::nullopt);
    CHECK(calls.counted("offered") <= kSlots);
    CHECK_THAT(calls.out({"why", ids.front()}), Contains("fleet providers --close mock/m"));
    for (const std::string& text :
         {worker.err(), calls.out({"providers", CallingBox::kName}), calls.out({"why", ids[1]})}) {
        CHECK(text.find("the-wrong-one") == std::string::npos);
    }

    calls.mock().configure(R"({"accepted_keys": ["the-wrong-one"]})");
    CHECK_THAT(calls.out({"providers", "--close", CallingBox::kName}), Contains("is closed"));
    // Sooner than any of them would have looked again by itself.
    CHECK(wait_until([&] { return counts_of(*store).done == kItems; }, std::chrono::seconds(45)));
    CHECK_FALSE(worker.wait(std::chrono::milliseconds(0)));
    CHECK(calls.counted("completed") == kItems);
}

}  // namespace
}  // namespace fleet
