#include "common/pace/cell.hpp"

#include <algorithm>
#include <cmath>

namespace fleet::pace {
namespace {

/// Longer spans say "not today" and would overflow sums.
constexpr double kLongestSeconds = 10.0 * 24 * 3600;
constexpr double kMicros = 1e6;

}  // namespace

PaceSpan span_of(const PaceCell& cell, double units) {
    const double seconds =
        std::clamp(units / std::max(cell.rate, 1e-9), -kLongestSeconds, kLongestSeconds);
    return PaceSpan{std::llround(seconds * kMicros)};
}

PaceTime usable_at(const PaceCell& cell, PaceTime now) {
    return std::max(now, cell.tat - span_of(cell, std::max(0.0, cell.burst - 1)));
}

void take(PaceCell& cell, PaceTime now, double units) {
    cell.tat = std::max(cell.tat, now) + span_of(cell, units);
}

void give_back(PaceCell& cell, PaceTime now, double units) {
    // Not further back than an untouched cell would be.
    cell.tat = std::max(now, cell.tat - span_of(cell, units));
}

void empty(PaceCell& cell, PaceTime then) {
    cell.tat = std::max(cell.tat, then + span_of(cell, std::max(0.0, cell.burst - 1)));
}

void set_rate(PaceCell& cell, PaceTime now, double rate) {
    if (cell.tat > now) {
        const double booked =
            std::chrono::duration<double>(cell.tat - now).count() * std::max(cell.rate, 1e-9);
        cell.rate = rate;
        cell.tat = now + span_of(cell, booked);
    } else {
        cell.rate = rate;
    }
}

}  // namespace fleet::pace
