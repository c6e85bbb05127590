// Children as a commit creates, steps and detaches them, and what the end of an execution means to
// its family. Every function runs inside a write transaction.
#pragma once

#include "common/model/step_commit.hpp"
#include "common/store/sqlite/execution_row.hpp"

namespace fleet::store::sqlite {

/// Throws StoreError internal, before anything is changed, when the commit's children or in-place
/// steps hang below nothing of its execution.
void check_children(WriteTransaction& transaction, const model::StepCommit& commit);
/// Inserts what is not there yet.
void insert_children(WriteTransaction& transaction, const model::StepCommit& commit);
/// The in-place children whose next step needs a slot become ordinary executions.
void detach_children(WriteTransaction& transaction, const model::StepCommit& commit);
/// Parents hear of the end, in-place children end with their parent, what is below a cancelled one
/// is swept, mail is thrown away.
void tell_family(WriteTransaction& transaction, const ExecutionRow& row, model::Status end);

}  // namespace fleet::store::sqlite
