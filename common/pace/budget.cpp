#include "common/pace/budget.hpp"

#include "common/base/time.hpp"

namespace fleet::pace {
namespace {

using model::BudgetLimits;
using model::BudgetSum;

constexpr std::size_t kDateLength = 10;

base::WallTime shifted(const BudgetLimits& limits, base::WallTime now) {
    return now - limits.day_begins;
}

std::optional<std::string> passes(std::string_view name, const std::optional<std::int64_t>& limit,
                                  std::int64_t used, std::int64_t held, std::int64_t wanted) {
    if (!limit || wanted <= *limit - used - held) {
        return std::nullopt;
    }
    const std::string budget =
        "the day's budget of " + std::to_string(*limit) + " " + std::string(name);
    if (used + held >= *limit) {
        return budget + " is used up";
    }
    return budget + " has " + std::to_string(*limit - used - held) + " left, the call may need " +
           std::to_string(wanted);
}

}  // namespace

std::string budget_day(const BudgetLimits& limits, base::WallTime now) {
    return base::iso8601(shifted(limits, now)).substr(0, kDateLength);
}

base::Millis left_of_day(const BudgetLimits& limits, base::WallTime now) {
    const auto time = shifted(limits, now);
    return std::chrono::ceil<std::chrono::days>(time + base::Millis{1}) - time;
}

void advance_day(model::BudgetDay& budget, const BudgetLimits& limits, base::WallTime now) {
    std::string day = budget_day(limits, now);
    // A wall clock that is set back does not open an earlier day again.
    if (day > budget.day) {
        budget.day = std::move(day);
        budget.spent = {};
        budget.unknown = 0;
    }
}

BudgetSum sum_of(const model::CallEstimate& estimate) {
    return {1, estimate.input_tokens + estimate.output_tokens, estimate.cost_micros};
}

BudgetSum sum_of(const model::CallUsage& usage) {
    return {1, usage.input_tokens + usage.output_tokens, usage.cost_micros};
}

BudgetSum operator+(const BudgetSum& a, const BudgetSum& b) {
    return {a.requests + b.requests, a.tokens + b.tokens, a.cost_micros + b.cost_micros};
}

BudgetSum operator-(const BudgetSum& a, const BudgetSum& b) {
    return {a.requests - b.requests, a.tokens - b.tokens, a.cost_micros - b.cost_micros};
}

std::optional<std::string> refuses(const model::BudgetDay& budget, const BudgetLimits& limits,
                                   const BudgetSum& call) {
    const BudgetSum& spent = budget.spent;
    const BudgetSum& held = budget.held;
    if (auto text =
            passes("requests", limits.requests, spent.requests, held.requests, call.requests)) {
        return text;
    }
    if (auto text = passes("tokens", limits.tokens, spent.tokens, held.tokens, call.tokens)) {
        return text;
    }
    return passes("millionths of cost", limits.cost_micros, spent.cost_micros, held.cost_micros,
                  call.cost_micros);
}

}  // namespace fleet::pace
