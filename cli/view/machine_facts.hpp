// What is known of an execution that runs a machine: its checkpoints, and what it waits for below.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json_text.hpp"
#include "common/base/time.hpp"
#include "common/contracts/store.hpp"

namespace fleet::cli {

/// A checkpoint. What its JSON does not tell is empty.
struct CheckpointFact {
    std::string key;  ///< empty: it is not kept, the execution goes on from it
    std::int64_t step = 0;
    std::string event;
    std::string state;
    std::string channel;     ///< waited for, else empty
    std::string created_at;  ///< as it was written
    std::size_t bytes = 0;
    base::JsonText context;
};
[[nodiscard]] CheckpointFact checkpoint_fact(const model::Snapshot& snapshot);
/// Where the execution stands: the newest kept one, or where it would go on if that is newer (a
/// machine's `checkpoint_on` may keep little).
[[nodiscard]] std::optional<CheckpointFact> last_checkpoint(contracts::Store& store,
                                                            const model::ExecutionId& id);
/// The oldest first, at most `limit`.
[[nodiscard]] std::vector<CheckpointFact> kept_checkpoints(contracts::Store& store,
                                                           const model::ExecutionId& id,
                                                           std::size_t limit);
/// Without the context.
[[nodiscard]] base::JsonText checkpoint_json(const CheckpointFact& checkpoint);
/// "step 12 (state_exit of state review), 3m20s ago".
[[nodiscard]] std::string describe_checkpoint(const CheckpointFact& checkpoint,
                                              base::StoreTime now);
/// ISO 8601 in UTC, as any member of the family writes it; nullopt for anything else.
[[nodiscard]] std::optional<base::StoreTime> parse_utc(std::string_view text);

/// The children that a parked parent waits for.
struct ChildrenWait {
    std::int64_t step = 0;  ///< of the parent, which created them
    std::int64_t open = 0;
    std::int64_t all = 0;
    std::vector<model::Execution> slowest;  ///< of the open ones: those that began first, then age
};
/// nullopt: it waits for no children.
[[nodiscard]] std::optional<ChildrenWait> children_wait(contracts::Store& store,
                                                        const model::Execution& parent);

}  // namespace fleet::cli
