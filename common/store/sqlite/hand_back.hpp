// Giving back what an owner holds, and making work claimable whose time has come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/contracts/work.hpp"
#include "common/store/sqlite/execution_row.hpp"

namespace fleet::store::sqlite {

/// Running -> pending (or failed when lost too often, cancelled when that was asked for).
void hand_back_row(WriteTransaction& transaction, ExecutionRow row,
                   contracts::ReleaseReason reason);
/// Up to `limit` executions of the registration; what came back.
std::vector<model::ExecutionId> hand_back(WriteTransaction& transaction, std::int64_t owner,
                                          contracts::ReleaseReason reason, std::size_t limit);
/// The registration holds no lease any more: its time is cleared. Returns false if it still does.
bool clear_lease_time(WriteTransaction& transaction, std::int64_t owner);
/// Delays and deadlines that have passed: pending and ready; at most `limit`.
void promote_due(WriteTransaction& transaction, std::size_t limit);
/// The earliest time in the due index or of a lease's end.
[[nodiscard]] std::optional<std::int64_t> next_due_ms(WriteTransaction& transaction);

}  // namespace fleet::store::sqlite
