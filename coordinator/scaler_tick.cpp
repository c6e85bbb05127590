// One look of the scaler: observe, decide, act, write it down, and when to look again.
#include <algorithm>
#include <utility>

#include "common/base/errors.hpp"
#include "coordinator/scaler_loop.hpp"
#include "coordinator/timers.hpp"
#include "scaler/explain.hpp"

namespace fleet::coordinator {
namespace {

constexpr base::Millis kActiveGap{1'000};
constexpr base::Millis kOnceGap{100};
/// Decisions that start and retire nothing are written at most so often.
constexpr base::Millis kQuietDecisions{10'000};
constexpr base::Millis kOnceStartLimit{30'000};
constexpr base::Millis kOnceMargin{10'000};
/// Of a run: what is left may end at any moment.
constexpr std::int64_t kFewPending = 16;

bool is_busy_in_store(contracts::Store& store, const std::string& worker_id) {
    contracts::ExecutionFilter filter;
    filter.statuses = {model::Status::running};
    filter.worker_id = worker_id;
    filter.limit = 1;
    filter.with_payloads = false;
    return !store.work().find(filter).executions.empty();
}

bool was_busy(const scaler::PoolView& pool, const std::string& worker_id) {
    return std::any_of(pool.workers.begin(), pool.workers.end(), [&](const auto& worker) {
        return worker.id == worker_id && worker.busy > 0;
    });
}

const scaler::PoolView& view_of(const scaler::Observed& observed, const std::string& pool) {
    const auto& pools = observed.observation.pools;
    return *std::find_if(pools.begin(), pools.end(),
                         [&](const scaler::PoolView& view) { return view.pressure.pool == pool; });
}

struct Here {
    int active = 0;
    int retiring = 0;
    int starting = 0;
};

Here count_here(const scaler::PoolView& pool, const std::string& host) {
    Here here;
    for (const scaler::WorkerView& worker : pool.workers) {
        if (worker.host == host) {
            ++(worker.status == model::WorkerStatus::active ? here.active : here.retiring);
        }
    }
    here.starting = static_cast<int>(
        std::count_if(pool.starting.begin(), pool.starting.end(),
                      [&](const scaler::StartingSeat& seat) { return seat.host == host; }));
    return here;
}

}  // namespace

void ScalerLoop::want_tick() {
    if (phase_ == Phase::running) {
        tick_due_ = true;
        loop_.stop();
    }
}

void ScalerLoop::look() {
    seen_changes_ = store_.change_counter();
    turn_.observed = observer_.look();
    if (supervisor_.adopt(turn_.observed.workers)) {
        // The dead were counted as supply, their work as running.
        turn_.observed = observer_.look();
    }
    judge_health(turn_.observed);
    complete(turn_.observed);
}

void ScalerLoop::finish_look() {
    const scaler::Observed& observed = turn_.observed;
    for (const scaler::PoolPlan& plan : turn_.plan.pools) {
        const PoolTurn& turn = turn_.pools[plan.pool];
        record(observed, plan, turn.started + turn.called_back, turn.retired);
    }
    retire_strays(observed);
    if (is_done(observed)) {
        log_.info("the batch is done and its workers are gone", {{"batch", options_.batch}});
        finish(0);
        return;
    }
    if (options_.once) {
        check_once(observed);
    }
    plan_next_tick(observed);
}

void ScalerLoop::complete(scaler::Observed& observed) {
    const base::BootTime now = clock_.boot_now();
    for (scaler::PoolView& pool : observed.observation.pools) {
        PoolState& state = pools_[pool.pressure.pool];
        for (const auto& [at, workers] : state.wanted) {
            pool.history.push_back({std::chrono::duration_cast<base::Millis>(now - at), workers});
        }
        if (const auto hold = crashes_.hold(pool.pressure.pool, now)) {
            pool.launch_hold =
                hold->reason + "; next try in " + base::human_duration(hold->remaining);
        }
        pool.on_probation = crashes_.on_probation_since(pool.pressure.pool).has_value();
        if (state.once_target) {
            for (scaler::PoolRules& rules : observed.policy.pools) {
                if (rules.pool == pool.pressure.pool) {
                    rules.exact_workers = state.once_target;
                }
            }
        }
    }
}

/// Workers that were started after the last early death and have lived long enough end a probation.
void ScalerLoop::judge_health(const scaler::Observed& observed) {
    const base::BootTime now = clock_.boot_now();
    for (const scaler::PoolView& pool : observed.observation.pools) {
        const auto since = crashes_.on_probation_since(pool.pressure.pool);
        if (!since) {
            continue;
        }
        for (const scaler::WorkerView& worker : pool.workers) {
            if (worker.host == options_.host && worker.age >= CrashLoop::kEarly &&
                now - worker.age > *since) {
                crashes_.proved_healthy(pool.pressure.pool);
            }
        }
    }
}

void ScalerLoop::note_wanted(const scaler::PoolPlan& plan) {
    const scaler::PoolRules& rules = *turn_.observed.policy.rules(plan.pool);
    PoolState& state = pools_[plan.pool];
    const base::BootTime now = clock_.boot_now();
    if (state.wanted.empty()) {
        // Just (re)started: what runs now was wanted by somebody.
        state.wanted.emplace_back(now, plan.workers);
    }
    state.wanted.emplace_back(now, plan.wanted_workers);
    while (state.wanted.front().first < now - rules.stabilization) {
        state.wanted.pop_front();
    }
    if (options_.once && !state.once_target) {
        state.once_target = plan.planned_here;
    }
}

void ScalerLoop::launch(const std::string& pool, PoolTurn& turn, Value& context) {
    const scaler::PoolRules& rules = *turn_.observed.policy.rules(pool);
    auto answer =
        launcher_.launch({pool, options_.batch, rules.slots_per_worker, rules.max_workers});
    if (const auto* failed = std::get_if<LaunchFailed>(&answer)) {
        turn.launch_failed = true;
        if (failed->no_seat) {
            log_.debug("no seat for another worker", {{"reason", failed->reason}});
        } else {
            log_.error("starting a worker", {{"pool", pool}, {"error", failed->reason}});
            crashes_.died(pool, base::Millis{0}, "could not be started", failed->reason,
                          clock_.boot_now());
        }
        return;
    }
    auto& launched = std::get<Launched>(answer);
    log_.info("started a worker", {{"worker", launched.worker_id},
                                   {"pid", std::to_string(launched.child.pid())},
                                   {"log", launched.log_file.string()}});
    context.set("worker_id", Value::string(launched.worker_id));
    supervisor_.watch(std::move(launched));
    ++turn.started;
}

int ScalerLoop::retire(const scaler::PoolPlan& plan) {
    const scaler::PoolView& view = view_of(turn_.observed, plan.pool);
    int retired = 0;
    for (const std::string& id : plan.retire) {
        const bool busy = was_busy(view, id);
        if (!busy && is_busy_in_store(store_, id)) {
            continue;  // it has taken work since its last heartbeat; the next tick sees it
        }
        // A busy one learns from the store alone, so that it can still be called back.
        const auto how = busy ? Supervisor::How::by_status : Supervisor::How::by_signal;
        const std::string reason = std::string(scaler::kScaleDownReason) + ": " + plan.reason;
        if (supervisor_.retire(id, reason, how)) {
            log_.info("retired a worker", {{"worker", id}, {"reason", plan.reason}});
            ++retired;
        }
    }
    return retired;
}

void ScalerLoop::record(const scaler::Observed& observed, const scaler::PoolPlan& plan, int started,
                        int retired) {
    PoolState& state = pools_[plan.pool];
    const base::BootTime now = clock_.boot_now();
    const bool acted = started + retired > 0;
    state.last = plan;
    const bool first = !state.recorded;
    const bool changed =
        first || state.recorded->planned != plan.planned || state.recorded->clamp != plan.clamp;
    const bool quiet_enough = now - state.recorded_at >= kQuietDecisions;
    if (!acted && !first && !(changed && quiet_enough)) {
        return;
    }
    model::Decision decision;
    decision.at = store_.now();
    decision.host = options_.host;
    decision.pool = plan.pool;
    decision.workers_before = plan.workers;
    decision.workers_planned = plan.planned;
    decision.started = started;
    decision.retired = retired;
    decision.reason = plan.reason;
    decision.inputs = scaler::decision_inputs(observed.observation, observed.policy, plan);
    store_.scaling().record_decision(decision);
    state.recorded = plan;
    state.recorded_at = now;
    last_reason_ = plan.reason;
    if (acted) {
        log_.info("decided", {{"pool", plan.pool}, {"reason", plan.reason}});
    }
}

bool ScalerLoop::is_done(const scaler::Observed& observed) const {
    if (options_.batch.empty() || options_.once) {
        return false;
    }
    if (observed.batch && !observed.nothing_to_come) {
        return false;
    }
    return std::all_of(observed.observation.pools.begin(), observed.observation.pools.end(),
                       [](const scaler::PoolView& pool) {
                           return pool.workers.empty() && pool.starting.empty();
                       }) &&
           supervisor_.size() == 0;
}

/// Workers of a batch whose own scaler is gone leave when the batch is over.
void ScalerLoop::retire_strays(const scaler::Observed& observed) {
    if (!options_.batch.empty()) {
        return;
    }
    for (const model::WorkerRecord& worker : observed.workers) {
        if (worker.batch.empty() || worker.kind != model::WorkerKind::worker ||
            worker.status != model::WorkerStatus::active || worker.busy > 0 ||
            !supervisor_.watches(worker.worker_id)) {
            continue;
        }
        const auto batch = store_.work().batch(worker.batch);
        if (!batch || scaler::is_over(*batch)) {
            supervisor_.retire(worker.worker_id, "batch " + worker.batch + " is over",
                               Supervisor::How::by_signal);
        }
    }
}

void ScalerLoop::check_once(const scaler::Observed& observed) {
    bool reached = true;
    std::string progress;
    std::string held;
    for (const scaler::PoolView& pool : observed.observation.pools) {
        const std::string& name = pool.pressure.pool;
        const Here here = count_here(pool, options_.host);
        const int target = pools_[name].once_target.value_or(0);
        reached = reached && here.active == target && here.retiring == 0 && here.starting == 0;
        progress += (progress.empty() ? "" : ", ") + name + ": " + std::to_string(here.active) +
                    " of " + std::to_string(target) + " ready";
        if (here.retiring > 0) {
            progress += ", " + std::to_string(here.retiring) + " leaving";
        }
        const auto hold = crashes_.hold(name, clock_.boot_now());
        held = hold ? hold->reason : held;
    }
    if (progress != last_progress_) {
        log_.info("workers", {{"now", progress}});
        last_progress_ = progress;
    }
    if (reached) {
        finish(0);
        return;
    }
    const auto limit = std::max(kOnceStartLimit, options_.grace + kOnceMargin);
    if (clock_.boot_now() - started_at_ > limit) {
        log_.error("the workers are not there in time",
                   {{"after", base::human_duration(limit)},
                    {"now", progress},
                    {"why", held.empty() ? "unknown: look into the worker logs" : held},
                    {"logs", launcher_.log_file("*").string()}});
        finish(1);
    }
}

void ScalerLoop::plan_next_tick(const scaler::Observed& observed) {
    if (phase_ != Phase::running) {
        return;
    }
    active_ = options_.once;
    std::int64_t pending = 0;
    for (const scaler::PoolView& pool : observed.observation.pools) {
        const auto totals = pool.pressure.totals();
        pending += totals.pending;
        const PoolState& state = pools_[pool.pressure.pool];
        const bool retiring = std::any_of(
            pool.workers.begin(), pool.workers.end(), [](const scaler::WorkerView& worker) {
                return worker.status == model::WorkerStatus::terminating;
            });
        // Planned and present differ while something is limited by time.
        active_ = active_ || totals.pending > 0 || totals.running > 0 || !pool.starting.empty() ||
                  retiring || !pool.launch_hold.empty() ||
                  (state.last && (state.last->wanted_workers != state.last->workers ||
                                  !state.last->changes_nothing()));
    }
    near_end_ = !options_.batch.empty() && pending <= kFewPending;
    if (active_) {
        base::Millis gap = options_.once ? kOnceGap : kActiveGap;
        for (const scaler::PoolView& pool : observed.observation.pools) {
            const auto hold = crashes_.hold(pool.pressure.pool, clock_.boot_now());
            gap = hold ? std::min(gap, hold->remaining) : gap;
        }
        loop_.set_timer(kTickTimer, gap, [this] { want_tick(); });
    } else {
        loop_.cancel_timer(kTickTimer);
    }
}

}  // namespace fleet::coordinator
