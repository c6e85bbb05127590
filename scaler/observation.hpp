// What a scaler decides by: one consistent look at the backlog, the workers and the box, as plain
// values. Nothing here reads a clock, a store or a file; ages are durations.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.hpp"
#include "common/model/pool.hpp"
#include "common/model/pressure.hpp"
#include "common/model/worker.hpp"
#include "scaler/provider_view.hpp"
#include "scaler/stage_needs.hpp"

namespace fleet::scaler {

/// A box that offers capacity. Shares are of what is used, 0..1; unset means not measurable.
/// Why a host takes no more workers of one pool: they die there right after their start.
struct HostHold {
    std::string why;
    int room = 0;  ///< so many more are tried
};

struct HostView {
    std::string id;
    int cores = 1;
    double weight = 1;  ///< its part in the division of a pool's workers
    bool fresh = true;  ///< its scaler's heartbeat is not late
    std::optional<double> memory_used;
    std::optional<double> descriptors_used;
    std::optional<double> cpu_pressure;
    std::map<std::string, HostHold> holds = {};  ///< by pool
};

/// A registered worker that is not gone: active or terminating.
struct WorkerView {
    std::string id;
    std::string host;
    model::WorkerStatus status = model::WorkerStatus::active;
    int slots = 1;
    int busy = 0;
    base::Millis age{0};
    /// Terminating because the fleet shrank, of this scaler's generation, still at work.
    bool can_be_called_back = false;
};

/// A seat whose worker has not registered yet.
struct StartingSeat {
    std::string host;
};

/// How many workers were wanted some time ago.
struct WantedSample {
    base::Millis age{0};
    int workers = 0;
};

struct PoolView {
    model::PoolPressure pressure;
    std::vector<WorkerView> workers;
    std::vector<StartingSeat> starting;
    /// Retiring or foreign processes that hold a seat and are not in `workers`.
    int other_seats = 0;
    std::vector<WantedSample> history;
    /// More work comes soon: a batch that is still being loaded.
    bool more_to_come = false;
    /// Not empty: nothing may be launched on this host now, and why (crash loop, unhealthy).
    std::string launch_hold;
    /// A worker has died early on this host and none has stayed since: one at a time is tried.
    bool on_probation = false;
    std::vector<StageNeed> needs;            ///< of stages whose provider is known
    std::vector<model::StagePolicy> stages;  ///< with the marks of their buffers

    /// nullptr: none, or not known.
    [[nodiscard]] const std::string* provider_of(const std::string& stage) const;
};

struct Observation {
    std::string own_host;
    std::vector<HostView> hosts;  ///< with the own one
    std::vector<PoolView> pools;
    std::vector<ProviderView> providers;  ///< by name
    int other_workers = 0;                ///< of pools that are not observed

    [[nodiscard]] const HostView* host(const std::string& id) const;
};

}  // namespace fleet::scaler
