#include "worker/worker.hpp"

#include <utility>

#include "common/base/errors.hpp"
#include "common/process/spawn.hpp"
#include "worker/crew.hpp"
#include "worker/registration.hpp"

namespace fleet::worker {
namespace {

using model::WorkerStatus;

calls::RunnerOptions runner_options(const WorkerOptions& options, contracts::Store& store,
                                    const model::WorkerRecord& record) {
    return {.data_folder = store.data_folder(),
            .store_url = store.url(),
            .host = options.host,
            .worker_id = options.worker_id,
            .process_mark = record.owner,
            .environment = process::own_environment(),
            .now = [&store] { return store.now(); }};
}

std::optional<std::size_t> prefetch_limit(const WorkerOptions& options) {
    return options.prefetch ? std::optional(static_cast<std::size_t>(*options.prefetch))
                            : std::nullopt;
}

MachineExtras with_jobs(MachineExtras extras, MachineJobs& jobs) {
    extras.hooks.try_emplace(
        std::string(definitions::kOwnHooks),
        [&jobs](const expression::Value& /*args*/) { return make_distributed_hooks(jobs); });
    return extras;
}

}  // namespace

Worker::Worker(WorkerOptions options, contracts::Store& store, const base::Clock& clock,
               base::Log& log, MachineExtras extras, definitions::OwnMachine machine)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      log_(log),
      record_(own_record(options_, clock, store.now())),
      topic_(contracts::pool_topic(options_.pool)),
      machine_(machine.program ? std::move(machine) : definitions::built_in_machine("worker")),
      queue_([this] { wake_up_.nudge(); }),
      attempts_(static_cast<std::size_t>(options_.slots)),
      claim_size_(static_cast<std::size_t>(options_.slots), prefetch_limit(options_)),
      runner_(runner_options(options_, store, record_), clock),
      jobs_({.store = store, .clock = clock, .worker = record_, .lease_ttl = options_.lease_ttl}),
      machines_({.store = store,
                 .clock = clock,
                 .log = log,
                 .worker_id = record_.worker_id,
                 .host = record_.host,
                 .process_mark = record_.owner,
                 .extras = with_jobs(std::move(extras), jobs_)}),
      specs_(store.work(), runner_, machines_),
      host_watch_(store, clock, record_) {}

Worker::~Worker() = default;

Worker::Orders Worker::orders() const {
    const std::scoped_lock lock(mutex_);
    return orders_;
}

void Worker::interrupt(const std::string& why) {
    {
        const std::scoped_lock lock(mutex_);
        if (orders_.interruptions++ == 0) {
            orders_.why = why;
        }
    }
    wake_up_.order();
}

void Worker::obey_status(std::optional<WorkerStatus> status) {
    {
        const std::scoped_lock lock(mutex_);
        const WorkerStatus now = status.value_or(WorkerStatus::lost);
        if (orders_.status == now) {
            return;
        }
        orders_.status = now;
    }
    wake_up_.order();
}

void Worker::leave_if_lonely() {
    if (wake_up_.held() > 0 || orders().status != WorkerStatus::active) {
        return;
    }
    const auto why = host_watch_.reason_to_leave();
    if (!why) {
        return;
    }
    const auto change =
        store_.registration().update_status(record_.worker_id, WorkerStatus::terminating, *why);
    if (change.outcome == contracts::StatusChange::Outcome::changed) {
        log_.info("nobody looks after this worker any more", {{"reason", *why}});
        obey_status(WorkerStatus::terminating);
    }
}

void Worker::fail(const std::string& why, base::StoreError::Kind kind) {
    {
        const std::scoped_lock lock(mutex_);
        if (orders_.fatal.empty()) {
            orders_.fatal = why;
            orders_.fatal_kind = kind;
        }
    }
    wake_up_.order();
}

int Worker::run() {
    try {
        run_machine();
        if (!ending_) {
            log_.error("the machine has ended before the worker has left, everything it runs ends");
            drop_everything();
        }
    } catch (const base::Error&) {
        drop_everything();
        crew_.reset();
        throw;
    }
    crew_.reset();
    if (!ending_) {
        return 1;
    }
    log_.info(*ending_ == Ending::done ? "nothing is left to do" : "gone",
              {{"worker", record_.worker_id}});
    return *ending_ == Ending::lost ? 1 : 0;
}

void Worker::run_machine() {
    definitions::Actions actions;
    for (const NamedAction& action : named_actions()) {
        actions.emplace(action.name, [this, act = action.act](expression::Value& context) {
            (this->*act)(context);
        });
    }
    definitions::run_own_machine(machine_, actions, record_.worker_id, log_);
}

}  // namespace fleet::worker
