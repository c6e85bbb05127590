// The life of a scaler: observe, decide, write the decision down, act, rest; until it is told to
// stop or its batch is done.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
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
#include "scaler/observe.hpp"

namespace fleet::coordinator {

/// Nothing that is written to the store can be relied on any more.
[[nodiscard]] inline bool is_ruined(const base::StoreError& error) {
    return error.kind() == base::StoreError::Kind::corrupt ||
           error.kind() == base::StoreError::Kind::too_new;
}

class ScalerLoop {
  public:
    /// Store, clock and log must outlive it. `worker_program`: what is launched.
    ScalerLoop(contracts::Store& store, const base::Clock& clock, base::Log& log,
               const ScalerOptions& options, const std::filesystem::path& worker_program);
    ScalerLoop(const ScalerLoop&) = delete;
    ScalerLoop& operator=(const ScalerLoop&) = delete;
    ~ScalerLoop();

    /// Blocks; returns the process's exit code. Throws ConfigError (another scaler has this host, a
    /// pool or batch does not exist) and StoreError at the start only.
    int run();

    /// Pools and overrides of these options; throws ConfigError if the batch does not exist.
    [[nodiscard]] static scaler::ObserveOptions observe_options(contracts::Store& store,
                                                                const ScalerOptions& options);

  private:
    enum class Phase { running, stopping, finished };
    struct PoolState {
        std::deque<std::pair<base::BootTime, int>> wanted;  ///< oldest first
        std::optional<scaler::PoolPlan> last;
        std::optional<scaler::PoolPlan> recorded;
        base::BootTime recorded_at{};
        std::optional<int> once_target;
    };

    // Start and end.
    void start();
    void register_host();
    void finish(int exit_code);
    void begin_stop(const std::string& why, bool leave_workers);
    /// With a damaged store nothing can go on: stops and exits with an error.
    void give_up(const std::string& doing, const std::string& error);
    void stop_at_once();
    void check_stopped();

    // The tick.
    void guarded_tick();
    void tick();
    void complete(scaler::Observed& observed);
    void apply(const scaler::Observed& observed, const scaler::PoolPlan& plan);
    int launch(const scaler::PoolPlan& plan, const scaler::PoolRules& rules,
               const scaler::PoolView& view);
    int retire(const scaler::PoolPlan& plan, const scaler::PoolView& view);
    void record(const scaler::Observed& observed, const scaler::PoolPlan& plan, int started,
                int retired);
    void judge_health(const scaler::Observed& observed);
    [[nodiscard]] bool is_done(const scaler::Observed& observed) const;
    void retire_strays(const scaler::Observed& observed);
    void check_once(const scaler::Observed& observed);
    void plan_next_tick(const scaler::Observed& observed);

    // Around it.
    void heartbeat();
    void on_worker_end(const WorkerEnd& end);
    void wake_soon();
    void watch_parent();
    void listen();
    void guarded(const char* doing, const std::function<void()>& action);
    [[nodiscard]] base::JsonText metadata() const;
    [[nodiscard]] base::Millis heartbeat_interval() const;

    contracts::Store& store_;
    const base::Clock& clock_;
    base::Log& log_;
    ScalerOptions options_;
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
