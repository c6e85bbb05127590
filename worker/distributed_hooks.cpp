#include "worker/distributed_hooks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/errors.hpp"
#include "machines/expression/kept_json.hpp"
#include "machines/expression/print.hpp"

namespace fleet::worker {
namespace {

using calls::CallError;
using expression::Value;

constexpr std::int64_t kDefaultMostWorkers = 3;
constexpr base::Millis kRetryDelay{1'000};

Value number(std::size_t count) {
    return Value::integer(static_cast<std::int64_t>(count));
}

std::string text_of(const Value& object, std::string_view key, const std::string& otherwise = {}) {
    const Value* const value = object.find(key);
    return value != nullptr && value->is_string() ? value->as_string() : otherwise;
}

std::int64_t count_of(const Value& context, std::string_view key, std::int64_t otherwise) {
    const Value* const value = context.find(key);
    if (value == nullptr || value->is_null()) {
        return otherwise;
    }
    if (!value->is_number() || !(value->as_floating() >= 0) || value->as_floating() > 1e9) {
        throw CallError("ValueError", "`" + std::string(key) + "` is no count");
    }
    return static_cast<std::int64_t>(std::floor(value->as_floating()));
}

class DistributedHooks final : public calls::Hooks {
  public:
    explicit DistributedHooks(MachineJobs& jobs) : jobs_(jobs), store_(jobs.ports().store) {}
    DistributedHooks(const DistributedHooks&) = delete;
    DistributedHooks& operator=(const DistributedHooks&) = delete;
    ~DistributedHooks() override {
        try {
            jobs_.give_back(this);
        } catch (const base::Error&) {
            // Nobody renews them any more: they go back when their leases have ended.
            return;
        }
    }

    Value on_action(const calls::CallScope& /*scope*/, const std::string& action,
                    Value context) override {
        for (const auto& [name, act] : kActions) {
            if (name == action) {
                (this->*act)(context);
                return context;
            }
        }
        return context;
    }

  private:
    using Act = void (DistributedHooks::*)(Value& context);
    static const std::array<std::pair<std::string_view, Act>, 12> kActions;

    [[nodiscard]] static std::string pool_of(const Value& context) {
        return text_of(context, "pool_id", "default");
    }
    [[nodiscard]] const model::WorkerRecord& worker() const { return jobs_.ports().worker; }

    void get_pool_state(Value& context);
    void calculate_spawn(Value& context);
    void spawn_workers(Value& context);
    void register_worker(Value& context);
    void heartbeat(Value& context);
    void deregister_worker(Value& context);
    void claim_job(Value& context);
    void complete_job(Value& context);
    void fail_job(Value& context);
    void list_stale_workers(Value& context);
    void reap_worker(Value& context);
    void reap_stale_workers(Value& context);

    [[nodiscard]] static std::string job_of(const Value& context, const char* action);
    /// nullopt: it is not silent (any more). The number of jobs that went back.
    std::optional<std::size_t> reap(const std::string& worker_id);

    MachineJobs& jobs_;
    contracts::Store& store_;
};

const std::array<std::pair<std::string_view, DistributedHooks::Act>, 12> DistributedHooks::kActions{
    {
        {"get_pool_state", &DistributedHooks::get_pool_state},
        {"calculate_spawn", &DistributedHooks::calculate_spawn},
        {"spawn_workers", &DistributedHooks::spawn_workers},
        {"register_worker", &DistributedHooks::register_worker},
        {"heartbeat", &DistributedHooks::heartbeat},
        {"deregister_worker", &DistributedHooks::deregister_worker},
        {"claim_job", &DistributedHooks::claim_job},
        {"complete_job", &DistributedHooks::complete_job},
        {"fail_job", &DistributedHooks::fail_job},
        {"list_stale_workers", &DistributedHooks::list_stale_workers},
        {"reap_worker", &DistributedHooks::reap_worker},
        {"reap_stale_workers", &DistributedHooks::reap_stale_workers},
    }};

void DistributedHooks::get_pool_state(Value& context) {
    const std::string pool = pool_of(context);
    const auto pressure = store_.work().pressure(pool, contracts::kAllLanes);
    if (!pressure) {
        throw CallError("ValueError", "there is no pool `" + pool + "`");
    }
    contracts::WorkerFilter filter;
    filter.statuses = {model::WorkerStatus::active};
    filter.kind = model::WorkerKind::worker;
    filter.pool = pool;
    context.set("queue_depth", Value::integer(pressure->totals().pending));
    context.set("active_workers", number(store_.registration().list(filter).size()));
}

void DistributedHooks::calculate_spawn(Value& context) {
    const std::int64_t needed = std::min(count_of(context, "queue_depth", 0),
                                         count_of(context, "max_workers", kDefaultMostWorkers));
    const std::int64_t missing =
        std::max<std::int64_t>(0, needed - count_of(context, "active_workers", 0));
    expression::List ordinals;
    for (std::int64_t ordinal = 0; ordinal < missing; ++ordinal) {
        ordinals.push_back(Value::integer(ordinal));
    }
    context.set("workers_needed", Value::integer(needed));
    context.set("workers_to_spawn", Value::integer(missing));
    context.set("spawn_list", Value::list(std::move(ordinals)));
}

/// Processes are the scalers' to start: this raises what they keep at least.
void DistributedHooks::spawn_workers(Value& context) {
    const std::string pool = pool_of(context);
    auto policy = store_.scaling().pool(pool);
    if (!policy) {
        throw CallError("ValueError", "there is no pool `" + pool + "`");
    }
    const std::int64_t wanted =
        count_of(context, "active_workers", 0) + count_of(context, "workers_to_spawn", 0);
    const std::int64_t most = policy->max_workers.value_or(static_cast<int>(wanted));
    const std::int64_t before = policy->min_workers;
    const std::int64_t after = std::max(before, std::min(wanted, most));
    if (after > before) {
        policy->min_workers = static_cast<int>(after);
        store_.scaling().put_pool(*policy);
        store_.triggers().notify(contracts::scaler_topic());
    }
    context.set("spawned_count", Value::integer(after - before));
    context.set("min_workers", Value::integer(after));
}

void DistributedHooks::register_worker(Value& context) {
    heartbeat(context);
    context.set("registered_at", Value::string(base::iso8601(worker().started_at)));
}

void DistributedHooks::heartbeat(Value& context) {
    const auto record = store_.registration().get(worker().worker_id);
    context.set("worker_id", Value::string(worker().worker_id));
    context.set("status", Value::string(std::string(model::to_text(
                              record ? record->status : model::WorkerStatus::lost))));
}

void DistributedHooks::deregister_worker(Value& context) {
    jobs_.give_back(this);
    context.set("status", Value::string("terminated"));
}

void DistributedHooks::claim_job(Value& context) {
    const auto job = jobs_.claim(pool_of(context), this);
    if (!job) {
        context.set("job", Value());
        context.set("job_id", Value());
        return;
    }
    context.set("job", job->input.empty() ? Value() : expression::from_kept_json(job->input));
    context.set("job_id", Value::string(job->lease.execution.text()));
}

std::string DistributedHooks::job_of(const Value& context, const char* action) {
    std::string job = text_of(context, "job_id");
    if (job.empty()) {
        throw CallError("ValueError", std::string("`job_id` is required for ") + action);
    }
    return job;
}

void DistributedHooks::complete_job(Value& context) {
    const Value* const result = context.find("result");
    jobs_.end(job_of(context, "complete_job"),
              model::NextDone{expression::to_kept_json(result == nullptr ? Value() : *result)});
}

void DistributedHooks::fail_job(Value& context) {
    const Value* const error = context.find("error");
    model::NextFailed failed;
    failed.error.kind = model::ErrorKind::machine;
    failed.error.message = error == nullptr || error->is_null()
                               ? std::string("the machine failed it")
                               : expression::plain_text(*error);
    failed.retry_delay = kRetryDelay;
    jobs_.end(job_of(context, "fail_job"), std::move(failed));
}

void DistributedHooks::list_stale_workers(Value& context) {
    contracts::WorkerFilter filter;
    filter.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating};
    filter.kind = model::WorkerKind::worker;
    filter.stale = true;
    const base::Millis threshold =
        std::chrono::seconds(count_of(context, "stale_threshold_seconds", 0));
    expression::List workers;
    for (const model::WorkerRecord& record : store_.registration().list(filter)) {
        if (record.heartbeat_age < threshold) {
            continue;
        }
        Value one = Value::dict({});
        one.set("worker_id", Value::string(record.worker_id));
        one.set("host", Value::string(record.host));
        one.set("heartbeat_age_ms", Value::integer(record.heartbeat_age.count()));
        workers.push_back(std::move(one));
    }
    context.set("stale_count", number(workers.size()));
    const Value list = Value::list(std::move(workers));
    context.set("workers", list);
    context.set("stale_workers", list);
}

std::optional<std::size_t> DistributedHooks::reap(const std::string& worker_id) {
    const auto record = store_.registration().get(worker_id);
    if (!record || !record->stale) {
        return std::nullopt;
    }
    store_.registration().update_status(worker_id, model::WorkerStatus::lost,
                                        "no heartbeat, reaped by a machine");
    // What it may still be doing holds as long as its lease.
    return store_.work()
        .release_by_worker(worker_id, contracts::ReleaseReason::lease_expired)
        .size();
}

void DistributedHooks::reap_worker(Value& context) {
    const Value* const silent = context.find("worker");
    const std::string id = silent == nullptr ? std::string() : text_of(*silent, "worker_id");
    if (id.empty()) {
        throw CallError("ValueError", "`worker` with a `worker_id` is required for reap_worker");
    }
    const auto released = reap(id);
    context.set("reaped_worker_id", released ? Value::string(id) : Value());
    context.set("jobs_released", number(released.value_or(0)));
}

void DistributedHooks::reap_stale_workers(Value& context) {
    const Value* const silent = context.find("stale_workers");
    expression::List reaped;
    std::size_t released = 0;
    if (silent != nullptr && silent->is_list_like()) {
        for (const Value& one : silent->as_list()) {
            const std::string id = text_of(one, "worker_id");
            if (const auto jobs = reap(id)) {
                reaped.push_back(Value::string(id));
                released += *jobs;
            }
        }
    }
    context.set("reaped_count", number(reaped.size()));
    context.set("reaped_workers", Value::list(std::move(reaped)));
    context.set("total_jobs_released", number(released));
}

}  // namespace

std::unique_ptr<calls::Hooks> make_distributed_hooks(MachineJobs& jobs) {
    return std::make_unique<DistributedHooks>(jobs);
}

}  // namespace fleet::worker
