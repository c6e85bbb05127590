// Calls back when a deadline on CLOCK_BOOTTIME has passed, from a thread of its own that does
// nothing else, so that no store call can delay it. An unset deadline costs nothing.
#pragma once

#include <functional>
#include <thread>

#include "common/base/fd.hpp"
#include "common/base/time.hpp"

namespace fleet::worker {

class DeadlineWatch {
  public:
    /// `passed` runs on the watch's thread; it may call `set`. Throws base::StoreError internal
    /// when the kernel gives no timer.
    explicit DeadlineWatch(std::function<void()> passed);
    DeadlineWatch(const DeadlineWatch&) = delete;
    DeadlineWatch& operator=(const DeadlineWatch&) = delete;
    /// Waits for a callback that runs.
    ~DeadlineWatch();

    /// Replaces the deadline; one that has passed calls back at once. From any thread.
    void set(base::BootTime deadline);

  private:
    void run();

    std::function<void()> passed_;
    base::UniqueFd timer_;
    base::UniqueFd stop_;
    std::jthread thread_;
};

}  // namespace fleet::worker
