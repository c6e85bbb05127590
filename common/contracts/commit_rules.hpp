// What every store asks of a commit's children and in-place steps before it changes anything.
// A pure decision: thread-safe, no I/O of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "common/model/step_commit.hpp"

namespace fleet::contracts {

struct InPlaceChild {
    model::ExecutionId parent;
    std::int64_t step = 0;  ///< of the parent, at which it was created
};
/// The open in-place child of this id in the store; nullopt: there is none.
using FindInPlace = std::function<std::optional<InPlaceChild>(const model::ExecutionId&)>;

/// True for what makes an ordinary execution of an in-place child.
[[nodiscard]] bool detaches(const model::Next& next);

/// Throws StoreError internal, naming the execution, when the commit breaks its contract: too many
/// or too large children, a child or step that hangs below nothing of this commit's execution, a
/// detached child whose parent does not wait for it.
void check_family(const model::StepCommit& commit, const FindInPlace& find);

}  // namespace fleet::contracts
