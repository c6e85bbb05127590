#include "scaler/explain.hpp"

#include <algorithm>
#include <cmath>

#include "common/base/json.hpp"

namespace fleet::scaler {
namespace {

double rounded(double number) {
    return std::round(number * 1000) / 1000;
}

void put_share(base::Json& target, const char* name, const std::optional<double>& share) {
    if (share) {
        target[name] = rounded(*share);
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

base::Json stages_json(const PoolView& pool) {
    base::Json stages = base::Json::array();
    for (const model::StagePressure& stage : pool.pressure.stages) {
        base::Json entry;
        entry["stage"] = stage.stage;
        entry["ready"] = stage.ready;
        entry["running"] = stage.counts.running;
        if (stage.service_mean) {
            entry["service_mean_ms"] = stage.service_mean->count();
        }
        const auto need = std::ranges::find(pool.needs, stage.stage, &StageNeed::stage);
        if (need != pool.needs.end()) {
            entry["provider"] = need->provider;
            entry["provider_from"] = need->configured ? "configured" : "usage";
        }
        stages.push_back(std::move(entry));
    }
    return stages;
}

base::Json hosts_json(const Observation& observation) {
    base::Json hosts = base::Json::array();
    for (const HostView& host : observation.hosts) {
        if (hosts.size() == kMostHostsKept) {
            break;
        }
        base::Json entry;
        entry["id"] = host.id;
        entry["cores"] = host.cores;
        entry["fresh"] = host.fresh;
        put_share(entry, "memory_used", host.memory_used);
        put_share(entry, "descriptors_used", host.descriptors_used);
        put_share(entry, "cpu_pressure", host.cpu_pressure);
        hosts.push_back(std::move(entry));
    }
    return hosts;
}

base::Json budget_json(const BudgetView& budget) {
    base::Json json;
    const auto put = [&json](const char* name, const std::optional<std::int64_t>& left) {
        if (left) {
            json[name] = *left;
        }
    };
    put("requests_left", budget.requests_left);
    put("tokens_left", budget.tokens_left);
    put("cost_micros_left", budget.cost_micros_left);
    json["resets_in_ms"] = budget.resets_in.count();
    return json;
}

base::Json provider_json(const ProviderView& provider) {
    base::Json json;
    json["name"] = provider.name;
    json["calls_per_second"] =
        provider.calls_per_second ? base::Json(rounded(*provider.calls_per_second)) : base::Json();
    json["latency_ms"] = provider.latency.count();
    json["circuit"] = model::to_text(provider.circuit);
    if (provider.circuit == model::CircuitState::half_open) {
        json["free_probes"] = provider.free_probes;
    }
    if (provider.hold) {
        json["hold"] = {{"reason", model::to_text(provider.hold->reason)},
                        {"for_ms", provider.hold->wait.count()},
                        {"text", provider.hold->text}};
    }
    if (provider.budget) {
        json["budget"] = budget_json(*provider.budget);
        json["budget"]["bursts"] = provider.bursts;
    }
    json["calls_60s"] = provider.calls_minute;
    json["refused_10s"] = rounded(provider.refused_ten_seconds);
    json["refused_60s"] = rounded(provider.refused_minute);
    return json;
}

base::Json providers_json(const Observation& observation, const PoolView& pool) {
    base::Json providers = base::Json::array();
    for (const ProviderView& provider : observation.providers) {
        const bool needed = std::ranges::any_of(
            pool.needs, [&](const StageNeed& need) { return need.provider == provider.name; });
        if (needed) {
            providers.push_back(provider_json(provider));
        }
    }
    return providers;
}

base::Json rules_json(const PoolRules& rules, const Policy& policy) {
    base::Json json;
    json["min_workers"] = rules.min_workers;
    json["max_workers"] = rules.max_workers;
    json["fleet_maximum"] = policy.fleet_maximum ? base::Json(*policy.fleet_maximum) : base::Json();
    json["slots_per_worker"] = rules.slots_per_worker;
    json["drain_target_ms"] =
        rules.drain_target ? base::Json(rules.drain_target->count()) : base::Json();
    json["max_wait_ms"] = rules.max_wait.count();
    json["stabilization_ms"] = rules.stabilization.count();
    json["service_prior_ms"] = rules.service_prior.count();
    json["batch_mode"] = rules.batch_mode;
    return json;
}

base::Json steps_json(const ClampSteps& steps) {
    base::Json result = base::Json::array();
    for (const ClampStep& step : steps) {
        base::Json entry;
        entry["clamp"] = to_text(step.clamp);
        entry["unit"] = to_text(step.unit);
        entry["before"] = step.before;
        entry["after"] = step.after;
        entry["why"] = step.why;
        result.push_back(std::move(entry));
    }
    return result;
}

}  // namespace

base::JsonText decision_inputs(const Observation& observation, const Policy& policy,
                               const PoolPlan& plan) {
    const auto pool = std::ranges::find_if(
        observation.pools, [&](const PoolView& view) { return view.pressure.pool == plan.pool; });
    base::Json json = work_json(pool->pressure);
    json["stages"] = stages_json(*pool);
    json["workers"] = workers_json(*pool);
    json["hosts"] = hosts_json(observation);
    if (observation.hosts.size() > kMostHostsKept) {
        json["more_hosts"] = observation.hosts.size() - kMostHostsKept;
    }
    if (!pool->launch_hold.empty()) {
        json["launch_hold"] = pool->launch_hold;
    }
    json["providers"] = providers_json(observation, *pool);
    json["rules"] = rules_json(*policy.rules(plan.pool), policy);
    json["steps"] = steps_json(plan.steps);
    json["decided_by"] = to_text(plan.clamp);
    json["wanted_slots"] = plan.wanted_slots;
    json["wanted_workers"] = plan.wanted_workers;
    json["planned"] = plan.planned;
    json["planned_here"] = plan.planned_here;
    return base::dump_json(json);
}

}  // namespace fleet::scaler
