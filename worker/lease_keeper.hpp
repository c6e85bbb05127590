// The leases that the worker holds, kept alive, and given up in time when they cannot be.
//
// One thread renews them all in one call and sends the heartbeats. The deadline by which a renewal
// must have succeeded is counted on CLOCK_BOOTTIME from before the last successful renewal (or the
// claim) was sent: ttl less a margin, in which everything that was started can be killed. When it
// passes, a second thread, which never touches the store, ends all attempts without grace. If that
// thread wakes late (the process was frozen, the box slept), one renewal is tried first: what is
// still ours goes on.
//
//   |--- ttl/3 ---|--- ttl/3 ---|- - - -|<------ margin ----->|
//   sent          renewal       renewal  deadline: kill        others may take over
//
// Thread-safe. No lock is held across store calls.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/base/logging.hpp"
#include "common/contracts/store.hpp"
#include "worker/deadline_watch.hpp"
#include "worker/running_attempts.hpp"

namespace fleet::worker {

/// max(1 s, ttl/5), but never more than 2/5 of the ttl, so that a lease of 1 s can still be renewed
/// (every ttl/3) before its deadline.
[[nodiscard]] base::Millis lease_margin(base::Millis ttl);
/// 5 s, or a third of the ttl if that is less.
[[nodiscard]] base::Millis heartbeat_interval(base::Millis lease_ttl);

/// What a heartbeat tells, filled in by the worker.
struct Vitals {
    int slots = 0;
    int busy = 0;
    std::size_t queued = 0;
};

/// What names one lease without its owner.
struct LeaseId {
    explicit LeaseId(const model::Lease& lease) : execution(lease.execution), token(lease.token) {}
    model::ExecutionId execution;
    model::FencingToken token;
};

class LeaseKeeper {
  public:
    struct Settings {
        std::string worker_id;
        std::string owner;
        base::Millis ttl{15'000};
    };
    struct Ports {
        contracts::Store& store;
        const base::Clock& clock;
        base::Log& log;
        RunningAttempts& attempts;
        std::function<Vitals()> vitals;
        /// The answer of a heartbeat, also when it did not change; nullopt: not registered.
        std::function<void(std::optional<model::WorkerStatus>)> status;
        /// The store is damaged: the worker has to end.
        std::function<void(const std::string& why, base::StoreError::Kind kind)> fatal;
    };

    LeaseKeeper(Settings settings, Ports ports);
    LeaseKeeper(const LeaseKeeper&) = delete;
    LeaseKeeper& operator=(const LeaseKeeper&) = delete;
    /// Stops both threads; what is held then is not renewed any more.
    ~LeaseKeeper();

    /// The answer of a claim that was sent at `sent`.
    void add(base::BootTime sent, std::span<const contracts::Claimed> claimed);
    /// A claim whose answer did not arrive: what it may have taken is given back by the store at a
    /// renewal that does not name it.
    void claim_unanswered();
    /// Ends these very leases: a retried execution may be held again under a later token already.
    void remove(std::span<const LeaseId> leases);

    [[nodiscard]] bool holds(const model::Lease& lease) const;
    /// False from the deadline until a renewal has succeeded: no outside effect may start.
    [[nodiscard]] bool may_start() const;

  private:
    struct Held {
        model::FencingToken token = 0;
        std::int64_t handle = 0;
    };
    struct IdHash {
        std::size_t operator()(const model::ExecutionId& id) const noexcept;
    };

    void run(const std::stop_token& stop);
    void renew();
    void beat();
    [[nodiscard]] bool renewal_is_due() const;
    void keep_renewing(const std::stop_token& stop);
    void lose(std::span<const model::Lease> lost);
    void deadline_passed();
    void store_answered();
    void store_failed(const char* what, const base::StoreError& error);
    void set_deadline(base::BootTime deadline);  // with mutex_ held
    /// False when the thread is to stop.
    bool pause(const std::stop_token& stop, base::Millis span);

    const Settings settings_;
    const Ports ports_;
    const base::Millis margin_;
    const base::Millis interval_;

    mutable std::mutex mutex_;  ///< guards everything until the next blank line
    std::condition_variable_any woken_;
    std::unordered_map<model::ExecutionId, Held, IdHash> held_;
    base::BootTime renewed_{};           ///< when the last renewal or first claim was sent
    base::BootTime unanswered_until_{};  ///< until then a renewal is sent though nothing is held
    base::BootTime oldest_new_{};        ///< first claim since the last renewal was sent; 0: none
    bool renew_now_ = false;
    bool second_chance_ = false;  ///< woke late; one renewal is being tried

    std::atomic<std::int64_t> deadline_ns_{0};
    bool store_answers_ = true;     ///< of the keeper's thread: the trouble is told once
    base::JsonText told_metadata_;  ///< likewise: sent only when it changed

    DeadlineWatch watch_;
    std::jthread thread_;
};

}  // namespace fleet::worker
