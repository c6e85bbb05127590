// What a running machine has done and the store does not know yet: checkpoints, children and the
// steps of children that run in its place. It goes into the store as one atomic commit when work is
// about to leave the process, when it has been kept for a while, and at the end.
//
// One object serves one attempt of one claimed execution, on its slot's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/contracts/store.hpp"
#include "common/contracts/work.hpp"
#include "common/model/child.hpp"
#include "common/model/step_commit.hpp"
#include "machines/engine/snapshot.hpp"

namespace fleet::worker {

/// The execution is not ours any more, or was cancelled: the run ends, nothing else is recorded.
class RunLost final : public std::exception {
  public:
    explicit RunLost(model::CommitResult result) : result_(result) {}
    [[nodiscard]] model::CommitResult result() const noexcept { return result_; }
    [[nodiscard]] const char* what() const noexcept override { return "the run was lost"; }

  private:
    model::CommitResult result_;
};

class MachineSteps {
  public:
    /// The most checkpoints kept back, and for how long.
    static constexpr std::size_t kMostPending = 64;
    static constexpr std::size_t kMostPendingBytes = std::size_t{1} << 20U;
    static constexpr std::chrono::milliseconds kLongestPending{20};
    /// A larger snapshot is refused as a failure of the machine.
    static constexpr std::size_t kMaxSnapshotBytes = std::size_t{32} << 20U;

    /// Everything outlives the object. Without a stop token nothing is written before the end.
    /// While `leaving` is set, the run ends as stopped after its next step.
    MachineSteps(contracts::Store& store, const base::Clock& clock,
                 const contracts::Claimed& claimed, std::stop_token stop,
                 const std::atomic<bool>& leaving);
    MachineSteps(const MachineSteps&) = delete;
    MachineSteps& operator=(const MachineSteps&) = delete;

    /// `run`: the claimed execution or a child in its place. Throws MachineError for a snapshot
    /// that is too large, RunLost, base::StoreError.
    void checkpoint(const model::ExecutionId& run, const engine::MachineSnapshot& snapshot,
                    bool kept);
    /// Replaces the last one.
    void amend(const model::ExecutionId& run, const engine::MachineSnapshot& snapshot, bool kept);
    void add_child(model::NewChild child);
    /// How a child in place ends or leaves its place.
    void set_next(const model::ExecutionId& run, model::Next next);

    /// While it is held nothing is written: what woke the execution is not used up yet.
    void hold() { is_held_ = true; }
    void let_go() { is_held_ = false; }
    /// Durable when it returns. Waits for a store that does not answer until the token is stopped:
    /// base::Cancelled.
    void flush();
    /// One try, for a run that ends without a result.
    void flush_if_possible() noexcept;

    /// What is pending and how the execution goes on, without lease, ids and attempt.
    [[nodiscard]] model::StepCommit take(model::Next next);
    /// Likewise, as `set_next` of the claimed execution said.
    [[nodiscard]] model::StepCommit take_parked();
    /// Forgets what is pending: it cannot be recorded.
    void drop();

  private:
    /// One run's share of the pending commit.
    struct Part {
        model::ExecutionId run;
        std::vector<model::Snapshot> history;
        std::optional<model::Snapshot> kept;            ///< the last one, if it is to be kept
        std::optional<engine::MachineSnapshot> latest;  ///< the last one, if it is not
        std::optional<model::Next> next;
    };

    [[nodiscard]] Part& part_of(const model::ExecutionId& run);
    void put(Part& part, const engine::MachineSnapshot& snapshot, bool kept);
    [[nodiscard]] model::Snapshot encode(const engine::MachineSnapshot& snapshot) const;
    [[nodiscard]] std::optional<model::Snapshot> take_snapshot(Part& part, bool& keep_history);
    [[nodiscard]] bool is_due() const;
    [[nodiscard]] model::StepCommit build(model::Next next);
    void write(const model::StepCommit& commit);

    contracts::Store& store_;
    const base::Clock& clock_;
    const contracts::Claimed& claimed_;
    const std::stop_token stop_;
    const std::atomic<bool>& leaving_;

    Part root_;
    std::vector<Part> in_place_;  ///< in the order of their first step
    std::vector<model::NewChild> children_;
    std::size_t pending_ = 0;
    std::int64_t turn_ = 0;  ///< commits of this attempt so far
    std::size_t pending_bytes_ = 0;
    base::BootTime pending_since_{};
    bool is_held_ = false;
};

}  // namespace fleet::worker
