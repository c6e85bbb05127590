// Everything that `fleet show` and `fleet why` tell about one execution, read from the store at one
// go. The story is then told from these values alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/view/machine_facts.hpp"
#include "common/contracts/store.hpp"
#include "common/model/batch.hpp"
#include "common/model/execution.hpp"
#include "common/model/pool.hpp"
#include "common/model/pressure.hpp"
#include "common/model/provider.hpp"
#include "common/model/work_spec.hpp"
#include "common/model/worker.hpp"

namespace fleet::cli {

struct CaseFile {
    model::Execution execution;
    /// The running one is among them, if need be made up from what is known of it.
    std::vector<model::Attempt> attempts;
    int running_attempt = 0;  ///< 0: none runs
    std::optional<model::WorkSpec> spec;
    std::string machine_name;  ///< of a machine whose configuration is stored, else empty
    std::optional<CheckpointFact> checkpoint;  ///< the latest
    std::optional<ChildrenWait> wait;          ///< what it is parked on
    std::optional<model::Provider> provider;   ///< that it was put back for, or of its stage
    std::optional<model::Hold> closed;         ///< why nothing of its stage is claimed
    std::optional<model::Batch> batch;
    std::optional<model::PoolPolicy> pool;
    std::optional<model::PoolPressure> pressure;  ///< of the lane that it waits in
    std::vector<model::WorkerRecord> servers;     ///< live workers that could take it
    std::optional<model::WorkerRecord> owner;     ///< of execution.worker_id
    std::vector<std::string> scaler_hosts;        ///< hosts with a live scaler
    std::string store_text;                       ///< what --store would be
    base::StoreTime now{};
};

/// `typed` is what a person wrote for the id; `wall` is now, for the days of budgets.
[[nodiscard]] CaseFile read_case_file(contracts::Store& store, const std::string& typed,
                                      base::WallTime wall);

}  // namespace fleet::cli
