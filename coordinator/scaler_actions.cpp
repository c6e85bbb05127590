// The actions of the machine `coordinator`: what each of its states does.
#include <array>
#include <utility>

#include "common/base/errors.hpp"
#include "coordinator/scaler_loop.hpp"
#include "coordinator/timers.hpp"

namespace fleet::coordinator {
namespace {

using expression::Value;

/// Should a look fail, the next one repairs it.
constexpr base::Millis kNextLook{1'000};

Value number(std::size_t count) {
    return Value::integer(static_cast<std::int64_t>(count));
}

std::string text_of(const Value* object, std::string_view key) {
    const Value* const value = object == nullptr ? nullptr : object->find(key);
    return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

Value one_worker(const model::WorkerRecord& record) {
    Value worker = Value::dict({});
    worker.set("worker_id", Value::string(record.worker_id));
    worker.set("host", Value::string(record.host));
    worker.set("heartbeat_age_ms", Value::integer(record.heartbeat_age.count()));
    return worker;
}

}  // namespace

std::span<const ScalerLoop::NamedAction> ScalerLoop::named_actions() {
    static constexpr std::array<NamedAction, 11> kActions{{
        {"register_worker", &ScalerLoop::start_up},
        {"get_pool_state", &ScalerLoop::observe},
        {"calculate_spawn", &ScalerLoop::decide},
        {"spawn_worker", &ScalerLoop::spawn_worker},
        {"retire_workers", &ScalerLoop::retire_workers},
        {"record_decisions", &ScalerLoop::record_decisions},
        {"rest", &ScalerLoop::rest},
        {"heartbeat", &ScalerLoop::keep_alive},
        {"list_stale_workers", &ScalerLoop::list_stale_workers},
        {"reap_worker", &ScalerLoop::reap_worker},
        {"deregister_worker", &ScalerLoop::deregister},
    }};
    return kActions;
}

std::vector<std::string_view> ScalerLoop::action_names() {
    std::vector<std::string_view> names;
    for (const NamedAction& action : named_actions()) {
        names.push_back(action.name);
    }
    return names;
}

void ScalerLoop::tell_status(Value& context) const {
    const char* status = "running";
    switch (phase_) {
        case Phase::running:
            status = turn_.failed ? "failed" : "running";
            break;
        case Phase::stopping:
            status = "stopping";
            break;
        case Phase::finished:
            status = "finished";
            break;
    }
    context.set("status", Value::string(status));
}

void ScalerLoop::in_turn(Value& context, const std::function<void()>& step) {
    if (phase_ == Phase::running && !turn_.failed) {
        turn_.failed = true;  // unless it comes to its end
        try {
            step();
            turn_.failed = false;
        } catch (const base::ConfigError& error) {
            log_.error("the scaler cannot go on", {{"error", error.full_text()}});
            exit_code_ = 1;
            begin_stop(error.what(), options_.leave_workers);
        } catch (const base::StoreError& error) {
            if (is_ruined(error)) {
                give_up("looking and deciding", error.full_text());
            } else {
                log_.error("looking and deciding, will be repeated",
                           {{"error", error.full_text()}});
            }
        } catch (const base::Error& error) {
            log_.error("running the scaler's loop", {{"error", error.full_text()}});
        }
    }
    tell_status(context);
}

void ScalerLoop::start_up(Value& context) {
    start();
    has_started_ = true;
    context.set("host", Value::string(options_.host));
    tell_status(context);
}

void ScalerLoop::observe(Value& context) {
    tick_due_ = false;
    turn_ = {};
    if (phase_ == Phase::running) {
        loop_.set_timer(kTickTimer, kNextLook, [this] { want_tick(); });
        last_tick_ = clock_.boot_now();
    }
    in_turn(context, [&] {
        look();
        std::int64_t pending = 0;
        std::size_t workers = 0;
        for (const scaler::PoolView& pool : turn_.observed.observation.pools) {
            pending += pool.pressure.totals().pending;
            workers += pool.workers.size();
        }
        context.set("queue_depth", Value::integer(pending));
        context.set("active_workers", number(workers));
    });
}

void ScalerLoop::decide(Value& context) {
    in_turn(context, [&] {
        turn_.plan = scaler::decide(turn_.observed.observation, turn_.observed.policy);
        expression::List launch;
        std::size_t retire = 0;
        std::size_t call_back = 0;
        for (const scaler::PoolPlan& plan : turn_.plan.pools) {
            note_wanted(plan);
            PoolTurn& turn = turn_.pools[plan.pool];
            turn.may_start = plan.start;
            Value worker = Value::dict({});
            worker.set("pool", Value::string(plan.pool));
            launch.insert(launch.end(), static_cast<std::size_t>(turn.may_start), worker);
            retire += plan.retire.size();
            call_back += plan.call_back.size();
        }
        Value plan = Value::dict({});
        plan.set("launch_count", number(launch.size()));
        plan.set("launch", Value::list(std::move(launch)));
        plan.set("retire_count", number(retire));
        plan.set("call_back_count", number(call_back));
        context.set("plan", std::move(plan));
    });
}

/// One worker of the plan; a machine cannot start more than the plan has.
void ScalerLoop::spawn_worker(Value& context) {
    context.set("worker_id", Value());
    in_turn(context, [&] {
        const std::string pool = text_of(context.find("worker"), "pool");
        const auto turn = turn_.pools.find(pool);
        if (turn != turn_.pools.end() && !turn->second.launch_failed &&
            turn->second.started < turn->second.may_start) {
            launch(pool, turn->second, context);
        }
    });
}

void ScalerLoop::retire_workers(Value& context) {
    in_turn(context, [&] {
        for (const scaler::PoolPlan& plan : turn_.plan.pools) {
            PoolTurn& turn = turn_.pools[plan.pool];
            for (const std::string& id : plan.call_back) {
                turn.called_back +=
                    supervisor_.call_back(id, "called back: " + plan.reason) ? 1 : 0;
            }
            turn.retired += retire(plan);
        }
    });
}

void ScalerLoop::record_decisions(Value& context) {
    in_turn(context, [&] { finish_look(); });
}

void ScalerLoop::rest(Value& context) {
    if (std::exchange(look_for_changes_, false) && !active_ && phase_ == Phase::running) {
        guarded("looking for changes",
                [this] { tick_due_ = tick_due_ || store_.change_counter() != seen_changes_; });
    }
    while (phase_ != Phase::finished && !tick_due_ && !heartbeat_due_) {
        guarded("running the scaler's loop", [this] { loop_.run(); });
    }
    context.set("due", Value::string(heartbeat_due_ ? "heartbeat" : "observe"));
    turn_.failed = false;
    tell_status(context);
}

void ScalerLoop::keep_alive(Value& context) {
    heartbeat_due_ = false;
    look_for_changes_ = true;
    plan_heartbeat();
    guarded("keeping the host's lease", [this] {
        if (!lease_.renew()) {
            log_.error("another scaler has taken this host; the workers stay with it",
                       {{"lease", lease_.key()}});
            finish(1);
        }
    });
    if (phase_ != Phase::finished) {
        guarded("reporting as alive", [this] { report(); });
    }
    tell_status(context);
}

void ScalerLoop::list_stale_workers(Value& context) {
    stale_.clear();
    expression::List workers;
    guarded("reaping lost workers", [&] {
        for (const model::WorkerRecord& worker : supervisor_.list_stale()) {
            stale_.emplace(worker.worker_id, worker);
            workers.push_back(one_worker(worker));
        }
        supervisor_.kill_unregistered();
    });
    context.set("stale_count", number(workers.size()));
    context.set("workers", Value::list(std::move(workers)));
}

void ScalerLoop::reap_worker(Value& context) {
    const auto found = stale_.find(text_of(context.find("worker"), "worker_id"));
    if (found == stale_.end()) {
        context.set("reaped_worker_id", Value());
        return;
    }
    guarded("reaping lost workers", [&] { supervisor_.reap(found->second); });
    context.set("reaped_worker_id", Value::string(found->first));
    stale_.erase(found);
}

void ScalerLoop::deregister(Value& context) {
    leave();
    tell_status(context);
}

void ScalerLoop::run_down() {
    begin_stop("its machine has ended", options_.leave_workers);
    Value context = Value::dict({});
    while (phase_ != Phase::finished) {
        tick_due_ = false;
        rest(context);
        if (heartbeat_due_) {
            keep_alive(context);
        }
    }
}

}  // namespace fleet::coordinator
