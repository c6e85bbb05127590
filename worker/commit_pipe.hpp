// What slots have finished, on its way into the store. One thread records it, many commits in one
// call, and repeats a call whose outcome is unknown with the same commit ids.
//
// A store that cannot be written now is waited for as long as the worker lives, also past the
// leases' deadline: a commit is fenced by its token, so a late one does no harm, and work that
// nobody has taken over is not thrown away. Meanwhile capacity stays used, so nothing piles up.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "common/base/errors.hpp"
#include "common/base/logging.hpp"
#include "common/contracts/store.hpp"
#include "common/model/step_commit.hpp"
#include "worker/lease_keeper.hpp"
#include "worker/wake_up.hpp"

namespace fleet::worker {

class CommitPipe {
  public:
    /// The most commits in one call of the store.
    static constexpr std::size_t kLargestGroup = 512;
    /// The most commits in flight for each slot; `commit` blocks at the limit.
    static constexpr std::size_t kPerSlot = 256;

    struct Ports {
        contracts::Store& store;
        base::Log& log;
        LeaseKeeper& keeper;
        WakeUp& wake_up;
        /// The store is damaged: the worker cannot go on.
        std::function<void(const std::string& why, base::StoreError::Kind kind)> fatal;
    };

    CommitPipe(std::size_t slots, Ports ports);
    CommitPipe(const CommitPipe&) = delete;
    CommitPipe& operator=(const CommitPipe&) = delete;
    /// Tries once more to write what is left, then drops it: its leases are no longer named and go
    /// back to the pool.
    ~CommitPipe();

    /// Blocks at the limit. The executions are finished (keeper, wake-up) when their commit has
    /// returned.
    void commit(std::vector<model::StepCommit> commits);
    /// Records `commit` in the caller's thread and begins `next` in the same write.
    enum class Begun {
        yes,
        lost,    ///< `next` is not ours any more, and is finished
        unknown  ///< the store did not answer: hand `commit` to `commit`, begin as ever
    };
    [[nodiscard]] Begun commit_and_begin(const model::StepCommit& commit, const model::Lease& next);
    /// Hands executions back, unmarked if they were not begun; finishes them likewise.
    void give_back(std::vector<model::Lease> leases);
    /// Finishes what is not ours any more.
    void forget(const model::Lease& lease);

  private:
    void run();
    void write(std::vector<model::StepCommit> group);
    void write_patiently(std::span<model::StepCommit> group);
    /// True when it was handled (split up, replaced or dropped), false: try again.
    bool handle(std::span<model::StepCommit> group, const base::Error& error);
    void replace(model::StepCommit& commit, const base::Error& error);
    void drop(std::span<const model::StepCommit> group, const std::string& why);
    void report(std::span<const model::StepCommit> group,
                std::span<const model::CommitResult> results);
    /// Finishes what is recorded; what the store refuses although it is ours ends as failed.
    void settle(std::span<model::StepCommit> group, std::span<const model::CommitResult> results);
    void release(const std::vector<model::Lease>& leases);
    void finish(std::span<const LeaseId> leases);
    void tell_trouble(const char* what, const base::Error& error);
    /// False when the pipe is closed: no more tries.
    bool back_off(base::Millis& pause);

    const std::size_t limit_;
    const Ports ports_;

    std::mutex mutex_;  ///< guards until the next blank line
    std::condition_variable filled_;
    std::condition_variable emptied_;
    std::deque<std::vector<model::StepCommit>> commits_;
    std::vector<model::Lease> returned_;
    std::size_t in_flight_ = 0;
    bool closed_ = false;

    bool store_answers_ = true;  ///< of the pipe's thread: the trouble is told once
    std::jthread thread_;
};

}  // namespace fleet::worker
