// What the stubs of one case remember: their counters live through the case, over machines,
// children and resumes. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>

namespace fleet::conformance {

class StubState {
  public:
    /// The number of this call of the agent, from 1.
    [[nodiscard]] int next_call(const std::string& counter) {
        const std::scoped_lock lock(mutex_);
        return ++calls_[counter];
    }
    /// How often that failure has been asked for, this time included.
    [[nodiscard]] int next_failure(const std::string& hooks, const std::string& action) {
        const std::scoped_lock lock(mutex_);
        return ++failures_[{hooks, action}];
    }
    /// Somebody's answer depended on a counter: such a case cannot be repeated from its middle.
    void note_counter_used() {
        const std::scoped_lock lock(mutex_);
        counter_used_ = true;
    }
    [[nodiscard]] bool is_counter_used() const {
        const std::scoped_lock lock(mutex_);
        return counter_used_;
    }

  private:
    mutable std::mutex mutex_;
    std::map<std::string, int> calls_;                             ///< guarded by mutex_
    std::map<std::pair<std::string, std::string>, int> failures_;  ///< guarded by mutex_
    bool counter_used_ = false;                                    ///< guarded by mutex_
};

}  // namespace fleet::conformance
