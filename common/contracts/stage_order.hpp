// In which order the stages of a pool are claimed, and which are not. Pure.
//
// Later stages come first, so that what is begun ends. Two marks on a stage's buffer (what is
// pending in it) bend that: below the low-water mark the stage before it is claimed before it, so
// that it does not starve; at the high-water mark or above the stage before is not claimed at all.
// A stage whose provider is closed is not claimed either: its buffer fills up to its mark
// meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/model/pool.hpp"

namespace fleet::contracts {

struct StageBuffer {
    std::string stage;
    int rank = 0;
    std::int64_t pending = 0;
};

struct StageOrder {
    std::vector<std::string> stages;  ///< the first is claimed first; without the blocked ones
    bool is_lifted = false;           ///< a low-water mark holds: the order goes before all else
    bool is_blocked = false;          ///< a high-water mark or a closed provider keeps a stage out
};

/// A stage of the policies that is not among the buffers has an empty one. `closed`: the stages
/// whose providers take no calls for a while.
[[nodiscard]] StageOrder stage_order(std::vector<StageBuffer> buffers,
                                     const std::vector<model::StagePolicy>& policies,
                                     std::vector<std::string> closed = {});

}  // namespace fleet::contracts
