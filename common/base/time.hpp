// Types for spans and instants of time, shared by everything.
//
// Two kinds of instant exist and never mix: `StoreTime`, which the store's clock gives and which
// leases, delays and records are written in, and `BootTime`, a process's own monotonic clock
// (CLOCK_BOOTTIME: it counts through suspend), which deadlines inside a process are kept in.
// Plain values; safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fleet::base {

using Millis = std::chrono::milliseconds;

/// Tag of the store's clock. Its instants count milliseconds since the Unix epoch as the store
/// counts them; they follow CLOCK_BOOTTIME, so steps of the wall clock do not show in them.
struct StoreClock {
    using duration = Millis;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<StoreClock, duration>;
    static constexpr bool is_steady = true;
};
using StoreTime = StoreClock::time_point;

/// Tag of the process's monotonic clock, CLOCK_BOOTTIME.
struct BootClock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<BootClock, duration>;
    static constexpr bool is_steady = true;
};
using BootTime = BootClock::time_point;

/// Wall-clock time (UTC), only for a budget's day and for showing times to people.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Millis>;

[[nodiscard]] constexpr StoreTime store_time(std::int64_t milliseconds) {
    return StoreTime{Millis{milliseconds}};
}
[[nodiscard]] constexpr std::int64_t count_ms(StoreTime time) {
    return time.time_since_epoch().count();
}

/// "2026-11-21T07:50:30.123Z".
[[nodiscard]] std::string iso8601(StoreTime time);
[[nodiscard]] std::string iso8601(WallTime time);

/// A span as a person reads it: "340ms", "12.5s", "3m20s", "2h05m", "4d03h".
[[nodiscard]] std::string human_duration(Millis span);

}  // namespace fleet::base
