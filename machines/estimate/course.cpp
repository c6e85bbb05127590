#include "machines/estimate/course.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/pace/budget.hpp"

namespace fleet::estimate {
namespace {

constexpr double kWithoutLimit = std::numeric_limits<double>::infinity();
/// Nobody plans further ahead.
constexpr std::int64_t kMostDays = 36'500;

double seconds(base::Millis span) {
    return std::chrono::duration<double>(span).count();
}

std::optional<std::int64_t> left(const std::optional<std::int64_t>& limit, std::int64_t used) {
    return limit ? std::optional(std::max<std::int64_t>(0, *limit - used)) : std::nullopt;
}

/// Which part of the need an amount pays for.
double part(const std::optional<std::int64_t>& amount, double need) {
    return amount && need > 0 ? static_cast<double>(*amount) / need : kWithoutLimit;
}

double paid_part(const Need& need, const std::optional<std::int64_t>& requests,
                 const std::optional<std::int64_t>& tokens,
                 const std::optional<std::int64_t>& cost_micros) {
    return std::min({part(requests, need.calls), part(tokens, need.tokens),
                     part(cost_micros, need.cost_micros)});
}

std::optional<double> seconds_at_pace(const Need& need, const KnownPace& pace) {
    if (!pace.is_known) {
        return std::nullopt;
    }
    const double calls = pace.calls_per_second ? need.calls / *pace.calls_per_second : 0;
    const double tokens = pace.tokens_per_second ? need.tokens / *pace.tokens_per_second : 0;
    return std::max(calls, tokens);
}

}  // namespace

KnownPace known_pace(const model::Provider& row) {
    KnownPace known{.source = row.pace.source, .calls_per_second = {}, .tokens_per_second = {}};
    if (row.pace.source == model::PaceSource::unlimited) {
        known.is_known = true;
        return known;
    }
    known.is_known = row.pace.source != model::PaceSource::learned || row.pace.granted > 0;
    if (known.is_known) {
        known.calls_per_second = row.pace.requests.rate;
        if (row.pace.tokens) {
            known.tokens_per_second = row.pace.tokens->rate;
        }
    }
    return known;
}

BudgetLeft budget_left(const model::Provider& row, base::WallTime now) {
    const model::BudgetLimits& limits = row.rules.budget;
    model::BudgetDay day = row.budget;
    pace::advance_day(day, limits, now);
    BudgetLeft result;
    result.requests = left(limits.requests, day.spent.requests + day.held.requests);
    result.tokens = left(limits.tokens, day.spent.tokens + day.held.tokens);
    result.cost_micros = left(limits.cost_micros, day.spent.cost_micros + day.held.cost_micros);
    result.day = pace::budget_day(limits, now);
    result.resets_in = pace::left_of_day(limits, now);
    return result;
}

Course course_of(const Need& need, const model::Provider& row, base::WallTime now) {
    const model::BudgetLimits& limits = row.rules.budget;
    const BudgetLeft today = budget_left(row, now);
    const std::optional<double> whole = seconds_at_pace(need, known_pace(row));
    Course course;
    course.last_day = today.day;
    if (whole) {
        course.at_pace = base::Millis(std::llround(*whole * 1000));
        course.limited_by = *whole > 0 ? LimitedBy::pace : LimitedBy::nothing;
    }
    double paid = paid_part(need, today.requests, today.tokens, today.cost_micros);
    double open = 1;
    base::WallTime at = now;
    for (;; ++course.days) {
        const base::Millis rest = pace::left_of_day(limits, at);
        const bool has_pace = whole && *whole > 0;
        const double by_pace = has_pace ? seconds(rest) / *whole : kWithoutLimit;
        if (paid < std::min(by_pace, open)) {
            course.limited_by = LimitedBy::budget;
        }
        const double done = std::min({paid, by_pace, open});
        open -= done;
        if (open <= 1e-12) {
            if (whole) {
                course.ends_at = at + base::Millis(std::llround(done * *whole * 1000));
            }
            course.last_day = pace::budget_day(limits, at);
            return course;
        }
        at += rest;
        paid = paid_part(need, limits.requests, limits.tokens, limits.cost_micros);
        if (paid <= 0 || course.days == kMostDays) {
            course.never = true;
            return course;
        }
    }
}

}  // namespace fleet::estimate
