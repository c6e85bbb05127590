#include "common/store/memory/statistics.hpp"

#include <cmath>

namespace fleet::store::memory {
namespace {

constexpr double kTimeConstantSeconds = 30.0;
constexpr double kBucketFactor = 1.5;
constexpr double kPercentile = 0.95;

}  // namespace

void Rate::add(std::int64_t events, base::StoreTime now) {
    value_ = per_second(now) + static_cast<double>(events) / kTimeConstantSeconds;
    at_ = now;
}

double Rate::per_second(base::StoreTime now) const {
    const double seconds = std::chrono::duration<double>(now - at_).count();
    return value_ * std::exp(-seconds / kTimeConstantSeconds);
}

void ServiceTimes::add(base::Millis time) {
    ++samples_;
    sum_ += time;
    std::size_t bucket = 0;
    double edge = 1.0;
    while (edge < static_cast<double>(time.count()) && bucket + 1 < kBuckets) {
        edge *= kBucketFactor;
        ++bucket;
    }
    ++buckets_[bucket];
}

std::optional<base::Millis> ServiceTimes::mean() const {
    if (samples_ == 0) {
        return std::nullopt;
    }
    return sum_ / samples_;
}

std::optional<base::Millis> ServiceTimes::p95() const {
    if (samples_ == 0) {
        return std::nullopt;
    }
    const double wanted = kPercentile * static_cast<double>(samples_);
    double seen = 0;
    double edge = 1.0;
    for (const std::int64_t count : buckets_) {
        seen += static_cast<double>(count);
        if (seen >= wanted) {
            break;
        }
        edge *= kBucketFactor;
    }
    return base::Millis{std::llround(edge)};
}

}  // namespace fleet::store::memory
