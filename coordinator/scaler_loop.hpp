// The life of a scaler: observe, decide, act, write the decision down, rest; until it is told to
// stop or its batch is done. It runs the machine `coordinator`, built in or a user's edited copy
// (machines/definitions), whose actions are this class's. Signals, timers and wake-ups are handled
// while the machine rests. Belongs to the thread that calls `run`, which waits while the actions of
// child machines run on threads of their own, one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/base/logging.hpp"
#include "common/contracts/store.hpp"
#include "coordinator/crash_loop.hpp"
#include "coordinator/event_loop.hpp"
#include "coordinator/host_lease.hpp"
#include "coordinator/launcher.hpp"
#include "coordinator/scaler_options.hpp"
#include "coordinator/supervisor.hpp"
#include "machines/definitions/own_run.hpp"
#include "scaler/observe.hpp"

namespace fleet::coordinator {

/// Nothing that is written to the store can be relied on any more.
[[nodiscard]] inline bool is_ruined(const base::StoreError& error) {
    return error.kind() == base::StoreError::Kind::corrupt ||
           error.kind() == base::StoreError::Kind::too_new;
}

class ScalerLoop {
  public:
    /// Store, clock and log must outlive it. `worker_program`: what is launched. Without a program
    /// in `machine` it runs the built-in one.
    ScalerLoop(contracts::Store& store, const base::Clock& clock, base::Log& log,
               const ScalerOptions& options, const std::filesystem::path& worker_program,
               definitions::OwnMachine machine = {});
    ScalerLoop(const ScalerLoop&) = delete;
    ScalerLoop& operator=(const ScalerLoop&) = delete;
    ~ScalerLoop();

    /// Blocks; returns the process's exit code. Throws ConfigError (another scaler has this host, a
    /// pool or batch does not exist) and StoreError at the start only.
    int run();

    /// Pools and overrides of these options; throws ConfigError if the batch does not exist.
    [[nodiscard]] static scaler::ObserveOptions observe_options(contracts::Store& store,
                                                                const ScalerOptions& options);

    /// What its machine may call.
    [[nodiscard]] static std::vector<std::string_view> action_names();

  private:
    using Value = expression::Value;
    enum class Phase { running, stopping, finished };
    struct PoolState {
        std::deque<std::pair<base::BootTime, int>> wanted;  ///< oldest first
        std::optional<scaler::PoolPlan> last;
        std::optional<scaler::PoolPlan> recorded;
        base::BootTime recorded_at{};
        std::optional<int> once_target;
    };
    /// What a look is to lead to in one pool, and has led to so far.
    struct PoolTurn {
        int may_start = 0;
        int started = 0;
        bool launch_failed = false;  ///< no further one in this look
        int called_back = 0;
        int retired = 0;
    };
    /// From one observation to the next.
    struct Turn {
        scaler::Observed observed;
        scaler::Plan plan;
        std::map<std::string, PoolTurn> pools;
        bool failed = false;
    };

    // The machine's actions (scaler_actions.cpp): each sets what the machine's transitions see.
    void start_up(Value& context);
    void observe(Value& context);
    void decide(Value& context);
    void spawn_worker(Value& context);
    void retire_workers(Value& context);
    void record_decisions(Value& context);
    void rest(Value& context);
    void keep_alive(Value& context);
    void list_stale_workers(Value& context);
    void reap_worker(Value& context);
    void deregister(Value& context);
    struct NamedAction {
        std::string_view name;
        void (ScalerLoop::*act)(Value& context);
    };
    [[nodiscard]] static std::span<const NamedAction> named_actions();
    /// A part of a look: not done when one before it failed, or when the scaler stops.
    void in_turn(Value& context, const std::function<void()>& step);
    void tell_status(Value& context) const;
    /// Without the machine, which has ended too early: stops in order.
    void run_down();

    // Start and end.
    void start();
    void register_host();
    void finish(int exit_code);
    void leave();
    void begin_stop(const std::string& why, bool leave_workers);
    /// With a damaged store nothing can go on: stops and exits with an error.
    void give_up(const std::string& doing, const std::string& error);
    void stop_at_once();
    void check_stopped();

    // Parts of a look (scaler_tick.cpp).
    void want_tick();
    void look();
    void complete(scaler::Observed& observed);
    void note_wanted(const scaler::PoolPlan& plan);
    void launch(const std::string& pool, PoolTurn& turn, Value& context);
    int retire(const scaler::PoolPlan& plan);
    void finish_look();
    void record(const scaler::Observed& observed, const scaler::PoolPlan& plan, int started,
                int retired);
    void judge_health(const scaler::Observed& observed);
    [[nodiscard]] bool is_done(const scaler::Observed& observed) const;
    void retire_strays(const scaler::Observed& observed);
    void check_once(const scaler::Observed& observed);
    void plan_next_tick(const scaler::Observed& observed);

    // Around it.
    void on_worker_end(const WorkerEnd& end);
    void wake_soon();
    void plan_heartbeat();
    void report();
    void watch_parent();
    void listen();
    void guarded(const char* doing, const std::function<void()>& action);
    [[nodiscard]] base::JsonText metadata() const;
    [[nodiscard]] base::Millis heartbeat_interval() const;

    contracts::Store& store_;
    const base::Clock& clock_;
    base::Log& log_;
    ScalerOptions options_;
    definitions::OwnMachine machine_;
    std::string run_id_;
    std::string owner_;
    std::string host_record_;  ///< id of this process's own registration
    EventLoop loop_;
    HostLease lease_;
    Launcher launcher_;
    Supervisor supervisor_;
    scaler::Observer observer_;
    CrashLoop crashes_;
    std::map<std::string, PoolState> pools_;
    Phase phase_ = Phase::running;
    int exit_code_ = 0;
    Turn turn_;
    bool tick_due_ = true;
    bool heartbeat_due_ = false;
    bool look_for_changes_ = false;  ///< at the next rest
    bool has_started_ = false;
    bool has_left_ = false;
    std::map<std::string, model::WorkerRecord> stale_;  ///< listed, not reaped yet
    bool active_ = true;     ///< look every second; else only when woken and with the heartbeat
    bool near_end_ = false;  ///< of a run: few items are left
    std::uint64_t seen_changes_ = 0;
    base::BootTime last_tick_{};
    base::BootTime started_at_{};
    base::BootTime kill_at_{};  ///< while stopping
    std::string last_progress_;
    std::string last_reason_;
    std::atomic<bool> wake_posted_ = false;
    std::jthread listener_;  ///< waits for the scalers' topic; last, so that it ends first
};

}  // namespace fleet::coordinator
