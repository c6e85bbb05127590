// Service times in buckets that grow by a factor of 1.5: mean and p95 without keeping samples.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.hpp"

namespace fleet::store::sqlite {

class ServiceHistogram {
  public:
    static constexpr std::size_t kBuckets = 48;  ///< 1 ms * 1.5^47 is two days

    ServiceHistogram() = default;
    /// From `bytes()`; anything of another size starts empty.
    explicit ServiceHistogram(std::string_view bytes);

    void add(base::Millis time);
    void merge(const ServiceHistogram& other);
    [[nodiscard]] std::int64_t samples() const;
    /// Upper edge of the bucket that holds the quantile; nullopt without samples.
    [[nodiscard]] std::optional<base::Millis> quantile(double share) const;
    /// Little-endian 32-bit counts without the trailing empty ones, so that it is small.
    [[nodiscard]] std::string bytes() const;

  private:
    std::array<std::uint32_t, kBuckets> counts_{};
};

}  // namespace fleet::store::sqlite
