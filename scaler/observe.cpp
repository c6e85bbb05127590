#include "scaler/observe.hpp"

#include <algorithm>
#include <utility>

#include "common/base/errors.hpp"
#include "common/base/nearest.hpp"
#include "scaler/box.hpp"
#include "scaler/host_facts.hpp"

namespace fleet::scaler {
namespace {

constexpr std::string_view kCommandMachine = "builtin:command";

WorkerView view_of(const model::WorkerRecord& worker, base::StoreTime now,
                   std::int64_t generation) {
    WorkerView view;
    view.id = worker.worker_id;
    view.host = worker.host;
    view.status = worker.status;
    view.slots = worker.slots;
    view.busy = worker.busy;
    view.age = now - worker.started_at;
    view.can_be_called_back = worker.status == model::WorkerStatus::terminating &&
                              worker.generation == generation && worker.busy > 0 &&
                              worker.reason.starts_with(kScaleDownReason);
    return view;
}

HostView view_of_host(const model::WorkerRecord& host) {
    HostView view;
    view.id = host.host;
    view.cores = std::max(1, host.slots);
    view.weight = view.cores;
    view.fresh = !host.stale;
    read_host_facts(view, host.metadata);
    return view;
}

}  // namespace

bool is_over(const model::Batch& batch) {
    return batch.is_over();
}

model::PoolPressure only_begun(model::PoolPressure pressure) {
    for (model::StagePressure& stage : pressure.stages) {
        stage.ready = stage.begun_ready;
        stage.delayed = stage.begun_delayed;
        stage.counts.pending = stage.ready + stage.delayed;
        if (stage.ready == 0) {
            stage.oldest_ready_age.reset();
        }
    }
    return pressure;
}

Observer::Observer(contracts::Store& store, const base::Clock& clock, ObserveOptions options)
    : store_(store), clock_(clock), options_(std::move(options)) {}

std::vector<std::string> Observer::pool_names() {
    if (!options_.pools.empty()) {
        return options_.pools;
    }
    std::vector<std::string> names;
    for (const model::PoolPolicy& policy : store_.scaling().pools()) {
        names.push_back(policy.pool);
    }
    return names;
}

model::PoolPolicy Observer::policy_of(const std::string& pool) const {
    std::optional<model::PoolPolicy> policy = store_.scaling().pool(pool);
    if (policy) {
        return std::move(*policy);
    }
    std::vector<std::string> names;
    std::string list;
    for (const model::PoolPolicy& known : store_.scaling().pools()) {
        names.push_back(known.pool);
        list += (list.empty() ? "" : ", ") + known.pool;
    }
    const auto nearest = base::nearest_name(pool, names);
    throw base::ConfigError(
        "scaling pool \"" + pool + "\": there is no such pool in " +
            store_.url().text_without_secrets(),
        nearest ? "did you mean \"" + *nearest + "\"?" : "the pools are: " + list);
}

bool Observer::runs_commands(const std::string& pool, const Observed& observed,
                             const model::PoolPressure& pressure) {
    const auto known = commands_.find(pool);
    if (known != commands_.end()) {
        return known->second;
    }
    std::int64_t number = observed.batch ? observed.batch->spec : 0;
    if (number == 0) {
        if (pressure.ready() == 0 && pressure.totals().running == 0) {
            return false;  // nothing to judge by yet
        }
        contracts::ExecutionFilter filter;
        filter.statuses = {model::Status::pending, model::Status::running};
        filter.pool = pool;
        filter.limit = 1;
        filter.newest_first = true;
        filter.with_payloads = false;
        const contracts::ExecutionPage page = store_.work().find(filter);
        number = page.executions.empty() ? 0 : page.executions.front().spec;
    }
    const auto spec = number > 0 ? store_.work().spec(number) : std::nullopt;
    if (!spec) {
        return false;
    }
    const bool commands = spec->machine == kCommandMachine;
    commands_.emplace(pool, commands);
    return commands;
}

void Observer::add_pool(Observed& observed, const std::string& pool) {
    const model::PoolPolicy policy = policy_of(pool);
    PoolView view;
    auto pressure = store_.work().pressure(pool, options_.batch);
    if (!pressure) {
        return;  // removed between two looks
    }
    const bool only_new = pressure->only_new_is_open();
    view.pressure = options_.resume_only ? only_begun(std::move(*pressure)) : std::move(*pressure);
    if (view.pressure.ready() == 0 && view.pressure.totals().running == 0 &&
        options_.batch.empty()) {
        commands_.erase(pool);  // what comes next may be of another kind
    }
    const bool commands = runs_commands(pool, observed, view.pressure);
    const base::StoreTime now = store_.now();
    std::vector<std::int64_t> seats_of_workers;
    for (const model::WorkerRecord& worker : observed.workers) {
        if (worker.kind == model::WorkerKind::worker && worker.pool == pool &&
            worker.batch == options_.batch) {
            view.workers.push_back(view_of(worker, now, options_.generation));
            seats_of_workers.push_back(worker.seat);
        }
    }
    for (const model::Seat& seat : store_.scaling().seats(pool)) {
        const bool of_worker = std::find(seats_of_workers.begin(), seats_of_workers.end(),
                                         seat.id) != seats_of_workers.end();
        if (of_worker) {
            continue;
        }
        if (seat.state == model::SeatState::requested || seat.state == model::SeatState::starting) {
            view.starting.push_back({seat.host});
        } else {
            ++view.other_seats;
        }
    }
    add_needs(view, policy, commands);
    const int cores = observed.observation.host(options_.host)->cores;
    observed.policy.pools.push_back(resolve_rules(policy, options_.overrides, cores, commands));
    if (observed.batch) {
        view.more_to_come =
            observed.batch->state == model::BatchState::loading && !options_.resume_only;
        observed.nothing_to_come = is_over(*observed.batch) || (options_.resume_only && only_new);
        if (observed.nothing_to_come) {
            observed.policy.pools.back().min_workers = 0;
        }
    }
    observed.observation.pools.push_back(std::move(view));
}

void Observer::add_providers(Observed& observed) {
    const std::vector<model::Provider> rows = store_.usage().providers();
    if (rows.empty()) {
        daily_.clear();
        called_now_.clear();
        return;
    }
    daily_ = store_.usage().daily("");
    called_now_.clear();
    const bool one_pool = store_.scaling().pools().size() == 1;
    const base::StoreTime now = store_.now();
    const base::WallTime wall = clock_.wall_now();
    for (const model::Provider& row : rows) {
        ProviderView view = provider_view(row, mean_call(daily_, row.rules.name), now, wall);
        keep_latency(view, latencies_[view.name]);
        if (one_pool && view.calls_minute > 0 && !view.hold) {
            called_now_.push_back(view.name);
        }
        observed.observation.providers.push_back(std::move(view));
    }
}

void Observer::add_needs(PoolView& view, const model::PoolPolicy& policy, bool runs_commands) {
    view.stages = policy.stages;
    // Commands call no provider through the fleet; the sums do not tell which pool's calls they
    // are.
    const std::vector<model::UsageRecord> none;
    view.needs = stage_needs(policy.stages, runs_commands ? none : daily_, called_now_);
    std::vector<StageNeed>& known = needs_[policy.pool];
    if (!runs_commands) {
        keep_known(view.needs, known);
        known = view.needs;
    }
}

Observed Observer::look() {
    Observed observed;
    contracts::WorkerFilter filter;
    filter.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating};
    observed.workers = store_.registration().list(filter);
    observed.observation.own_host = options_.host;
    observed.observation.hosts.push_back(look_at_box(options_.host));
    for (const model::WorkerRecord& worker : observed.workers) {
        // A batch's scaler serves its own box only.
        if (worker.kind == model::WorkerKind::host && worker.host != options_.host &&
            options_.batch.empty() && observed.observation.host(worker.host) == nullptr) {
            observed.observation.hosts.push_back(view_of_host(worker));
        }
    }
    if (!options_.batch.empty()) {
        observed.batch = store_.work().batch(options_.batch);
    }
    add_providers(observed);
    for (const std::string& pool : pool_names()) {
        add_pool(observed, pool);
    }
    observed.policy.fleet_maximum = options_.fleet_maximum;
    const Observation& seen = observed.observation;
    observed.observation.other_workers = static_cast<int>(
        std::ranges::count_if(observed.workers, [&](const model::WorkerRecord& worker) {
            return worker.kind == model::WorkerKind::worker &&
                   std::ranges::none_of(seen.pools, [&](const PoolView& pool) {
                       return pool.pressure.pool == worker.pool;
                   });
        }));
    return observed;
}

}  // namespace fleet::scaler
