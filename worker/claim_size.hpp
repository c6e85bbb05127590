// How much to claim next: enough that slots never wait for the store, so little that other workers
// get their share. About 50 ms of work is held beyond the slots; none of work that takes long.
//
// Decisions are the main loop's; `served` may be called by any slot's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace fleet::worker {

class ClaimSize {
  public:
    /// The most items held beyond the slots, of each kind.
    static constexpr std::size_t kMostInstant = 512;
    static constexpr std::size_t kMostOther = 64;
    /// The most that one claim asks for.
    static constexpr std::size_t kLargestClaim = 256;
    static constexpr std::chrono::milliseconds kAhead{50};
    /// About so much of inputs is held beyond the slots.
    static constexpr std::size_t kBytesAhead = 16U << 20U;

    ClaimSize(std::size_t slots, std::optional<std::size_t> prefetch_limit)
        : slots_(slots), limit_(prefetch_limit) {}

    struct Load {
        std::size_t held = 0;    ///< claimed, not finished
        std::size_t queued = 0;  ///< of these, not taken by a slot
        std::size_t busy = 0;    ///< slots
    };
    struct Next {
        std::size_t limit = 0;  ///< 0: claim nothing now
        std::size_t begin = 0;  ///< how many of them start at once
    };
    [[nodiscard]] Next next(const Load& load) const;
    /// With so many held or fewer, `next` wants to claim.
    [[nodiscard]] std::size_t claim_at() const;

    /// What a claim brought, with the size of all its inputs.
    void claimed(std::size_t instant, std::size_t others, std::size_t input_bytes);
    /// How many of the not instant items of a claim are to be given back at once: they came where
    /// instant ones were expected, and other workers could run them now.
    [[nodiscard]] std::size_t surplus(std::size_t others, const Load& load) const;
    /// An item that is not instant has occupied its slot for so long.
    void served(std::chrono::nanoseconds time);
    /// Prefetched items were not started in time: work takes long now.
    void stalled() { mean_ns_.store(kUnknown, std::memory_order_relaxed); }

  private:
    static constexpr std::int64_t kUnknown = -1;
    [[nodiscard]] std::size_t prefetch_others() const;
    [[nodiscard]] std::size_t prefetch() const;

    const std::size_t slots_;
    const std::optional<std::size_t> limit_;
    std::size_t input_bytes_ = 1;    ///< of one item, in the last claim
    std::size_t instant_ahead_ = 0;  ///< 0: the last claim was not of instant items alone
    std::atomic<std::int64_t> mean_ns_{kUnknown};
};

}  // namespace fleet::worker
