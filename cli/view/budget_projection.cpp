#include "cli/view/budget_projection.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <utility>

#include "cli/core/output.hpp"

namespace fleet::cli {
namespace {

constexpr base::Millis kDay = std::chrono::hours(24);
constexpr base::Millis kMinute{60'000};
/// What began a moment ago is not taken for a rate.
constexpr base::Millis kShortest{10'000};

double seconds(base::Millis span) {
    return std::chrono::duration<double>(span).count();
}

std::int64_t part_of(BudgetKind kind, const model::BudgetSum& sum) {
    switch (kind) {
        case BudgetKind::requests:
            return sum.requests;
        case BudgetKind::tokens:
            return sum.tokens;
        case BudgetKind::cost_micros:
            break;
    }
    return sum.cost_micros;
}

Projection project(const ProviderRow& row, const BudgetLine& line, double per_second) {
    const auto left = static_cast<double>(std::max<std::int64_t>(0, line.left()));
    const double wanted = std::max(0.0, per_second) * seconds(row.left_of_day);
    Projection projection{.per_second = per_second, .used_up_at = std::nullopt, .left_at_end = 0};
    if (wanted < left || per_second <= 0) {
        projection.left_at_end = std::llround(left - wanted);
        return projection;
    }
    const std::chrono::duration<double> until{left / per_second};
    projection.used_up_at = row.moment.wall + std::chrono::floor<base::Millis>(until);
    return projection;
}

}  // namespace

std::string_view to_text(BudgetKind kind) {
    constexpr std::array<std::string_view, 3> kNames{"requests", "tokens", "cost_micros"};
    return kNames.at(static_cast<std::size_t>(kind));
}

std::string_view unit_of(BudgetKind kind) {
    constexpr std::array<std::string_view, 3> kUnits{"calls", "tokens", "cost"};
    return kUnits.at(static_cast<std::size_t>(kind));
}

std::string amount_text(BudgetKind kind, std::int64_t amount) {
    return kind == BudgetKind::cost_micros ? cost_text(amount) : with_commas(amount);
}

std::vector<BudgetLine> budget_lines(const ProviderRow& row) {
    const model::BudgetLimits& limits = row.provider.rules.budget;
    const model::BudgetDay& day = row.provider.budget;
    std::vector<BudgetLine> lines;
    for (const auto& [kind, limit] : {std::pair{BudgetKind::requests, limits.requests},
                                      {BudgetKind::tokens, limits.tokens},
                                      {BudgetKind::cost_micros, limits.cost_micros}}) {
        if (limit) {
            lines.push_back({kind, *limit, part_of(kind, day.spent), part_of(kind, day.held)});
        }
    }
    return lines;
}

std::optional<Projection> project_minute(const ProviderRow& row, const BudgetLine& line) {
    const base::Millis span = std::clamp(row.minute.covered, kShortest, kMinute);
    double per_second = static_cast<double>(row.minute.calls) / seconds(span);
    if (line.kind != BudgetKind::requests && row.minute.calls > 0) {
        const std::int64_t calls = row.provider.budget.spent.requests;
        if (calls == 0) {
            return std::nullopt;
        }
        per_second *= static_cast<double>(line.used) / static_cast<double>(calls);
    }
    return project(row, line, per_second);
}

std::optional<Projection> project_day(const ProviderRow& row, const BudgetLine& line) {
    const base::Millis gone = kDay - row.left_of_day;
    if (gone <= base::Millis{0}) {
        return std::nullopt;
    }
    return project(row, line, static_cast<double>(line.used) / seconds(gone));
}

double day_gone(const ProviderRow& row) {
    return std::clamp(1 - seconds(row.left_of_day) / seconds(kDay), 0.0, 1.0);
}

std::string projection_text(const ProviderRow& row, const BudgetLine& line,
                            const std::optional<Projection>& projection) {
    if (line.left() <= 0) {
        return "used up";
    }
    if (!projection) {
        return "-";
    }
    if (projection->used_up_at) {
        return "used up at " + minute_text(*projection->used_up_at, row.moment.wall);
    }
    return amount_text(line.kind, projection->left_at_end) + " of " +
           amount_text(line.kind, line.limit) + " will be left";
}

}  // namespace fleet::cli
