// A provider's day: what of its budget is used, and where it will stand at the day's end. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/view/provider_row.hpp"

namespace fleet::cli {

enum class BudgetKind { requests, tokens, cost_micros };
/// As in JSON: "requests", "tokens", "cost_micros".
[[nodiscard]] std::string_view to_text(BudgetKind kind);
/// For people: "calls", "tokens", "cost".
[[nodiscard]] std::string_view unit_of(BudgetKind kind);
/// "1,200"; of cost "1.20".
[[nodiscard]] std::string amount_text(BudgetKind kind, std::int64_t amount);

/// One limit of the day, in its own unit.
struct BudgetLine {
    BudgetKind kind = BudgetKind::requests;
    std::int64_t limit = 0;
    std::int64_t used = 0;
    std::int64_t held = 0;
    [[nodiscard]] std::int64_t left() const { return limit - used - held; }
    bool operator==(const BudgetLine&) const = default;
};
/// Those that the provider has, in the order of BudgetKind.
[[nodiscard]] std::vector<BudgetLine> budget_lines(const ProviderRow& row);

/// Where it goes when calls go on as they did.
struct Projection {
    double per_second = 0;
    std::optional<base::WallTime> used_up_at;  ///< before the day ends
    std::int64_t left_at_end = 0;              ///< 0 when it is used up
};
/// At the rate of the last minute. Calls are counted by the second, tokens and cost by the day: of
/// these a call takes what the day's calls took in the mean. nullopt: no call was counted in the
/// day whose mean that would be.
[[nodiscard]] std::optional<Projection> project_minute(const ProviderRow& row,
                                                       const BudgetLine& line);
/// At the day's mean; nullopt: the day has just begun.
[[nodiscard]] std::optional<Projection> project_day(const ProviderRow& row, const BudgetLine& line);
/// How much of the day is over, 0 to 1.
[[nodiscard]] double day_gone(const ProviderRow& row);

/// "used up", "used up at 16:40", "185 of 1,000 will be left"; "-" without a projection.
[[nodiscard]] std::string projection_text(const ProviderRow& row, const BudgetLine& line,
                                          const std::optional<Projection>& projection);

}  // namespace fleet::cli
