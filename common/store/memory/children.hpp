// Parents and children: inserting, waiting for them, and what the end of one means to the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/model/child.hpp"
#include "common/model/step_commit.hpp"
#include "common/store/memory/transaction.hpp"

namespace fleet::store::memory {

/// Throws StoreError internal, before anything is changed, when the commit's children or in-place
/// steps hang below nothing of its execution.
void check_children(State& state, const model::StepCommit& commit);
/// Those that are there already are left alone.
void insert_children(Transaction& transaction, const Row& committing,
                     const model::StepCommit& commit);
/// The in-place children that take other steps than running and ending become ordinary ones.
void detach_children(State& state, const model::StepCommit& commit);
/// Parked on the children of a step, or pending at once when there is nothing to wait for.
void park_on_children(Transaction& transaction, Row& row, const model::NextChildren& next);
/// The deadline of a waiting execution is over.
void deadline_passed(Transaction& transaction, Row& row);
/// What the end of an execution means to its parent, its children and its mail.
void after_end(Transaction& transaction, Row& row);
/// Cancels what is below, running ones by a mark.
void cancel_below(Transaction& transaction, const Row& row);
/// A child that ended is open again: the parent waits for it if it is parked at that step.
void open_again(State& state, const Row& child);
/// True while something live still needs the ended row, or something hangs below it.
[[nodiscard]] bool is_needed(const State& state, const Row& row);

[[nodiscard]] std::vector<model::ChildState> children_of(State& state,
                                                         const model::ExecutionId& parent,
                                                         std::int64_t step,
                                                         std::int64_t after_ordinal,
                                                         std::size_t limit);
[[nodiscard]] model::Tree tree_of(State& state, const model::ExecutionId& top, std::size_t limit);

}  // namespace fleet::store::memory
