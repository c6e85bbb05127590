// How long a provider takes, by its pace and over the days of its budget.
#include "machines/estimate/course.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "common/pace/provider_row.hpp"

using namespace fleet;
using namespace std::chrono_literals;
using estimate::Course;
using estimate::course_of;
using estimate::LimitedBy;

namespace {

constexpr base::StoreTime kNow{std::chrono::hours(20)};
/// 18:00 of 2024-10-04.
const base::WallTime kWall{std::chrono::hours(24 * 20'000) + 18h};

model::ProviderRules rules_of(double per_second, std::optional<std::int64_t> requests = {}) {
    model::ProviderRules rules;
    rules.name = "p/m";
    rules.requests_per_second = per_second / 0.98;
    rules.budget.requests = requests;
    return rules;
}

model::Provider row_of(const model::ProviderRules& rules) {
    return pace::new_provider(rules, {model::PaceTime{kNow}, kWall});
}

}  // namespace

TEST_CASE("within its budget a batch takes what the pace says") {
    const Course course = course_of({.calls = 600}, row_of(rules_of(2)), kWall);
    CHECK(course.at_pace == base::Millis(5min));
    CHECK(course.limited_by == LimitedBy::pace);
    CHECK(course.days == 1);
    CHECK(course.last_day == "2024-10-04");
    CHECK(course.ends_at == kWall + 5min);
}

TEST_CASE("the slower of the paces of calls and tokens counts") {
    model::ProviderRules rules = rules_of(2);
    rules.tokens_per_second = 100 / 0.98;
    const Course course = course_of({.calls = 600, .tokens = 60'000}, row_of(rules), kWall);
    CHECK(course.at_pace == base::Millis(10min));
}

TEST_CASE("a batch larger than the day's budget goes on with the next days") {
    // 1,000 today, until midnight; 1,000 tomorrow; 500 the day after, at 2 a second.
    const Course course = course_of({.calls = 2'500}, row_of(rules_of(2, 1'000)), kWall);
    CHECK(course.limited_by == LimitedBy::budget);
    CHECK(course.days == 3);
    CHECK(course.last_day == "2024-10-06");
    CHECK(course.ends_at == kWall + 30h + 250s);
}

TEST_CASE("what is spent and held today is gone, until the day of the budget ends") {
    model::ProviderRules rules = rules_of(2, 1'000);
    rules.budget.day_begins = 20h;
    model::Provider row = row_of(rules);
    row.budget.spent.requests = 800;
    row.budget.held.requests = 50;
    const estimate::BudgetLeft left = estimate::budget_left(row, kWall);
    CHECK(left.requests == 150);
    CHECK_FALSE(left.tokens);
    CHECK(left.day == "2024-10-03");
    CHECK(left.resets_in == base::Millis(2h));
    CHECK(course_of({.calls = 150}, row, kWall).days == 1);
    const Course course = course_of({.calls = 250}, row, kWall);
    CHECK(course.days == 2);
    CHECK(course.last_day == "2024-10-04");
    CHECK(course.ends_at == kWall + 2h + 50s);
}

TEST_CASE("each limit of the budget counts, tokens and cost too") {
    model::ProviderRules rules = rules_of(1'000);
    rules.budget.tokens = 1'000;
    rules.budget.cost_micros = 500;
    const model::Provider row = row_of(rules);
    CHECK(course_of({.calls = 1, .tokens = 3'500, .cost_micros = 1}, row, kWall).days == 4);
    CHECK(course_of({.calls = 1, .tokens = 1, .cost_micros = 2'600}, row, kWall).days == 6);
    CHECK(course_of({.calls = 1, .tokens = 1'000, .cost_micros = 500}, row, kWall).days == 1);
}

TEST_CASE("a slow pace goes over days without using up a budget") {
    const Course course = course_of({.calls = 36'000}, row_of(rules_of(1, 90'000)), kWall);
    CHECK(course.limited_by == LimitedBy::pace);
    CHECK(course.days == 2);
    CHECK(course.ends_at == kWall + 10h);
}

TEST_CASE("nobody knows the pace of a provider that was never called and says nothing") {
    model::ProviderRules rules = rules_of(1);
    rules.requests_per_second.reset();
    rules.budget.requests = 10;
    model::Provider row = row_of(rules);
    const Course course = course_of({.calls = 25}, row, kWall);
    CHECK_FALSE(course.at_pace);
    CHECK_FALSE(course.ends_at);
    CHECK(course.days == 3);
    CHECK(course.limited_by == LimitedBy::budget);
    row.pace.granted = 40;  // it was called: the pace is what was learned
    CHECK(course_of({.calls = 5}, row, kWall).at_pace == base::Millis(5s));
}

TEST_CASE("without a pace and a budget a provider is done at once, without money never") {
    model::ProviderRules rules;
    rules.name = "p/m";
    rules.unlimited = true;
    const Course course = course_of({.calls = 1e9}, row_of(rules), kWall);
    CHECK(course.ends_at == kWall);
    CHECK(course.limited_by == LimitedBy::nothing);
    rules.budget.requests = 0;
    const Course never = course_of({.calls = 1}, row_of(rules), kWall);
    CHECK(never.never);
    CHECK_FALSE(never.ends_at);
}

TEST_CASE("a batch takes as many days as its budget needs, and a longer one never fewer") {
    CHECK(rc::check("by calls alone", [] {
        const auto limit = *rc::gen::inRange<std::int64_t>(1, 500);
        const auto spent = *rc::gen::inRange<std::int64_t>(0, limit + 1);
        const auto calls = *rc::gen::inRange<std::int64_t>(1, 5'000);
        model::ProviderRules rules;
        rules.name = "p/m";
        rules.unlimited = true;
        rules.budget.requests = limit;
        model::Provider row = row_of(rules);
        row.budget.spent.requests = spent;
        const auto need = [](std::int64_t count) {
            return estimate::Need{.calls = static_cast<double>(count)};
        };
        const Course course = course_of(need(calls), row, kWall);
        const std::int64_t later = std::max<std::int64_t>(0, calls - (limit - spent));
        RC_ASSERT(course.days == 1 + (later + limit - 1) / limit);
        RC_ASSERT(course.ends_at.has_value());
        RC_ASSERT(*course.ends_at >= kWall);
        RC_ASSERT(course_of(need(calls + 1), row, kWall).days >= course.days);
    }));
}
