// Watches over the worker processes of this box: notices the end of each at once, whether it was
// started here or adopted, ends what it left behind, hands its work back; retires and kills.
// Belongs to the event loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/logging.hpp"
#include "common/contracts/store.hpp"
#include "common/process/child.hpp"
#include "coordinator/event_loop.hpp"
#include "coordinator/host_lease.hpp"
#include "coordinator/launcher.hpp"

namespace fleet::coordinator {

/// How one worker of this box ended.
struct WorkerEnd {
    std::string worker_id;
    std::string pool;
    base::Millis lifetime{0};
    bool in_order = false;  ///< it was asked to leave, or has deregistered
    std::string how;        ///< "exited with code 3", "was killed by signal 9", "is gone"
    std::string last_words;
    bool store_damaged = false;  ///< it says that no worker can go on with this store
};

class Supervisor {
  public:
    struct Parts {
        contracts::Store& store;
        EventLoop& loop;
        const HostLease& lease;
        const base::Clock& clock;
        base::Log& log;
    };
    using OnEnd = std::function<void(const WorkerEnd&)>;
    using LogFileOf = std::function<std::filesystem::path(const std::string& worker_id)>;

    struct Scope {
        std::string host;
        /// Not empty: only workers bound to this batch are watched. The others of the host go on by
        /// themselves; what is dead of them is handed back all the same.
        std::string batch;
    };

    /// All parts must outlive it.
    Supervisor(Parts parts, Scope scope, LogFileOf log_file_of, OnEnd on_end);
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    /// Leaves every worker running.
    ~Supervisor();

    /// Watches a worker that was just launched.
    void watch(Launched launched);
    /// Looks through registrations: live workers of this box that are not watched yet are adopted,
    /// what is proven dead is handed back at once: true when there was any, and what was looked at
    /// is not so any more. Throws StoreError.
    bool adopt(const std::vector<model::WorkerRecord>& registered);
    /// Judges silent workers of all boxes by their heartbeats: their registrations end here. Each
    /// is to be reaped. Throws StoreError.
    [[nodiscard]] std::vector<model::WorkerRecord> list_stale();
    /// A worker of this box is killed with everything it started before its work goes back. Throws
    /// StoreError.
    void reap(const model::WorkerRecord& stale);
    /// Launched workers that did not register in time. Throws StoreError.
    void kill_unregistered();

    enum class How {
        by_status,  ///< it learns from the store; it can be called back
        by_signal,  ///< SIGTERM as well
    };
    /// False if it was not active (any more) or is not of this box. Throws StoreError.
    bool retire(const std::string& worker_id, const std::string& reason, How how);
    /// SIGTERM alone, for when the store cannot be told.
    void send_term(const std::string& worker_id);
    /// terminating -> active. False if it had left already. Throws StoreError.
    bool call_back(const std::string& worker_id, const std::string& reason);
    /// Kills it with everything that it started; its work goes back without being counted.
    void kill(const std::string& worker_id);

    [[nodiscard]] std::vector<std::string> worker_ids() const;
    [[nodiscard]] bool watches(const std::string& worker_id) const;
    [[nodiscard]] std::size_t size() const { return watched_.size(); }
    /// SIGCHLD: reaps orphans that the kernel gave to this process.
    void reap_orphans();

  private:
    struct Watched {
        std::string pool;
        std::int64_t seat = 0;
        model::ProcessIdentity identity;
        std::string mark;
        base::BootTime since{};
        std::optional<process::Child> child;  ///< unset: adopted
        bool registered = false;
        bool asked_to_leave = false;
        bool killed_by_order = false;
        EventLoop::Key key = 0;
    };
    /// Work of the dead that the store could not take back yet, or must not before a time.
    struct HandBack {
        std::string worker_id;
        contracts::ReleaseReason reason = contracts::ReleaseReason::worker_dead;
        std::string why;
        std::int64_t seat = 0;
        bool repeat = false;  ///< refused while the lease holds: again until `until`
        base::BootTime until{};
    };

    enum class Orphans { reap, kill };

    bool adopt_one(const model::WorkerRecord& worker);
    void bury_stranger(const model::WorkerRecord& worker, const std::string& why);
    void ended(const std::string& worker_id);
    void end_processes(const Watched& watched);
    /// False: to be tried again later.
    bool hand_back(const HandBack& work);
    void queue_hand_back(HandBack work);
    void retry_hand_backs();
    void end_orphans(Orphans what);

    Parts parts_;
    Scope scope_;
    LogFileOf log_file_of_;
    OnEnd on_end_;
    std::map<std::string, Watched> watched_;
    std::vector<HandBack> hand_backs_;
    model::ProcessIdentity self_;
    /// Every child that is not a worker is an orphan of a dead worker: this process had none when
    /// it began, and is not a container's first process.
    bool may_kill_orphans_;
    EventLoop::Key next_key_;
};

}  // namespace fleet::coordinator
