// Looks at a box when all is over: what the store says about every item, and what is left.
#pragma once

#include <cstdint>
#include <string>

#include "common/contracts/store.hpp"
#include "tests/chaos/journal.hpp"
#include "tests/chaos/tally.hpp"

namespace fleet::chaos {

/// A batch as it was submitted.
struct Submitted {
    std::string batch;
    std::int64_t items = 0;
    bool commands = false;  ///< of chaos_item; else a built-in
};

/// Every item is done exactly once, and what the store recorded of a command is what the journal
/// says.
void judge_batch(contracts::Store& store, const Submitted& submitted, const Journal& journal,
                 Tally& tally);
/// The store itself: integrity, counters, leases.
void judge_store(contracts::Store& store, Tally& tally);
/// `lines`: of `fleet results` for the batch, which a person would read.
void judge_results(const std::string& lines, const Submitted& submitted, Tally& tally);
/// The logs of the box's workers: how many commits were refused.
[[nodiscard]] std::int64_t refused_commits(const contracts::Store& store);

}  // namespace fleet::chaos
