// A clock that stands still until a test moves it. Thread-safe.
#pragma once

#include <mutex>
#include <string>
#include <utility>

#include "common/base/clock.hpp"

namespace fleet::test_support {

class TestClock final : public base::Clock {
  public:
    /// Boot time 1000 s, wall time 2026-11-21T07:50:30.123Z.
    TestClock() = default;

    [[nodiscard]] base::BootTime boot_now() const override {
        const std::scoped_lock lock(mutex_);
        return boot_;
    }
    [[nodiscard]] base::WallTime wall_now() const override {
        const std::scoped_lock lock(mutex_);
        return wall_;
    }
    [[nodiscard]] std::string boot_id() const override {
        const std::scoped_lock lock(mutex_);
        return boot_id_;
    }

    /// Time passes: both clocks advance.
    void advance(base::Millis span) {
        const std::scoped_lock lock(mutex_);
        boot_ += span;
        wall_ += span;
    }
    /// The wall clock is set by somebody; boot time does not notice.
    void step_wall(base::Millis span) {
        const std::scoped_lock lock(mutex_);
        wall_ += span;
    }
    void set_boot(base::BootTime now) {
        const std::scoped_lock lock(mutex_);
        boot_ = now;
    }
    void set_wall(base::WallTime now) {
        const std::scoped_lock lock(mutex_);
        wall_ = now;
    }
    /// The machine restarts: another boot id, boot time from 0, the wall clock goes on.
    void reboot(std::string boot_id) {
        const std::scoped_lock lock(mutex_);
        boot_id_ = std::move(boot_id);
        boot_ = base::BootTime{};
    }

  private:
    mutable std::mutex mutex_;  ///< guards everything below
    base::BootTime boot_{std::chrono::seconds{1000}};
    base::WallTime wall_{base::Millis{1'795'247'430'123}};
    std::string boot_id_ = "11111111-2222-3333-4444-555555555555";
};

}  // namespace fleet::test_support
