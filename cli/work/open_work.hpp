// What a BatchRun works on, as the store has it: a batch, or what the workers of a pool share,
// which then stands as a batch without a name (its counts are those of all executions there,
// children included).
#pragma once

#include <string>

#include "common/contracts/store.hpp"
#include "common/model/batch.hpp"

namespace fleet::cli {

/// The pool is there.
[[nodiscard]] model::Batch shared_work(contracts::Store& store, const std::string& pool);
[[nodiscard]] inline bool is_shared_work(const model::Batch& work) {
    return work.name.empty();
}

/// The same work as the store has it now. Throws StoreError when it is not there any more.
[[nodiscard]] model::Batch look_again(contracts::Store& store, const model::Batch& work);

/// Nothing that was begun of it is open. Of a batch without workers of its own: of what its pool's
/// workers share, for they do not choose among batches.
[[nodiscard]] bool only_new_is_open(contracts::Store& store, const model::Batch& work);

/// "batch b1", "the shared work of pool default".
[[nodiscard]] std::string title_of(const model::Batch& work);

}  // namespace fleet::cli
