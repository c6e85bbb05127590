// How much work a pool has, as counted by the store in O(stages).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.hpp"
#include "common/model/batch.hpp"

namespace fleet::model {

/// Of each stage, or of each private batch in it.
inline constexpr std::int64_t kMostBegunCounted = 10'000;

struct StagePressure {
    std::string stage;
    StatusCounts counts;
    std::int64_t ready = 0;    ///< pending and claimable now
    std::int64_t delayed = 0;  ///< pending with a time still to come
    /// Of `ready`: begun before, or children; what a claim with `resume_only` takes. More than
    /// kMostBegunCounted are counted as so many.
    std::int64_t begun_ready = 0;
    /// Of `delayed`: likewise; those that were not looked at (too many, later) count as begun.
    std::int64_t begun_delayed = 0;
    std::optional<base::Millis> oldest_ready_age;
    double arrivals_per_second = 0;     ///< exponentially weighted, time constant 30 s
    double completions_per_second = 0;  ///< likewise; terminal commits
    std::int64_t service_samples = 0;
    std::optional<base::Millis> service_mean;  ///< of attempts, since the stage exists
    std::optional<base::Millis> service_p95;   ///< upper edge of a histogram bucket (factor 1.5)
};

struct PoolPressure {
    std::string pool;
    bool paused = false;
    std::vector<StagePressure> stages;  ///< later stages first

    [[nodiscard]] StatusCounts totals() const;
    [[nodiscard]] std::int64_t ready() const;
    /// Nothing that was begun, here or elsewhere, is still open.
    [[nodiscard]] bool only_new_is_open() const;
};

}  // namespace fleet::model
