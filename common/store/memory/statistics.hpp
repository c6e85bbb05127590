// Rates and service times of one lane. Values only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/base/time.hpp"

namespace fleet::store::memory {

/// Events a second, exponentially weighted with a time constant of 30 s.
class Rate {
  public:
    void add(std::int64_t events, base::StoreTime now);
    [[nodiscard]] double per_second(base::StoreTime now) const;

  private:
    double value_ = 0;
    base::StoreTime at_{};
};

/// Mean and percentile of service times; bucket edges grow by the factor 1.5 from 1 ms.
class ServiceTimes {
  public:
    void add(base::Millis time);
    [[nodiscard]] std::int64_t samples() const { return samples_; }
    [[nodiscard]] std::optional<base::Millis> mean() const;
    /// Upper edge of the bucket that holds the 95th percentile.
    [[nodiscard]] std::optional<base::Millis> p95() const;

  private:
    static constexpr std::size_t kBuckets = 64;

    std::int64_t samples_ = 0;
    base::Millis sum_{0};
    std::array<std::int64_t, kBuckets> buckets_{};
};

}  // namespace fleet::store::memory
