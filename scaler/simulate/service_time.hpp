// How long items take, drawn so that the same item takes as long in every run with the same seed,
// in whichever order the items are worked on: the oracle knows all of it. Pure; safe from any
// thread.
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/time.hpp"

namespace fleet::simulate {

enum class Distribution { fixed, exponential, lognormal, pareto };

/// `least` and a draw whose mean is `mean - least`; cut at `most`, which lowers the mean.
struct ServiceTime {
    Distribution distribution = Distribution::fixed;
    base::Millis mean{1'000};
    base::Millis least{0};  ///< below `mean`
    std::optional<base::Millis> most = {};
    double sigma = 1;  ///< of the logarithm, lognormal only
    double shape = 2;  ///< pareto only, above 1; smaller: a heavier tail
};

/// Which of the draws: all three together name it.
struct DrawKey {
    std::uint64_t seed = 1;
    std::int64_t item = 0;
    int stage = 0;
};
[[nodiscard]] std::chrono::microseconds draw(const ServiceTime& time, const DrawKey& key);

}  // namespace fleet::simulate
