#include "worker/claim_size.hpp"

#include <algorithm>

namespace fleet::worker {

std::size_t ClaimSize::prefetch_others() const {
    const std::int64_t mean = mean_ns_.load(std::memory_order_relaxed);
    if (mean == kUnknown) {
        return 0;
    }
    const auto ahead = std::chrono::nanoseconds(kAhead).count() / std::max<std::int64_t>(mean, 1);
    return std::min(static_cast<std::size_t>(ahead) * slots_, limit_.value_or(kMostOther));
}

std::size_t ClaimSize::prefetch() const {
    const std::size_t wanted = instant_ahead_ > 0
                                   ? std::min(instant_ahead_, limit_.value_or(kMostInstant))
                                   : prefetch_others();
    return std::min(wanted, kBytesAhead / input_bytes_);
}

std::size_t ClaimSize::claim_at() const {
    // In large bites: one claim costs the store nearly the same for one item as for many.
    return slots_ + prefetch() - std::max<std::size_t>(1, prefetch() / 2);
}

ClaimSize::Next ClaimSize::next(const Load& load) const {
    const std::size_t window = slots_ + prefetch();
    const std::size_t idle = load.busy < slots_ ? slots_ - load.busy : 0;
    const bool starving = idle > 0 && load.queued == 0;
    if (load.held >= window || (load.held > claim_at() && !starving)) {
        return {};
    }
    Next next;
    next.limit = std::min(window - load.held, kLargestClaim);
    if (instant_ahead_ == 0 && idle > load.queued) {
        next.begin = std::min(next.limit, idle - load.queued);
    }
    return next;
}

void ClaimSize::claimed(std::size_t instant, std::size_t others, std::size_t input_bytes) {
    input_bytes_ =
        std::max<std::size_t>(1, input_bytes / std::max<std::size_t>(1, instant + others));
    if (others > 0) {
        instant_ahead_ = 0;
    } else if (instant > 0) {
        instant_ahead_ = std::clamp<std::size_t>(instant_ahead_ * 4, 32, kMostInstant);
    }
}

std::size_t ClaimSize::surplus(std::size_t others, const Load& load) const {
    const std::size_t idle = load.busy < slots_ ? slots_ - load.busy : 0;
    const std::size_t wanted = idle + prefetch_others();
    return others > wanted ? others - wanted : 0;
}

void ClaimSize::served(std::chrono::nanoseconds time) {
    // Two slots may overwrite each other's update; it is an estimate.
    const std::int64_t mean = mean_ns_.load(std::memory_order_relaxed);
    const std::int64_t sample = time.count();
    mean_ns_.store(mean == kUnknown ? sample : mean + (sample - mean) / 8,
                   std::memory_order_relaxed);
}

}  // namespace fleet::worker
