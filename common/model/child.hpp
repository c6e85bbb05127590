// Children: executions that a step of another one created. Values only, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json_text.hpp"
#include "common/model/execution.hpp"

namespace fleet::model {

/// The most children that one commit takes: a transaction must be short. More come in several
/// commits with NextRunning, the last one of which parks.
inline constexpr std::size_t kMaxChildren = 5'000;

enum class ChildKind {
    waited_for,  ///< counted: the parent parks until it has ended
    launched,    ///< nobody waits for it; it is cancelled with its parent, but outlives its end
    /// Runs inside its parent's slot: never claimable, without an owner of its own, fenced by the
    /// lease of its claimed ancestor; told as running until it ends or is detached.
    in_place,
};
[[nodiscard]] std::string_view to_text(ChildKind kind);

/// Batch, pool, private lane, priority and item number are its parent's.
struct NewChild {
    ExecutionId id;      ///< child_id(parent, step, ordinal)
    ExecutionId parent;  ///< nil: the committing execution; else an in-place descendant of it
    std::int64_t step = 0;
    std::int64_t ordinal = 0;
    ChildKind kind = ChildKind::waited_for;
    std::int64_t spec = 0;  ///< from put_spec
    base::JsonText input;
    std::string stage;
    int stage_rank = 0;
    int max_attempts = 1;
    std::string label;  ///< by what name the parent calls the machine
};

/// Equal arguments give equal ids, so that a repeated fan-out creates nothing twice. It looks like
/// a version 7 UUID whose time is the parent's and one millisecond, so that it sorts after it.
[[nodiscard]] ExecutionId child_id(const ExecutionId& parent, std::int64_t step,
                                   std::int64_t ordinal);

/// What a parent learns about a child.
struct ChildState {
    ExecutionId id;
    std::int64_t step = 0;
    std::int64_t ordinal = 0;
    ChildKind kind = ChildKind::waited_for;
    Status status = Status::pending;
    std::string label;
    std::int64_t spec = 0;
    base::JsonText output;  ///< of a done one
    std::optional<ExecutionError> error;
    base::StoreTime finished_at{};  ///< of its terminal commit; 0 while it is open
    base::JsonText snapshot;        ///< of an open in-place child: its resume point
    base::JsonText input;           ///< of an open in-place child
};

/// One execution in the drawing of a tree.
struct TreeNode {
    ExecutionId id;
    ExecutionId parent;  ///< nil for a root
    int depth = 0;       ///< 0 for the execution that was asked for
    std::string label;
    std::string stage;
    Status status = Status::pending;
    std::int64_t step = 0;
    std::int64_t ordinal = 0;
    ChildKind kind = ChildKind::waited_for;
    std::optional<ErrorKind> error_kind;  ///< of a failed or cancelled one
};

/// A subtree, depth first, children by step and ordinal.
struct Tree {
    std::vector<TreeNode> nodes;  ///< empty: there is no such execution
    std::int64_t more = 0;        ///< so many executions of it are not listed
};

}  // namespace fleet::model
