// What came of running one claimed item.
#pragma once

#include "common/model/step_commit.hpp"

namespace fleet::worker {

struct ItemOutcome {
    enum class Kind {
        commit,   ///< `commit` ends or parks the execution
        aborted,  ///< stopped before its end: hand it back
        lost,     ///< no longer ours, or cancelled: forget it
    };
    Kind kind = Kind::commit;
    /// Without lease, id and attempt.
    model::StepCommit commit = {};
};

}  // namespace fleet::worker
