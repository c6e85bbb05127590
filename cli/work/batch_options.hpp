// What a batch remembers so that `fleet resume` goes on as the first command would have: kept as
// the batch's options in the store. Values only.
#pragma once

#include <cstdint>
#include <string>

#include "cli/items/batch_loader.hpp"
#include "common/base/json_text.hpp"
#include "common/base/time.hpp"
#include "common/model/pool.hpp"

namespace fleet::cli {

struct WorkerRange {
    int min = 1;
    int max = 0;  ///< 0: the host's cores
};

struct BatchOptions {
    std::string spool;       ///< the items' file in DATA/spool, until all are loaded
    std::int64_t items = 0;  ///< of the items file
    LoadOptions load;
    WorkerRange workers;
    int slots = 0;  ///< of a worker; 0: chosen by what is run
    base::Millis grace{30'000};
    bool fail_fast = false;
    std::string output;  ///< absolute path, or "-"; empty: none
};

[[nodiscard]] base::JsonText to_json_text(const BatchOptions& options);
/// Unknown members are ignored, absent ones have their defaults; empty text means all defaults.
[[nodiscard]] BatchOptions batch_options_from_json(const base::JsonText& text);

/// The host's cores where the range leaves its end open.
[[nodiscard]] int most_workers(const WorkerRange& range);
/// Of a worker: as asked for, else as the pool has it, else 4, for commands so that all workers
/// together run one a core.
[[nodiscard]] int slots_of_worker(const BatchOptions& options, const model::PoolPolicy& pool,
                                  bool runs_commands);

/// "4" is 4..4, "1..8" a range, "2.." ends at the host's cores. Throws UsageError.
[[nodiscard]] WorkerRange parse_worker_range(const std::string& text);

/// "YYYYMMDD-HHMMSS-xxxx", UTC.
[[nodiscard]] std::string new_batch_name(base::WallTime now);
/// Throws UsageError unless it is 1 to 100 of letters, digits, '.', '_' and '-'.
void check_batch_name(const std::string& name);

}  // namespace fleet::cli
