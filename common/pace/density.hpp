// What a provider's calls of the last minute came to, in slots of two seconds. Pure.
#pragma once

#include "common/model/provider.hpp"

namespace fleet::pace {

/// Sums over a stretch of time up to now.
struct Counts {
    std::int64_t granted = 0;
    std::int64_t calls = 0;
    std::int64_t refused = 0;
    std::int64_t errors = 0;
    base::Millis latency{0};  ///< of all answered calls together
    base::Millis covered{0};  ///< from the first slot with anything in it up to now

    /// Refusals per call; 0 without calls.
    [[nodiscard]] double refused_share() const;
    /// Refusals and errors per call.
    [[nodiscard]] double bad_share() const;
    /// Of one answered call; 0 without any.
    [[nodiscard]] base::Millis mean_latency() const;
};

void count_granted(model::Density& density, base::StoreTime now, std::int64_t calls);
void count_outcome(model::Density& density, base::StoreTime now, const model::CallOutcome& outcome);
/// Of the last `span`, at most a minute, to the length of a slot.
[[nodiscard]] Counts counts_of(const model::Density& density, base::StoreTime now,
                               base::Millis span);
/// Whether the provider said "not so fast".
[[nodiscard]] bool was_rate_limited(const model::CallOutcome& outcome);

}  // namespace fleet::pace
