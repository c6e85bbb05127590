// One worker process: registers, claims, lets its slots work, retires.
//
//            run()          signal, `terminating`, idle and lonely, --once and nothing left
//   start ---------> working -----------------------------------> retiring ----> gone (0)
//                       ^  \                                       |   |
//                       |   `--- lost, terminated by others ---> abort ----> gone (1)
//                       +----- called back (`active` again) -------+
//
// The main loop is the thread that calls `run`: it runs the machine `worker`, built in or a user's
// edited copy (machines/definitions), whose actions are this class's. What the worker holds is
// nobody's only copy: killed at any moment, its executions are taken over when its process is seen
// gone or its leases end.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/base/logging.hpp"
#include "common/contracts/store.hpp"
#include "machines/calls/run_attempt.hpp"
#include "machines/definitions/own_run.hpp"
#include "worker/claim_size.hpp"
#include "worker/distributed_hooks.hpp"
#include "worker/host_watch.hpp"
#include "worker/machine_extras.hpp"
#include "worker/machine_room.hpp"
#include "worker/options.hpp"
#include "worker/running_attempts.hpp"
#include "worker/spec_cache.hpp"
#include "worker/wake_up.hpp"
#include "worker/work_queue.hpp"

namespace fleet::worker {

class Worker {
  public:
    /// `store`, `clock` and `log` must outlive it. Without a program in `machine` it runs the
    /// built-in one.
    Worker(WorkerOptions options, contracts::Store& store, const base::Clock& clock, base::Log& log,
           MachineExtras extras = {}, definitions::OwnMachine machine = {});
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker();

    /// Blocks until the worker is gone; the exit code. Once only. Throws base::ConfigError when it
    /// cannot start (refused, no such pool), base::StoreError when the store is beyond use.
    int run();

    /// A person or the system wants the worker to leave: the first time it retires, the second
    /// time it does not wait for what runs. From any thread, also before `run`.
    void interrupt(const std::string& why);

    /// What its machine may call.
    [[nodiscard]] static std::vector<std::string_view> action_names();

  private:
    struct Crew;
    enum class Ending { retired, done, lost };
    /// What the main loop waits for when nothing more can be claimed.
    struct Rest {
        enum class For { nothing, room, work, store, neighbour };
        For what = For::nothing;
        std::optional<base::Millis> limit;
    };
    /// Between two actions of the machine.
    struct Turn {
        WakeUp::Ticket ticket;
        std::uint32_t topic_ticket = 0;
        contracts::ClaimAnswer answer;
        std::size_t asked = 0;
        Rest rest;
    };
    struct Orders {
        int interruptions = 0;
        std::string why;  ///< of the first interruption
        model::WorkerStatus status = model::WorkerStatus::active;
        std::string fatal;
        base::StoreError::Kind fatal_kind = base::StoreError::Kind::internal;
    };

    [[nodiscard]] Orders orders() const;
    void obey_status(std::optional<model::WorkerStatus> status);
    /// After each heartbeat, on the keeper's thread.
    void leave_if_lonely();
    void fail(const std::string& why, base::StoreError::Kind kind);

    // The machine's actions, in worker_actions.cpp: each sets what the machine's transitions see.
    void register_worker(expression::Value& context);
    void read_orders(expression::Value& context);
    void claim_job(expression::Value& context);
    void process_job(expression::Value& context);
    void count_completed(expression::Value& context);
    void rest(expression::Value& context);
    void retire_worker(expression::Value& context);
    void deregister_worker(expression::Value& context);
    void abandon(expression::Value& context);
    struct NamedAction {
        std::string_view name;
        void (Worker::*act)(expression::Value& context);
    };
    [[nodiscard]] static std::span<const NamedAction> named_actions();

    void run_machine();
    [[nodiscard]] Crew& crew() { return *crew_; }
    /// False: the store does not answer now, which was said once.
    bool try_store(const std::function<void()>& step);
    void claim(ClaimSize::Next next);
    void ask(ClaimSize::Next next);
    /// What to wait for after a claim that brought so many.
    [[nodiscard]] Rest after_claim(std::size_t count);
    void accept(std::vector<contracts::Claimed> claimed);
    void pause_for_store();
    /// False: --once, and nothing is left to do.
    bool wait_for_work(base::Millis limit);
    void give_back_stalled();
    void give_back(std::vector<WorkItem> items);

    enum class Retired { yes, called_back, lost };
    Retired retire();
    void announce_retirement(const std::string& why);
    [[nodiscard]] Retired wait_for_running(bool by_order);
    void abort_running();
    /// False: called back at the last moment.
    bool leave(bool by_order);
    void lose();
    void drop_everything() noexcept;

    const WorkerOptions options_;
    contracts::Store& store_;
    const base::Clock& clock_;
    base::Log& log_;
    const model::WorkerRecord record_;
    const std::string topic_;
    const definitions::OwnMachine machine_;

    mutable std::mutex mutex_;  ///< guards orders_
    Orders orders_;

    WakeUp wake_up_;
    WorkQueue queue_;
    RunningAttempts attempts_;
    ClaimSize claim_size_;
    calls::AttemptRunner runner_;
    MachineJobs jobs_;
    MachineRoom machines_;
    SpecCache specs_;
    HostWatch host_watch_;  ///< of the keeper's thread

    // Of the main loop.
    std::unique_ptr<Crew> crew_;  ///< from the registration on
    Turn turn_;
    std::optional<Ending> ending_;
    bool is_done_ = false;           ///< --once, and nothing is left
    bool leaves_by_order_ = false;   ///< not because its status says so
    std::size_t taken_ = 0;          ///< executions claimed since the start
    bool retired_attempts_ = false;  ///< the slots take nothing any more: no way back
    bool store_answers_ = true;
    base::Millis claim_pause_{50};
    std::uint64_t seen_changes_ = 0;
    std::uint64_t seen_taken_ = 0;  ///< with last_progress_: when slots took prefetched items last
    base::BootTime last_progress_{};
};

}  // namespace fleet::worker
