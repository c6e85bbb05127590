// How far a day's budget goes, as a table with a fixed clock.
#include "cli/view/budget_projection.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "cli/core/app.hpp"
#include "cli/core/day.hpp"
#include "common/pace/density.hpp"

using namespace fleet;
using namespace fleet::cli;

namespace {

/// 2026-11-21T12:00:00Z: half of a UTC day.
constexpr base::Millis kNoon{1'795'262'400'000};

model::BudgetLimits calls(std::int64_t limit, base::Millis day_begins = {}) {
    model::BudgetLimits limits;
    limits.requests = limit;
    limits.day_begins = day_begins;
    return limits;
}

model::BudgetLimits tokens(std::int64_t limit, std::optional<std::int64_t> cost_micros = {}) {
    model::BudgetLimits limits;
    limits.tokens = limit;
    limits.cost_micros = cost_micros;
    return limits;
}

struct Day {
    model::BudgetLimits limits = {};
    model::BudgetSum spent = {};
    model::BudgetSum held = {};
    int calls_in_minute = 0;
    base::Millis at = kNoon;
};

ProviderRow row_of(const Day& day) {
    const pace::Moment moment{model::PaceTime{day.at}, base::WallTime{day.at}};
    const pace::Moment earlier{moment.now - std::chrono::hours(1), moment.wall};
    model::Provider provider = pace::new_provider({.name = "p", .budget = day.limits}, earlier);
    provider.budget.spent = day.spent;
    provider.budget.held = day.held;
    model::CallOutcome answered;
    answered.end = model::CallEnd::answered;
    for (int call = 0; call < day.calls_in_minute; ++call) {
        pace::count_outcome(provider.density, base::StoreTime{day.at} - base::Millis{59'000},
                            answered);
    }
    return provider_row(provider, moment);
}

struct Told {
    std::string by_minute;
    std::string by_day;
};

Told told(const Day& day, std::size_t number = 0) {
    const ProviderRow row = row_of(day);
    const BudgetLine line = budget_lines(row).at(number);
    return {projection_text(row, line, project_minute(row, line)),
            projection_text(row, line, project_day(row, line))};
}

}  // namespace

TEST_CASE("where a day's budget goes at the last minute's rate and at the day's mean") {
    struct Case {
        const char* what;
        Day day;
        const char* by_minute;
        const char* by_day;
    };
    const std::vector<Case> cases{
        {"nothing was called",
         {.limits = calls(1'000)},
         "1,000 of 1,000 will be left",
         "1,000 of 1,000 will be left"},
        // 400 in half of the day; 1 call a minute makes 720 more of the 600 that are left.
        {"a steady day",
         {.limits = calls(1'000), .spent = {.requests = 400}, .calls_in_minute = 1},
         "used up at 22:00",
         "200 of 1,000 will be left"},
        {"a quiet minute after a busy morning",
         {.limits = calls(1'000), .spent = {.requests = 800}},
         "200 of 1,000 will be left",
         "used up at 15:00"},
        {"what is held counts as gone",
         {.limits = calls(1'000), .spent = {.requests = 400}, .held = {.requests = 500}},
         "100 of 1,000 will be left",
         "used up at 15:00"},
        {"exactly enough is used up at the end, not before",
         {.limits = calls(1'000), .spent = {.requests = 500}},
         "500 of 1,000 will be left",
         "used up at 2026-11-22 00:00"},
        {"all is gone",
         {.limits = calls(10), .spent = {.requests = 9}, .held = {.requests = 1}},
         "used up",
         "used up"},
        {"a limit that was lowered below what is spent",
         {.limits = calls(10), .spent = {.requests = 15}},
         "used up",
         "used up"},
        {"the day has just begun",
         {.limits = calls(10, std::chrono::hours(12))},
         "10 of 10 will be left",
         "-"},
        {"a day that begins at another hour: 18 of 24 hours are left",
         {.limits = calls(1'000, std::chrono::hours(6)), .spent = {.requests = 200}},
         "800 of 1,000 will be left",
         "200 of 1,000 will be left"},
        {"a day that began yesterday ends today",
         {.limits = calls(1'000, std::chrono::hours(18)), .spent = {.requests = 900}},
         "100 of 1,000 will be left",
         "used up at 14:00"},
    };
    for (const Case& one : cases) {
        CAPTURE(one.what);
        const Told text = told(one.day);
        CHECK(text.by_minute == one.by_minute);
        CHECK(text.by_day == one.by_day);
    }
}

TEST_CASE("tokens and cost follow the calls, as the day's calls took them") {
    // 100 calls took 1,000 tokens and 0.01 each; 2 a minute make 1,440 more until midnight.
    const Day day{.limits = tokens(2'000'000, 2'000'000),
                  .spent = {100, 100'000, 1'000'000},
                  .calls_in_minute = 2};
    CHECK(told(day, 0).by_minute == "460,000 of 2,000,000 will be left");
    CHECK(told(day, 0).by_day == "1,800,000 of 2,000,000 will be left");
    // 1.00 is left: 100 calls, 50 minutes.
    CHECK(told(day, 1).by_minute == "used up at 12:50");
    CHECK(told(day, 1).by_day == "used up at 2026-11-22 00:00");
    Day fresh = day;
    fresh.spent = {};
    CHECK(told(fresh, 0).by_minute == "-");
}

TEST_CASE("what began a moment ago is not taken for a rate") {
    const auto per_second = [](base::Millis began) {
        const base::Millis at = kNoon;
        const pace::Moment moment{model::PaceTime{at}, base::WallTime{at}};
        model::Provider provider =
            pace::new_provider({.name = "p", .budget = calls(1'000)}, moment);
        model::CallOutcome answered;
        answered.end = model::CallEnd::answered;
        for (int call = 0; call < 20; ++call) {
            pace::count_outcome(provider.density, base::StoreTime{at} - began, answered);
        }
        const ProviderRow row = provider_row(provider, moment);
        return project_minute(row, budget_lines(row).front())->per_second;
    };
    CHECK(per_second(base::Millis{0}) == Approx(2));       // as if in ten seconds
    CHECK(per_second(base::Millis{20'000}) == Approx(1));  // in twenty
    CHECK(per_second(base::Millis{60'000}) == Approx(1.0 / 3));
}

TEST_CASE("how much of the day is gone") {
    CHECK(day_gone(row_of({.limits = calls(1)})) == Approx(0.5));
    CHECK(day_gone(row_of({.limits = calls(1, std::chrono::hours(12))})) == Approx(0));
    CHECK(day_gone(row_of({.limits = calls(1, -std::chrono::hours(6))})) == Approx(0.75));
}

TEST_CASE("limits that a provider has not are no lines") {
    CHECK(budget_lines(row_of({})).empty());
    const Day day{.limits = tokens(5), .spent = {1, 2, 3}, .held = {4, 1, 6}};
    CHECK(budget_lines(row_of(day)) == std::vector<BudgetLine>{{BudgetKind::tokens, 5, 2, 1}});
}

TEST_CASE("days are read as people write them, and nothing else is") {
    CHECK(parse_day("2026-11-21", "--day") == "2026-11-21");
    CHECK(parse_day("2028-02-29", "--day") == "2028-02-29");
    for (const char* text :
         {"", "today", "2026-11-31", "2027-02-29", "2026-13-01", "2026-00-10", "2026-1-2",
          "26-11-21", "2026/11/21", "2026-11-21 ", "2026-11-2x", "+026-11-21"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_day(text, "--day"), UsageError);
    }
    CHECK(utc_day(base::WallTime{kNoon}) == "2026-11-21");
}
