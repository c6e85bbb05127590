// The order of claims inside a lane as one number: smaller is claimed earlier. Resumed work comes
// before new work, higher priority before lower; equal ranks go by age (the rowid).
#pragma once

#include <cstdint>

#include "common/model/execution.hpp"

namespace fleet::store::sqlite {

/// More than the whole span of priorities, so that every resumed rank is below every new one. New
/// work of priority 0 has rank 0, which costs no byte in a row.
inline constexpr std::int64_t kResumedShift = 1'000'000;
inline constexpr std::int64_t kLastResumedRank = -kResumedShift / 2;

[[nodiscard]] constexpr std::int64_t rank_of(int priority, bool resumed) {
    return -std::int64_t{priority} - (resumed ? kResumedShift : 0);
}
[[nodiscard]] constexpr bool is_resumed(std::int64_t rank) {
    return rank < kLastResumedRank;
}
[[nodiscard]] constexpr int priority_of(std::int64_t rank) {
    return static_cast<int>(-(is_resumed(rank) ? rank + kResumedShift : rank));
}
/// The same priority, but before all new work.
[[nodiscard]] constexpr std::int64_t resumed_rank(std::int64_t rank) {
    return is_resumed(rank) ? rank : rank - kResumedShift;
}

}  // namespace fleet::store::sqlite
