// Cancelling what is below a cancelled execution, from the top down and in bounded chunks. What a
// dead sweeper left is in the table `sweeps`: claims go on with it, and until it is done nothing
// below is handed out or commits. Every function runs inside a write transaction.
#pragma once

#include <cstddef>

#include "common/store/sqlite/execution_row.hpp"

namespace fleet::store::sqlite {

inline constexpr std::int64_t kAllSteps = -1;
/// The most executions that one operation sweeps besides its own work.
inline constexpr std::size_t kSweepLimit = 500;

/// The open children of `parent` are to be cancelled: all, or those it waited for at `step`.
void start_sweep(WriteTransaction& transaction, std::int64_t parent, std::int64_t step);
/// Sweeps at most `limit` executions; returns how many. Less: there is nothing left to sweep.
std::size_t sweep(WriteTransaction& transaction, std::size_t limit);
[[nodiscard]] bool has_sweeps(WriteTransaction& transaction);
/// True when the execution hangs below one that is being swept.
[[nodiscard]] bool is_below_sweep(WriteTransaction& transaction, std::int64_t child);

}  // namespace fleet::store::sqlite
