#include "scaler/observation.hpp"

#include <algorithm>
#include <cmath>

#include "common/base/json.hpp"

namespace fleet::scaler {
namespace {

void put_share(base::Json& target, const char* name, const std::optional<double>& share) {
    if (share) {
        target[name] = std::round(*share * 1000) / 1000;
    }
}

base::Json work_json(const model::PoolPressure& pressure) {
    std::int64_t delayed = 0;
    std::optional<base::Millis> oldest;
    double arrivals = 0;
    double completions = 0;
    for (const model::StagePressure& stage : pressure.stages) {
        delayed += stage.delayed;
        oldest = std::max(oldest, stage.oldest_ready_age);
        arrivals += stage.arrivals_per_second;
        completions += stage.completions_per_second;
    }
    const model::StatusCounts totals = pressure.totals();
    base::Json json;
    json["ready"] = pressure.ready();
    json["delayed"] = delayed;
    json["running"] = totals.running;
    json["waiting"] = totals.waiting;
    json["oldest_ready_age_ms"] = oldest ? base::Json(oldest->count()) : base::Json();
    json["arrivals_per_second"] = std::round(arrivals * 100) / 100;
    json["completions_per_second"] = std::round(completions * 100) / 100;
    json["paused"] = pressure.paused;
    return json;
}

base::Json workers_json(const PoolView& pool) {
    int active = 0;
    int retiring = 0;
    int slots = 0;
    int busy = 0;
    for (const WorkerView& worker : pool.workers) {
        const bool is_active = worker.status == model::WorkerStatus::active;
        active += is_active ? 1 : 0;
        retiring += is_active ? 0 : 1;
        slots += is_active ? worker.slots : 0;
        busy += worker.busy;
    }
    base::Json json;
    json["active"] = active;
    json["starting"] = pool.starting.size();
    json["retiring"] = retiring;
    json["slots"] = slots;
    json["busy"] = busy;
    return json;
}

}  // namespace

const HostView* Observation::host(const std::string& id) const {
    const auto found =
        std::find_if(hosts.begin(), hosts.end(), [&](const HostView& h) { return h.id == id; });
    return found == hosts.end() ? nullptr : &*found;
}

base::JsonText to_json_text(const Observation& observation, const PoolView& pool) {
    base::Json json = work_json(pool.pressure);
    json["workers"] = workers_json(pool);
    base::Json hosts = base::Json::array();
    for (const HostView& host : observation.hosts) {
        base::Json entry;
        entry["id"] = host.id;
        entry["cores"] = host.cores;
        entry["fresh"] = host.fresh;
        put_share(entry, "memory_used", host.memory_used);
        put_share(entry, "descriptors_used", host.descriptors_used);
        put_share(entry, "cpu_pressure", host.cpu_pressure);
        hosts.push_back(std::move(entry));
    }
    json["hosts"] = std::move(hosts);
    if (!pool.launch_hold.empty()) {
        json["launch_hold"] = pool.launch_hold;
    }
    return base::dump_json(json);
}

}  // namespace fleet::scaler
