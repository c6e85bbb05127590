// A provider's day: what may still be spent of requests, tokens and cost. Pure.
#pragma once

#include <optional>
#include <string>

#include "common/model/provider.hpp"

namespace fleet::pace {

/// The day that `now` (wall clock, UTC) belongs to, as the budget's days begin: "2026-11-21".
[[nodiscard]] std::string budget_day(const model::BudgetLimits& limits, base::WallTime now);
/// How long that day still lasts.
[[nodiscard]] base::Millis left_of_day(const model::BudgetLimits& limits, base::WallTime now);
/// Another day begins with nothing spent; what is held moves into it.
void advance_day(model::BudgetDay& budget, const model::BudgetLimits& limits, base::WallTime now);

/// What a call of that estimate takes of the budget.
[[nodiscard]] model::BudgetSum sum_of(const model::CallEstimate& estimate);
[[nodiscard]] model::BudgetSum sum_of(const model::CallUsage& usage);
[[nodiscard]] model::BudgetSum operator+(const model::BudgetSum& a, const model::BudgetSum& b);
[[nodiscard]] model::BudgetSum operator-(const model::BudgetSum& a, const model::BudgetSum& b);

/// nullopt: it fits beside what is spent and held. Else which limit it would pass, for people:
/// "the day's budget of 1000 requests is used up".
[[nodiscard]] std::optional<std::string> refuses(const model::BudgetDay& budget,
                                                 const model::BudgetLimits& limits,
                                                 const model::BudgetSum& call);

}  // namespace fleet::pace
