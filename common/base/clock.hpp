// The only place that reads the machine's clocks. Everything else is handed a `Clock`.
// Thread safety: all methods may be called from any thread at once.
#pragma once

#include <string>

#include "common/base/time.hpp"

namespace fleet::base {

class Clock {
  public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    /// CLOCK_BOOTTIME: monotonic, counts while the machine sleeps.
    [[nodiscard]] virtual BootTime boot_now() const = 0;
    /// The wall clock, UTC. May step in either direction.
    [[nodiscard]] virtual WallTime wall_now() const = 0;
    /// Identifies this boot of the machine; `boot_now` is comparable only within one boot.
    [[nodiscard]] virtual std::string boot_id() const = 0;
};

/// The real clocks; boot id from /proc/sys/kernel/random/boot_id.
class SystemClock final : public Clock {
  public:
    [[nodiscard]] BootTime boot_now() const override;
    [[nodiscard]] WallTime wall_now() const override;
    [[nodiscard]] std::string boot_id() const override;
};

}  // namespace fleet::base
