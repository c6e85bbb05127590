#include "scaler/simulate/service_time.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fleet::simulate {
namespace {

using Micros = std::chrono::microseconds;

/// SplitMix64: one step from a state to a number.
std::uint64_t mix(std::uint64_t state) {
    state += 0x9E3779B97F4A7C15ULL;
    state = (state ^ (state >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    state = (state ^ (state >> 27U)) * 0x94D049BB133111EBULL;
    return state ^ (state >> 31U);
}

/// In (0, 1): never an end, of which there is no logarithm.
double share_of(std::uint64_t bits) {
    constexpr double kStep = 1.0 / 9007199254740992.0;  // 2^-53
    return (static_cast<double>(bits >> 11U) + 0.5) * kStep;
}

/// With the mean 1.
double draw_relative(const ServiceTime& time, std::uint64_t state) {
    const double share = share_of(mix(state));
    switch (time.distribution) {
        case Distribution::fixed:
            break;
        case Distribution::exponential:
            return -std::log(share);
        case Distribution::lognormal: {
            const double angle = 2 * std::numbers::pi * share_of(mix(state + 1));
            const double normal = std::sqrt(-2 * std::log(share)) * std::cos(angle);
            return std::exp(time.sigma * normal - time.sigma * time.sigma / 2);
        }
        case Distribution::pareto:
            return (time.shape - 1) / time.shape * std::pow(share, -1 / time.shape);
    }
    return 1;
}

}  // namespace

std::chrono::microseconds draw(const ServiceTime& time, const DrawKey& key) {
    const std::uint64_t state = mix(mix(mix(key.seed) + static_cast<std::uint64_t>(key.item)) +
                                    static_cast<std::uint64_t>(key.stage));
    const double spread = std::chrono::duration<double, std::micro>(time.mean - time.least).count();
    // A year is longer than any simulation; what is drawn beyond it would not fit a number.
    constexpr double kYear = 366.0 * 86'400 * 1e6;
    const Micros drawn =
        time.least + Micros{std::llround(std::min(spread * draw_relative(time, state), kYear))};
    return time.most ? std::min<Micros>(drawn, *time.most) : drawn;
}

}  // namespace fleet::simulate
