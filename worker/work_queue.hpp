// The claimed items that wait for a slot, in claim order. Bounded by what the main loop claims.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "worker/work_item.hpp"

namespace fleet::worker {

class WorkQueue {
  public:
    /// The most instant items that one slot takes at once.
    static constexpr std::size_t kMaxChunk = 256;

    /// `starved` is called, without a lock, when a slot finds nothing to do.
    explicit WorkQueue(std::function<void()> starved) : starved_(std::move(starved)) {}

    void put(std::vector<WorkItem> items);

    /// For slots: one item, or the instant items in front, into `chunk` (replaced). Blocks while
    /// there is nothing; false when the queue is closed. The slot counts as busy until its next
    /// `take`.
    bool take(std::vector<WorkItem>& chunk);

    /// For a slot that is busy and goes on at once: the item in front, if it is one that has to be
    /// begun in the store first.
    [[nodiscard]] std::optional<WorkItem> take_unbegun();

    /// Everything that no slot has taken.
    [[nodiscard]] std::vector<WorkItem> take_back();
    /// As take_back, but leaves what is begun in the store already: a slot is about to take it, and
    /// its attempt is used up.
    [[nodiscard]] std::vector<WorkItem> take_back_unbegun();
    /// Ends every `take`, now and later.
    void close();

    struct State {
        std::size_t queued = 0;
        std::size_t busy = 0;     ///< slots that work
        std::uint64_t taken = 0;  ///< items that slots have taken so far
    };
    [[nodiscard]] State state() const;

  private:
    std::function<void()> starved_;
    mutable std::mutex mutex_;  ///< guards everything below
    std::condition_variable filled_;
    std::deque<WorkItem> items_;
    std::size_t busy_ = 0;
    std::uint64_t taken_ = 0;
    bool closed_ = false;
};

}  // namespace fleet::worker
