// The order of claims inside a lane as one number: smaller is claimed earlier. Resumed work comes
// before new work, children before roots (what is begun is ended first), higher priority before
// lower; equal ranks go by age (the rowid).
#pragma once

#include <cstdint>

#include "common/model/execution.hpp"

namespace fleet::store::sqlite {

/// More than the whole span of priorities, so that every resumed rank is below every new one. New
/// work of priority 0 has rank 0, which costs no byte in a row.
inline constexpr std::int64_t kResumedShift = 1'000'000;
inline constexpr std::int64_t kLastResumedRank = -kResumedShift / 2;
/// Between the two, with the span of priorities on either side.
inline constexpr std::int64_t kChildShift = 300'000;
inline constexpr std::int64_t kLastChildRank = -kChildShift / 2;

[[nodiscard]] constexpr std::int64_t rank_of(int priority, bool resumed) {
    return -std::int64_t{priority} - (resumed ? kResumedShift : 0);
}
[[nodiscard]] constexpr bool is_resumed(std::int64_t rank) {
    return rank < kLastResumedRank;
}
[[nodiscard]] constexpr int priority_of(std::int64_t rank) {
    if (is_resumed(rank)) {
        return static_cast<int>(-(rank + kResumedShift));
    }
    return static_cast<int>(-(rank < kLastChildRank ? rank + kChildShift : rank));
}
/// Of a child that has not begun.
[[nodiscard]] constexpr std::int64_t child_rank(int priority) {
    return -std::int64_t{priority} - kChildShift;
}
/// The same priority, but before all new work.
[[nodiscard]] constexpr std::int64_t resumed_rank(std::int64_t rank) {
    return rank_of(priority_of(rank), true);
}

}  // namespace fleet::store::sqlite
