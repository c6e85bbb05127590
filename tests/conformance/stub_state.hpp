// What the stubs of one case remember: their counters live through the case, over machines,
// children and resumes. In a file they are shared by all processes that run the case, whichever of
// them is killed. Thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

namespace fleet::conformance {

class StubState {
  public:
    StubState() = default;
    /// The counters are lines of this file, one for each time.
    explicit StubState(std::filesystem::path file);

    /// The number of this call of the agent, from 1.
    [[nodiscard]] int next_call(const std::string& counter);
    /// How often that failure has been asked for, this time included.
    [[nodiscard]] int next_failure(const std::string& hooks, const std::string& action);
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
    [[nodiscard]] int next(const std::string& name);

    const std::filesystem::path file_;  ///< empty: counted in memory
    mutable std::mutex mutex_;
    std::map<std::string, int> counts_;  ///< guarded by mutex_
    bool counter_used_ = false;          ///< guarded by mutex_
};

}  // namespace fleet::conformance
