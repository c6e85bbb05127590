// Keeps what a simulation shows second by second, within bounds, and counts what must never be.
// Not thread-safe.
#pragma once

#include <string>

#include "scaler/policy.hpp"
#include "scaler/simulate/report.hpp"

namespace fleet::simulate {

/// Of longer simulations every second moment is dropped, again and again.
inline constexpr std::size_t kMostMoments = 20'000;

class Recorder {
  public:
    /// A scaler has decided: so many were started, and so many seats are taken now.
    void note(const scaler::PoolPlan& plan, int started, int seats, const scaler::PoolRules& rules);
    /// The moment without what `note` knows, once a second.
    void add(Moment moment);
    void broken(const std::string& promise);

    /// Of the pool, as the last scaler that decided had it.
    [[nodiscard]] int maximum() const { return maximum_; }
    [[nodiscard]] Report finish();

  private:
    void thin_out();

    Report report_;
    Moment decided_;  ///< of it only what decisions tell
    Moment open_;     ///< sums since the last moment that was kept
    int direction_ = 0;
    int maximum_ = 0;
    int stride_ = 1;  ///< seconds in a moment
    int seconds_ = 0;
};

}  // namespace fleet::simulate
