// The store's clock for SQLite: a base kept in the table `clock` plus CLOCK_BOOTTIME, so that steps
// of the wall clock change nothing and all processes of a box agree.
#pragma once

#include <cstdint>
#include <filesystem>

#include "common/base/clock.hpp"
#include "common/base/time.hpp"

namespace fleet::store::sqlite {

class Connection;
class WriteTransaction;

/// When nobody ticked the clock for this long, nobody could have renewed: from the end of such a
/// gap leases and workers are judged only after one more TTL of theirs. Longer than the longest
/// interval at which living processes tick (the 5 s heartbeat).
inline constexpr base::Millis kClockGap{6'000};

class StoreTimeSource {
  public:
    /// Reads the base; at the first open on a new boot writes a new one and raises the store epoch.
    /// Runs its own transaction on `connection`.
    StoreTimeSource(Connection& connection, const base::Clock& clock);

    [[nodiscard]] base::StoreTime now() const;
    /// High bits of every fencing token: (epoch << 40).
    [[nodiscard]] std::int64_t token_floor() const { return store_epoch_ << 40; }

  private:
    const base::Clock& clock_;
    base::Millis offset_{0};  ///< store time - boot time
    std::int64_t store_epoch_ = 1;
};

/// Notes that somebody was alive to renew and judge at this time; notes a gap first, if there was
/// one. Every renewal, heartbeat and judgement calls it.
void tick_clock(WriteTransaction& transaction);
/// End of the last gap, 0 if there was none: judge at now >= max(until, gap_end + ttl).
[[nodiscard]] base::StoreTime gap_end(WriteTransaction& transaction);

}  // namespace fleet::store::sqlite
