// Executions submitted together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/ids.hpp"
#include "common/base/json_text.hpp"
#include "common/base/time.hpp"

namespace fleet::model {

//  loading --seal--> sealed          (both can be cancelled; cancelled is final)
enum class BatchState { loading, sealed, cancelled };
[[nodiscard]] std::string_view to_text(BatchState state);

/// Counts by status. `total` is their sum.
struct StatusCounts {
    std::int64_t pending = 0;
    std::int64_t running = 0;
    std::int64_t waiting = 0;
    std::int64_t done = 0;
    std::int64_t failed = 0;
    std::int64_t cancelled = 0;
    [[nodiscard]] std::int64_t total() const {
        return pending + running + waiting + done + failed + cancelled;
    }
    [[nodiscard]] std::int64_t terminal() const { return done + failed + cancelled; }
    bool operator==(const StatusCounts&) const = default;
};

struct NewBatch {
    std::string name;  ///< unique; 1..100 of letters, digits, '.', '_', '-'
    std::string pool;
    base::Uuid id_seed;  ///< ids of its items derive from it
    /// Own claim lane: only workers bound to the batch claim from it (used by `fleet run`).
    bool private_lane = false;
    std::int64_t spec = 0;   ///< of its items; 0 if mixed
    base::JsonText options;  ///< what `fleet resume` needs to go on (spool path, workers, ...)
};

struct Batch {
    std::string name;
    std::string pool;
    BatchState state = BatchState::loading;
    base::Uuid id_seed;
    bool private_lane = false;
    std::int64_t spec = 0;
    base::JsonText options;
    std::int64_t loaded_lines = 0;  ///< lines of the items file that are pushed
    StatusCounts counts;            ///< roots only
    /// Live children, launched ones included; counted for batches with a lane of their own.
    std::int64_t children_open = 0;
    base::StoreTime created_at{};
    std::optional<base::StoreTime> finished_at;  ///< when the last one became terminal

    /// Nothing of it runs or will run.
    [[nodiscard]] bool is_over() const {
        return state != BatchState::loading && counts.terminal() == counts.total() &&
               children_open == 0;
    }
};

}  // namespace fleet::model
