// The mock provider's own time: one axis for limits, timeline and series.
//
// It counts nanoseconds since the Unix epoch, is set by the wall clock once and follows boot time
// from then on, so that it never steps back and still says where a minute or a day begins.
#pragma once

#include <chrono>
#include <string>

#include "common/base/clock.hpp"

namespace fleet::mock_provider {

using Nanos = std::chrono::nanoseconds;

/// Tag of the axis.
struct ProviderClock {
    using duration = Nanos;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<ProviderClock, duration>;
    static constexpr bool is_steady = true;
};
using Instant = ProviderClock::time_point;

/// Reads the axis. Thread-safe.
class ProviderTime {
  public:
    explicit ProviderTime(const base::Clock& clock)
        : clock_(clock), wall_(clock.wall_now()), boot_(clock.boot_now()) {}
    [[nodiscard]] Instant now() const {
        return Instant{wall_.time_since_epoch() + (clock_.boot_now() - boot_)};
    }

  private:
    const base::Clock& clock_;
    base::WallTime wall_;
    base::BootTime boot_;
};

/// "Sat, 21 Nov 2026 07:50:30 GMT", as the headers Date and Retry-After have it; rounded down.
[[nodiscard]] std::string http_date(Instant time);
/// "2026-11-21T07:50:30Z"; rounded up to the next second, so that who waits for it waits enough.
[[nodiscard]] std::string iso_seconds(Instant time);
/// As Go prints a duration, to the millisecond, rounded up: "17ms", "1s", "7.66s", "6m0s",
/// "1h0m0s".
[[nodiscard]] std::string go_duration(Nanos span);
/// Rounded up; never negative.
[[nodiscard]] std::int64_t whole_seconds(Nanos span);
[[nodiscard]] std::int64_t whole_milliseconds(Nanos span);

}  // namespace fleet::mock_provider
