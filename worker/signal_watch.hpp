// SIGTERM, SIGINT and SIGHUP as calls on a thread of its own. The signals must be blocked
// (block_signals) before any other thread starts, because threads inherit the mask.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "common/base/fd.hpp"

namespace fleet::worker {

/// Blocks them in this thread and those that it starts.
void block_signals();

class SignalWatch {
  public:
    /// `arrived` gets the signal's name. Throws base::StoreError internal when the kernel refuses.
    explicit SignalWatch(std::function<void(const std::string& name)> arrived);
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;
    /// Waits for a call that runs.
    ~SignalWatch();

  private:
    void run();

    std::function<void(const std::string& name)> arrived_;
    base::UniqueFd signals_;
    base::UniqueFd stop_;
    std::jthread thread_;
};

}  // namespace fleet::worker
