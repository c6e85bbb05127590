// Start, end and what happens around a look; the look itself is in scaler_tick.cpp, the machine's
// actions are in scaler_actions.cpp.
#include "coordinator/scaler_loop.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "common/base/errors.hpp"
#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "common/process/identity.hpp"
#include "coordinator/timers.hpp"
#include "scaler/box.hpp"
#include "scaler/host_facts.hpp"

namespace fleet::coordinator {
namespace {

constexpr base::Millis kHeartbeat{5'000};
/// What a retiring worker needs besides its grace.
constexpr base::Millis kStopMargin{5'000};
constexpr base::Millis kWakeGap{100};
/// A person waits for the end of a run, which is near.
constexpr base::Millis kEndWakeGap{10};
constexpr base::Millis kListenLimit{3'600'000};

LauncherOptions launcher_options(const contracts::Store& store, const ScalerOptions& options,
                                 const std::filesystem::path& worker_program) {
    LauncherOptions launcher;
    launcher.host = options.host;
    launcher.program = worker_program;
    launcher.log_folder = store.data_folder() / "logs" / "workers";
    launcher.lease_ttl = options.lease_ttl;
    launcher.grace = options.grace;
    launcher.log_level = options.log_level_name;
    launcher.machine_file = options.worker_machine_file;
    launcher.resume_only = options.resume_only;
    launcher.fleet_max = options.fleet_max;
    return launcher;
}

}  // namespace

scaler::ObserveOptions ScalerLoop::observe_options(contracts::Store& store,
                                                   const ScalerOptions& options) {
    scaler::ObserveOptions observe;
    observe.host = options.host;
    observe.pools = options.pools;
    observe.batch = options.batch;
    observe.resume_only = options.resume_only;
    observe.fleet_maximum = options.fleet_max;
    observe.overrides.min_workers = options.min_workers;
    observe.overrides.max_workers = options.max_workers;
    observe.overrides.slots_per_worker = options.slots;
    observe.overrides.exact_workers = options.target_workers;
    observe.overrides.batch_mode = !options.batch.empty();
    observe.overrides.grace = options.grace;
    if (!options.batch.empty()) {
        const auto batch = store.work().batch(options.batch);
        if (!batch) {
            throw base::ConfigError("scaling for batch \"" + options.batch +
                                        "\": there is no such batch in " +
                                        store.url().text_without_secrets(),
                                    "`fleet status` lists the batches");
        }
        if (!options.pools.empty() && options.pools.front() != batch->pool) {
            throw base::ConfigError("scaling for batch \"" + options.batch + "\" in pool \"" +
                                        options.pools.front() + "\": the batch is in pool \"" +
                                        batch->pool + "\"",
                                    "leave --pool out");
        }
        observe.pools = {batch->pool};
    }
    return observe;
}

ScalerLoop::ScalerLoop(contracts::Store& store, const base::Clock& clock, base::Log& log,
                       const ScalerOptions& options, const std::filesystem::path& worker_program,
                       definitions::OwnMachine machine)
    : store_(store),
      clock_(clock),
      log_(log),
      options_(options),
      machine_(machine.program ? std::move(machine) : definitions::built_in_machine("coordinator")),
      run_id_(base::random_word(8)),
      owner_(options.host + ":" + std::to_string(::getpid()) + ":" + run_id_),
      lease_(store, clock, options.host, owner_, options.lease_ttl),
      launcher_(store, lease_, launcher_options(store, options, worker_program)),
      supervisor_(
          {store, loop_, lease_, clock, log}, {options.host, options.batch},
          [this](const std::string& id) { return launcher_.log_file(id); },
          [this](const WorkerEnd& end) { on_worker_end(end); }),
      observer_(store, clock, observe_options(store, options)) {}

ScalerLoop::~ScalerLoop() = default;

int ScalerLoop::run() {
    definitions::Actions actions;
    for (const NamedAction& action : named_actions()) {
        actions.emplace(action.name,
                        [this, act = action.act](Value& context) { (this->*act)(context); });
    }
    try {
        definitions::run_own_machine(machine_, actions, owner_, log_);
    } catch (const base::ConfigError& error) {
        if (!has_started_) {
            throw;
        }
        log_.error("the scaler's machine has failed", {{"error", error.full_text()}});
    }
    if (phase_ != Phase::finished) {
        exit_code_ = 1;
        run_down();
    }
    leave();
    return exit_code_;
}

void ScalerLoop::guarded(const char* doing, const std::function<void()>& action) {
    try {
        action();
    } catch (const base::StoreError& error) {
        if (is_ruined(error)) {
            give_up(doing, error.full_text());
        } else {
            log_.error(doing, {{"error", error.full_text()}});
        }
    } catch (const base::Error& error) {
        log_.error(doing, {{"error", error.full_text()}});
    }
}

void ScalerLoop::give_up(const std::string& doing, const std::string& error) {
    exit_code_ = 1;
    log_.error("the store is damaged, the scaler cannot go on",
               {{"doing", doing}, {"error", error}});
    begin_stop("the store is damaged", false);
}

void ScalerLoop::start() {
    // Signals first: one that comes while we wait for the lease must not kill without a trace.
    loop_.on_signals({SIGTERM, SIGINT, SIGHUP, SIGCHLD}, [this](int signal) {
        if (signal == SIGCHLD) {
            supervisor_.reap_orphans();
        } else if (phase_ == Phase::stopping) {
            stop_at_once();
        } else {
            begin_stop("signal " + std::to_string(signal), options_.leave_workers);
        }
    });
    register_host();
    try {
        lease_.acquire_or_explain();
    } catch (...) {
        store_.registration().deregister(host_record_);
        throw;
    }
    started_at_ = clock_.boot_now();
    guarded("freeing the seats of the scaler before", [this] { launcher_.free_old_seats(); });
    watch_parent();
    listen();
    plan_heartbeat();
    log_.info("scaler is running", {{"host", options_.host},
                                    {"store", store_.url().text_without_secrets()},
                                    {"owner", owner_}});
}

void ScalerLoop::register_host() {
    model::WorkerRecord record;
    record.kind = model::WorkerKind::host;
    record.worker_id = "host:" + options_.host + ":" + base::random_word(8);
    record.host = options_.host;
    record.batch = options_.batch;
    record.process = process::self_identity(clock_);
    record.owner = owner_;
    record.slots = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    record.version = FLEET_VERSION;
    record.heartbeat_interval = heartbeat_interval();
    record.ttl = heartbeat_interval() * 3;
    const contracts::RegisterAnswer answer = store_.registration().register_worker(record);
    if (const auto* refused = std::get_if<contracts::RegistrationRefused>(&answer)) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               "registering " + record.worker_id + ": " + refused->reason);
    }
    host_record_ = record.worker_id;
}

base::Millis ScalerLoop::heartbeat_interval() const {
    return std::min(kHeartbeat, options_.lease_ttl / 3);
}

void ScalerLoop::watch_parent() {
    if (!options_.parent_fd) {
        return;
    }
    base::UniqueFd copy(::fcntl(*options_.parent_fd, F_DUPFD_CLOEXEC, 3));
    if (!copy) {
        throw base::ConfigError(
            base::describe_errno("watching --parent-fd " + std::to_string(*options_.parent_fd),
                                 errno),
            "pass the read end of a pipe");
    }
    loop_.watch(kParentWatch, std::move(copy), [this] { begin_stop("its parent is gone", false); });
}

void ScalerLoop::listen() {
    listener_ = std::jthread([this](const std::stop_token& stop) {
        const std::string topic = contracts::scaler_topic();
        try {
            auto ticket = store_.triggers().ticket(topic);
            while (!stop.stop_requested()) {
                const bool woken = store_.triggers().wait(topic, ticket, kListenLimit, stop);
                ticket = store_.triggers().ticket(topic);
                if (woken && !wake_posted_.exchange(true)) {
                    loop_.post([this] { wake_soon(); });
                }
            }
        } catch (const base::Error& error) {
            // The look once a second is the net below wake-ups.
            log_.error("waiting for wake-ups", {{"error", error.full_text()}});
        }
    });
}

void ScalerLoop::wake_soon() {
    wake_posted_ = false;
    const auto since = clock_.boot_now() - last_tick_;
    const base::Millis gap = near_end_ ? kEndWakeGap : kWakeGap;
    if (since >= gap) {
        want_tick();
    } else {
        loop_.set_timer(kTickTimer, std::chrono::ceil<base::Millis>(gap - since),
                        [this] { want_tick(); });
    }
}

void ScalerLoop::plan_heartbeat() {
    loop_.set_timer(kHeartbeatTimer, heartbeat_interval(), [this] {
        heartbeat_due_ = true;
        loop_.stop();
    });
}

void ScalerLoop::report() {
    contracts::Heartbeat beat;
    beat.worker_id = host_record_;
    beat.slots = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    beat.busy = static_cast<int>(supervisor_.size());
    beat.metadata = metadata();
    const auto status = store_.registration().heartbeat(beat);
    if (!status || *status == model::WorkerStatus::lost ||
        *status == model::WorkerStatus::terminated) {
        register_host();  // judged dead during a long pause; ids are never used again
    } else if (*status == model::WorkerStatus::terminating && phase_ == Phase::running) {
        begin_stop("it was asked to retire", options_.leave_workers);
    }
}

base::JsonText ScalerLoop::metadata() const {
    scaler::HostView box = scaler::look_at_box(options_.host);
    const base::BootTime now = clock_.boot_now();
    base::Json planned = base::Json::object();
    for (const auto& [pool, state] : pools_) {
        if (state.last) {
            planned[pool] = state.last->planned_here;
        }
        if (auto trouble = crashes_.trouble(pool, now)) {
            box.holds[pool] = {std::move(trouble->reason), trouble->is_tried ? 1 : 0};
        }
    }
    base::Json json = base::parse_json(scaler::host_facts(box), "facts of this host");
    json["cores"] = std::max(1U, std::thread::hardware_concurrency());
    json["workers"] = supervisor_.size();
    json["planned"] = std::move(planned);
    json["last_decision"] = last_reason_;
    json["batch"] = options_.batch;
    return base::dump_json(json);
}

void ScalerLoop::on_worker_end(const WorkerEnd& end) {
    if (end.store_damaged) {
        give_up("worker " + end.worker_id + " " + end.how, end.last_words);
    } else if (end.in_order) {
        crashes_.proved_healthy(end.pool);
    } else if (phase_ == Phase::running) {
        crashes_.died(end.pool, end.lifetime, end.how, end.last_words, clock_.boot_now());
        const auto hold = crashes_.hold(end.pool, clock_.boot_now());
        if (hold && hold->unhealthy) {
            pools_[end.pool].recorded.reset();  // the next tick writes it down
            heartbeat_due_ = true;              // the others take its share
            log_.error("the pool is unhealthy on this host",
                       {{"pool", end.pool},
                        {"reason", hold->reason},
                        {"next_try_in", base::human_duration(hold->remaining)}});
        }
    }
    if (phase_ == Phase::stopping) {
        check_stopped();
    } else {
        wake_soon();
    }
}

void ScalerLoop::begin_stop(const std::string& why, bool leave_workers) {
    if (phase_ != Phase::running) {
        return;
    }
    phase_ = Phase::stopping;
    loop_.cancel_timer(kTickTimer);
    if (leave_workers) {
        log_.info("stopping, the workers go on", {{"why", why}});
        finish(0);
        return;
    }
    guarded("looking for workers of the scaler before", [this] {
        // Told to stop before the first look: they must not be left to nobody.
        contracts::WorkerFilter living;
        living.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating};
        living.host = options_.host;
        supervisor_.adopt(store_.registration().list(living));
    });
    log_.info("stopping, retiring the workers",
              {{"why", why}, {"workers", std::to_string(supervisor_.size())}});
    for (const std::string& id : supervisor_.worker_ids()) {
        guarded("retiring a worker", [&] {
            supervisor_.retire(id, "the scaler stops: " + why, Supervisor::How::by_status);
        });
        // Also when the store cannot be told: somebody has ordered it.
        supervisor_.send_term(id);
    }
    kill_at_ = clock_.boot_now() + options_.grace + kStopMargin;
    check_stopped();
}

void ScalerLoop::stop_at_once() {
    log_.warn("told to stop again: killing the workers, their work goes back");
    kill_at_ = clock_.boot_now();
    check_stopped();
}

void ScalerLoop::check_stopped() {
    if (supervisor_.size() == 0) {
        finish(exit_code_);
        return;
    }
    const base::BootTime now = clock_.boot_now();
    if (now >= kill_at_) {
        if (now >= kill_at_ + 4 * kStopMargin) {
            log_.error("workers that cannot be killed are left behind",
                       {{"workers", std::to_string(supervisor_.size())}});
            finish(1);
            return;
        }
        for (const std::string& id : supervisor_.worker_ids()) {
            log_.warn("killing a worker that did not leave in time", {{"worker", id}});
            supervisor_.kill(id);
        }
    }
    const auto left = std::chrono::ceil<base::Millis>(kill_at_ - now);
    loop_.set_timer(kStopTimer, std::max(left, base::Millis{1'000}), [this] { check_stopped(); });
}

void ScalerLoop::finish(int exit_code) {
    if (phase_ == Phase::finished) {
        return;
    }
    phase_ = Phase::finished;
    exit_code_ = exit_code;
    listener_.request_stop();
    loop_.stop();
}

void ScalerLoop::leave() {
    if (std::exchange(has_left_, true)) {
        return;
    }
    guarded("leaving", [this] {
        lease_.release();
        store_.registration().deregister(host_record_);
    });
}

}  // namespace fleet::coordinator
