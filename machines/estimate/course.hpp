// How long a provider takes for so many calls, and over how many days of its budget. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/time.hpp"
#include "common/model/provider.hpp"

namespace fleet::estimate {

/// What calls take all together.
struct Need {
    double calls = 0;
    double tokens = 0;
    double cost_micros = 0;  ///< 0: not known
};

/// How fast the provider is called, as its row knows it.
struct KnownPace {
    model::PaceSource source = model::PaceSource::learned;
    std::optional<double> calls_per_second;  ///< absent: no limit, or nobody knows
    std::optional<double> tokens_per_second;
    bool is_known = false;  ///< declared, stated by answers, learned from calls, or unlimited
};
[[nodiscard]] KnownPace known_pace(const model::Provider& row);

enum class LimitedBy { nothing, pace, budget };

struct Course {
    /// From the first call to the last at the pace alone; absent: nobody knows the pace.
    std::optional<base::Millis> at_pace;
    LimitedBy limited_by = LimitedBy::nothing;
    std::int64_t days = 1;  ///< days of the budget that it takes, the present one included
    std::string last_day;   ///< "2026-11-22"
    /// With the budget's waits; absent: nobody knows the pace, or `never`.
    std::optional<base::WallTime> ends_at;
    bool never = false;  ///< a day's budget does not pay for a single call, or a lifetime's do not
};
/// If nothing else used the provider from `now` on. `row` as the store has it.
[[nodiscard]] Course course_of(const Need& need, const model::Provider& row, base::WallTime now);

/// What of the present day's budget may still be spent; absent: no such limit.
struct BudgetLeft {
    std::optional<std::int64_t> requests;
    std::optional<std::int64_t> tokens;
    std::optional<std::int64_t> cost_micros;
    std::string day;
    base::Millis resets_in{0};
};
[[nodiscard]] BudgetLeft budget_left(const model::Provider& row, base::WallTime now);

}  // namespace fleet::estimate
