// Ends what a state does when its time is over, or when the run is stopped.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "common/base/time.hpp"

namespace fleet::engine {

class TimeLimit {
  public:
    /// Without a limit it passes on `outer` and starts no thread.
    TimeLimit(std::stop_token outer, std::optional<base::Millis> limit);
    TimeLimit(const TimeLimit&) = delete;
    TimeLimit& operator=(const TimeLimit&) = delete;
    ~TimeLimit();

    [[nodiscard]] std::stop_token token() const;
    /// The time is over and nobody stopped the run.
    [[nodiscard]] bool has_passed() const;

  private:
    struct Timer;
    std::stop_token outer_;
    std::unique_ptr<Timer> timer_;
};

}  // namespace fleet::engine
