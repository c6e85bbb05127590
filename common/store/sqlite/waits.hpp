// Parents that are parked on their children. Every function runs inside a write transaction.
#pragma once

#include "common/model/step_commit.hpp"
#include "common/store/sqlite/execution_row.hpp"

namespace fleet::store::sqlite {

/// Parks the execution on the children of a step, or makes it pending when nothing is left to wait
/// for. What ended before counts as ended.
void park_on_children(WriteTransaction& transaction, const ExecutionRow& row,
                      const model::NextChildren& next);
/// A child has ended: told to its parent at the end of the operation, if that waits for it.
void note_child_end(WriteTransaction& transaction, const ExecutionRow& child);
/// A child that ended is open again: the parent waits for it if it is parked at that step.
void open_again(WriteTransaction& transaction, const ExecutionRow& child);
/// The deadline of a parent's wait has passed.
void deadline_of_wait(WriteTransaction& transaction, const ExecutionRow& row);
/// The execution waits for nothing any more.
void drop_wait(WriteTransaction& transaction, std::int64_t parent);

/// The end of every write operation: the ends of children go to their parents, each parent once and
/// in the order of their numbers, and what was cancelled begins to be swept.
void settle_families(WriteTransaction& transaction);

}  // namespace fleet::store::sqlite
