// One worker process: registers, claims, lets its slots work, retires.
//
//            run()          signal, `terminating`, idle and lonely, --once and nothing left
//   start ---------> working -----------------------------------> retiring ----> gone (0)
//                       ^  \                                       |   |
//                       |   `--- lost, terminated by others ---> abort ----> gone (1)
//                       +----- called back (`active` again) -------+
//
// The main loop is the thread that calls `run`. What the worker holds is nobody's only copy: killed
// at any moment, its executions are taken over when its process is seen gone or its leases end.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/base/logging.hpp"
#include "common/contracts/store.hpp"
#include "machines/calls/run_attempt.hpp"
#include "worker/claim_size.hpp"
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
    /// `store`, `clock` and `log` must outlive it.
    Worker(WorkerOptions options, contracts::Store& store, const base::Clock& clock, base::Log& log,
           MachineExtras extras = {});
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker();

    /// Blocks until the worker is gone; the exit code. Once only. Throws base::ConfigError when it
    /// cannot start (refused, no such pool), base::StoreError when the store is beyond use.
    int run();

    /// A person or the system wants the worker to leave: the first time it retires, the second
    /// time it does not wait for what runs. From any thread, also before `run`.
    void interrupt(const std::string& why);

  private:
    struct Crew;
    enum class Ending { retired, done, lost };
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

    std::optional<Ending> work_a_turn(Crew& crew);
    std::optional<Ending> try_to_claim(Crew& crew, WakeUp::Ticket ticket, ClaimSize::Next next);
    std::optional<Ending> claim(Crew& crew, WakeUp::Ticket ticket, ClaimSize::Next next);
    contracts::ClaimAnswer ask(Crew& crew, ClaimSize::Next next);
    void accept(Crew& crew, std::vector<contracts::Claimed> claimed);
    std::optional<Ending> wait_for_work(WakeUp::Ticket ticket, std::uint32_t topic_ticket,
                                        base::Millis limit);
    void give_back_stalled(Crew& crew);
    void give_back(Crew& crew, std::vector<WorkItem> items);

    std::optional<Ending> retire(Crew& crew);
    void announce_retirement(const std::string& why);
    /// False: called back.
    bool wait_for_running(Crew& crew, bool by_order, bool& lost);
    void abort_running(Crew& crew);
    /// False: called back at the last moment.
    bool leave(bool by_order);
    void lose(Crew& crew);
    void drop_everything(Crew& crew) noexcept;

    const WorkerOptions options_;
    contracts::Store& store_;
    const base::Clock& clock_;
    base::Log& log_;
    const model::WorkerRecord record_;
    const std::string topic_;

    mutable std::mutex mutex_;  ///< guards orders_
    Orders orders_;

    WakeUp wake_up_;
    WorkQueue queue_;
    RunningAttempts attempts_;
    ClaimSize claim_size_;
    calls::AttemptRunner runner_;
    MachineRoom machines_;
    SpecCache specs_;
    HostWatch host_watch_;  ///< of the keeper's thread

    // Of the main loop.
    bool retired_attempts_ = false;  ///< the slots take nothing any more: no way back
    bool store_answers_ = true;
    base::Millis claim_pause_;
    std::uint64_t seen_changes_ = 0;
    std::uint64_t seen_taken_ = 0;  ///< with last_progress_: when slots took prefetched items last
    base::BootTime last_progress_{};
};

}  // namespace fleet::worker
