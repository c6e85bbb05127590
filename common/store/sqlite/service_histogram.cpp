#include "common/store/sqlite/service_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace fleet::store::sqlite {

namespace {

std::size_t bucket_of(base::Millis time) {
    if (time.count() <= 1) {
        return 0;
    }
    const auto exponent = std::ceil(std::log(static_cast<double>(time.count())) / std::log(1.5));
    return std::min(static_cast<std::size_t>(exponent), ServiceHistogram::kBuckets - 1);
}

}  // namespace

ServiceHistogram::ServiceHistogram(std::string_view bytes) {
    if (bytes.size() % 4 != 0 || bytes.size() / 4 > kBuckets) {
        return;
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        counts_[i / 4] |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]))
                          << (8 * (i % 4));
    }
}

void ServiceHistogram::add(base::Millis time) {
    auto& count = counts_[bucket_of(time)];
    if (count < std::numeric_limits<std::uint32_t>::max()) {
        ++count;
    }
}

void ServiceHistogram::merge(const ServiceHistogram& other) {
    for (std::size_t i = 0; i < kBuckets; ++i) {
        const auto sum = std::uint64_t{counts_[i]} + other.counts_[i];
        counts_[i] = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(sum, std::numeric_limits<std::uint32_t>::max()));
    }
}

std::int64_t ServiceHistogram::samples() const {
    return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
}

std::optional<base::Millis> ServiceHistogram::quantile(double share) const {
    const auto all = samples();
    if (all == 0) {
        return std::nullopt;
    }
    const auto wanted = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(all)));
    std::int64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
        seen += counts_[i];
        if (seen >= wanted) {
            return base::Millis{
                static_cast<std::int64_t>(std::llround(std::pow(1.5, static_cast<double>(i))))};
        }
    }
    return std::nullopt;
}

std::string ServiceHistogram::bytes() const {
    std::size_t used = kBuckets;
    while (used > 0 && counts_[used - 1] == 0) {
        --used;
    }
    std::string bytes;
    bytes.reserve(used * 4);
    for (std::size_t i = 0; i < used; ++i) {
        for (int shift = 0; shift < 32; shift += 8) {
            bytes.push_back(static_cast<char>((counts_[i] >> shift) & 0xffU));
        }
    }
    return bytes;
}

}  // namespace fleet::store::sqlite
