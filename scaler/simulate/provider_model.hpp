// A provider's rate limit as simulated: decides call by call what a real one would answer. Pure;
// time is an argument that never goes back.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "common/model/provider.hpp"

namespace fleet::simulate {

using model::PaceTime;
using Micros = std::chrono::microseconds;

enum class LimitKind { fixed_window, token_bucket, sliding_window };

struct ProviderModelRules {
    LimitKind kind = LimitKind::fixed_window;
    double limit = 600;  ///< requests in each window
    base::Millis window = std::chrono::minutes(1);
    double burst = 10;               ///< of a token bucket
    bool states_limits = true;       ///< in headers, with each answer
    bool states_retry_after = true;  ///< with each refusal
};

/// At that time from the begin of a simulation the provider's limit becomes another one.
struct LimitChange {
    base::Millis at{0};
    double limit = 0;  ///< requests in each window
};

struct Answer {
    bool given = false;
    model::RateLimit stated;
};

class ProviderModel {
  public:
    ProviderModel(const ProviderModelRules& rules, PaceTime start);
    /// One call that arrives now.
    [[nodiscard]] Answer call(PaceTime now);
    /// The limit changes; what is used of the window stays used.
    void set_limit(double limit, PaceTime now);
    /// Calls a second that it gives at most.
    [[nodiscard]] double rate() const;

  private:
    void advance(PaceTime now);
    [[nodiscard]] double remaining() const;
    /// Until everything is free again, as such a provider states it.
    [[nodiscard]] Micros reset_after(PaceTime now) const;
    /// Until one more call is given.
    [[nodiscard]] Micros next_after(PaceTime now) const;

    ProviderModelRules rules_;
    PaceTime window_begin_;
    double used_ = 0;  ///< of the fixed window
    double level_;     ///< of the token bucket
    PaceTime level_at_;
    std::deque<PaceTime> arrivals_;  ///< of the sliding window
};

}  // namespace fleet::simulate
