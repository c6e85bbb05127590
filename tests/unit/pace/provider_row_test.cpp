#include "common/pace/provider_row.hpp"

#include <array>
#include <map>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "common/pace/budget.hpp"

using namespace fleet;
using model::CallEnd;
using model::CallEstimate;
using model::CallOutcome;
using model::HoldReason;
using model::Provider;
using model::ProviderRules;
using pace::Moment;

namespace {

Moment moment(base::Millis since_start) {
    const base::Millis start = std::chrono::hours(24 * 365 * 50);
    return {model::PaceTime{start + since_start}, base::WallTime{start + since_start}};
}

CallOutcome outcome_of(CallEnd end) {
    CallOutcome outcome;
    outcome.end = end;
    if (end == CallEnd::refused) {
        outcome.rate_limit.refusal = model::Refusal::per_minute;
    }
    return outcome;
}

pace::Grant ask(Provider& row, std::size_t calls, base::Millis when) {
    const std::vector<CallEstimate> wanted(calls, CallEstimate{10, 20, 5});
    return pace::grant(row, wanted, 100, moment(when));
}

}  // namespace

TEST_CASE("a configured pace grants evenly spaced turns a little ahead") {
    ProviderRules rules;
    rules.requests_per_second = 10 / 0.98;
    rules.burst = 1;
    Provider row = pace::new_provider(rules, moment(base::Millis{0}));
    const pace::Grant grant = ask(row, 10, base::Millis{0});
    REQUIRE(grant.permits.size() == 3);  // now, in 100 ms, in 200 ms
    CHECK(grant.permits[0].usable_in.count() == 0);
    CHECK(grant.permits[2].usable_in.count() == 200'000);
    REQUIRE(grant.hold);
    CHECK(grant.hold->reason == HoldReason::pace);
    CHECK(ask(row, 1, grant.hold->wait).permits.size() == 1);
}

TEST_CASE("one event is cut once, however many calls saw it") {
    Provider row = pace::new_provider({.first_rate = 20}, moment(base::Millis{0}));
    const auto permits = ask(row, 5, base::Millis{0}).permits;
    REQUIRE(permits.size() == 5);
    pace::settle(row, {permits[0], "", outcome_of(CallEnd::answered)}, moment(base::Millis{50}), 0);
    for (std::size_t call = 1; call < permits.size(); ++call) {
        pace::settle(row, {permits[call], "", outcome_of(CallEnd::refused)},
                     moment(base::Millis{100}), 0);
    }
    CHECK(row.pace.epoch == 1);
    CHECK(row.pace.requests.rate == Approx(16));
}

TEST_CASE("a refusal's own pause holds everybody") {
    Provider row = pace::new_provider({.first_rate = 20}, moment(base::Millis{0}));
    const auto permits = ask(row, 1, base::Millis{0}).permits;
    CallOutcome refused = outcome_of(CallEnd::refused);
    refused.rate_limit.retry_after = base::Millis{30'000};
    pace::settle(row, {permits.at(0), "", refused}, moment(base::Millis{100}), 0);
    const pace::Grant held = ask(row, 1, base::Millis{200});
    REQUIRE(held.permits.empty());
    CHECK(held.hold->reason == HoldReason::retry_after);
    CHECK(held.hold->wait == base::Millis{29'900});
    CHECK(ask(row, 3, base::Millis{30'100}).permits.size() >= 1);
}

TEST_CASE("stated limits become the pace, less the margin") {
    Provider row = pace::new_provider({}, moment(base::Millis{0}));
    const auto permits = ask(row, 1, base::Millis{0}).permits;
    CallOutcome answered = outcome_of(CallEnd::answered);
    answered.rate_limit.windows = {
        {.quantity = model::Quantity::requests, .limit = 600, .remaining = 599},
        {.quantity = model::Quantity::tokens, .limit = 60'000, .remaining = 59'000}};
    pace::settle(row, {permits.at(0), "", answered}, moment(base::Millis{100}), 0);
    CHECK(row.pace.source == model::PaceSource::headers);
    CHECK(row.pace.requests.rate == Approx(9.8));
    REQUIRE(row.pace.tokens);
    CHECK(row.pace.tokens->rate == Approx(980));
}

TEST_CASE("tokens hold back as requests do, and the difference to the estimate is settled") {
    ProviderRules rules;
    rules.requests_per_second = 1'000;
    rules.tokens_per_second = 100 / 0.98;
    Provider row = pace::new_provider(rules, moment(base::Millis{0}));
    row.pace.tokens->burst = 1;
    const std::vector<CallEstimate> wanted(3, CallEstimate{100, 100, 0});
    const auto first = pace::grant(row, wanted, 1, moment(base::Millis{0}));
    REQUIRE(first.permits.size() == 1);  // two seconds of tokens
    CHECK(first.hold->wait > base::Millis{1'500});
    CallOutcome cheap = outcome_of(CallEnd::answered);
    cheap.usage_known = true;
    cheap.usage = {50, 0, 0};
    pace::settle(row, {first.permits[0], "", cheap}, moment(base::Millis{100}), 0);
    const auto second = pace::grant(row, wanted, 1, moment(base::Millis{600}));
    CHECK(second.permits.size() == 1);
}

TEST_CASE("a budget counts what is held, what is spent and what comes back") {
    ProviderRules rules;
    rules.unlimited = true;
    rules.budget.requests = 3;
    Provider row = pace::new_provider(rules, moment(base::Millis{0}));
    const auto grant = ask(row, 5, base::Millis{0});
    REQUIRE(grant.permits.size() == 3);
    CHECK(grant.hold->reason == HoldReason::budget);
    CHECK(grant.hold->text == "the day's budget of 3 requests is used up");
    CHECK(row.budget.held.requests == 3);
    CHECK(grant.permits[2].id == 102);

    const std::string day = pace::begin(row, grant.permits[0], moment(base::Millis{1}));
    CHECK(row.budget.spent.requests == 1);
    pace::give_back(row, grant.permits[1], true, moment(base::Millis{1}));
    CHECK(row.budget.held.requests == 1);
    CHECK(ask(row, 5, base::Millis{2}).permits.size() == 1);

    CallOutcome answered = outcome_of(CallEnd::answered);
    answered.usage_known = true;
    answered.usage = {1, 2, 3};
    pace::settle(row, {grant.permits[0], day, answered}, moment(base::Millis{5}), 0);
    CHECK(row.budget.spent == model::BudgetSum{1, 3, 3});
    // The rest of the day is waited for.
    const auto held = ask(row, 1, base::Millis{10});
    REQUIRE(held.permits.empty());
    CHECK(held.hold->wait == base::Millis{24 * 3600 * 1000 - 10});
    CHECK(ask(row, 5, held.hold->wait + base::Millis{10}).permits.size() == 1);  // 2 are still held
}

TEST_CASE("whatever happens to permits, a day's budget is never passed") {
    rc::check([] {
        const std::int64_t limit = *rc::gen::inRange<std::int64_t>(0, 30);
        ProviderRules rules;
        rules.unlimited = true;
        rules.budget.requests = limit;
        Provider row = pace::new_provider(rules, moment(base::Millis{0}));
        std::vector<model::Permit> held;
        std::vector<std::pair<model::Permit, std::string>> begun;
        std::int64_t begins = 0;
        const auto steps = *rc::gen::container<std::vector<int>>(150, rc::gen::inRange(0, 5));
        int time = 0;
        for (const int step : steps) {
            const base::Millis now{++time};
            if (step <= 1) {
                const auto grant = ask(row, static_cast<std::size_t>(step) * 3 + 1, now);
                held.insert(held.end(), grant.permits.begin(), grant.permits.end());
            } else if (step == 2 && !held.empty()) {
                begun.emplace_back(held.back(), pace::begin(row, held.back(), moment(now)));
                held.pop_back();
                begins += 1;
            } else if (step == 3 && !held.empty()) {
                pace::give_back(row, held.back(), false, moment(now));
                held.pop_back();
            } else if (!begun.empty()) {
                pace::settle(
                    row, {begun.back().first, begun.back().second, outcome_of(CallEnd::answered)},
                    moment(now), 0);
                begun.pop_back();
            }
            RC_ASSERT(begins <= limit);
            RC_ASSERT(row.budget.spent.requests == begins);
            RC_ASSERT(row.budget.held.requests == static_cast<std::int64_t>(held.size()));
            RC_ASSERT(row.budget.spent.requests + row.budget.held.requests <= limit);
        }
    });
}

TEST_CASE("an open circuit holds with its reason, and an unlimited provider has one too") {
    ProviderRules rules;
    rules.unlimited = true;
    Provider row = pace::new_provider(rules, moment(base::Millis{-60'000}));
    const auto permits = ask(row, 20, base::Millis{0}).permits;
    REQUIRE(permits.size() == 20);
    for (const auto& permit : permits) {
        pace::settle(row, {permit, "", outcome_of(CallEnd::server_error)},
                     moment(base::Millis{100}), 0);
    }
    const auto held = ask(row, 1, base::Millis{200});
    REQUIRE(held.permits.empty());
    CHECK(held.hold->reason == HoldReason::circuit);
    CHECK(held.hold->text == "circuit open: 0 of 10 calls were refused and 10 failed");
}

TEST_CASE("a budget's day begins where it is configured to") {
    model::BudgetLimits limits;
    limits.day_begins = -std::chrono::hours(2);
    const base::WallTime late{std::chrono::hours(24 * 3 + 23)};
    CHECK(pace::budget_day(limits, late) == "1970-01-05");
    CHECK(pace::left_of_day(limits, late) == std::chrono::hours(23));
    model::BudgetDay day;
    pace::advance_day(day, limits, late);
    day.spent.requests = 5;
    pace::advance_day(day, limits, late - std::chrono::hours(30));
    CHECK(day.spent.requests == 5);
    pace::advance_day(day, limits, late + std::chrono::hours(23));
    CHECK(day.spent.requests == 0);
}
