#include "coordinator/supervisor.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <exception>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <sys/wait.h>

#include "common/base/errors.hpp"
#include "common/model/worker_exit.hpp"
#include "common/process/identity.hpp"
#include "common/process/proc.hpp"
#include "common/process/tree.hpp"
#include "coordinator/timers.hpp"
#include "coordinator/worker_mark.hpp"

namespace fleet::coordinator {
namespace {

/// Killing and scanning blocks the loop; the host's lease must survive it.
constexpr base::Millis kKillLimit{4'000};
constexpr base::Millis kHandBackPause{1'000};
/// Leases of workers on other boxes end within this, whatever their TTL was.
constexpr base::Millis kForeignLeases{120'000};

std::string how_it_ended(const process::ExitStatus& status) {
    if (status.signal) {
        return "was ended by signal " + std::to_string(*status.signal);
    }
    return "exited with code " + std::to_string(status.exit_code.value_or(-1));
}

constexpr int kOrphanRounds = 16;

/// Children of the main thread, which is where the kernel puts orphans.
std::vector<pid_t> own_children() {
    std::vector<pid_t> pids;
    const auto text =
        process::read_small_file("/proc/self/task/" + std::to_string(::getpid()) + "/children");
    const char* next = text ? text->data() : nullptr;
    const char* const end = text ? next + text->size() : nullptr;
    while (next < end) {
        pid_t pid = 0;
        const auto [rest, error] = std::from_chars(next, end, pid);
        if (error == std::errc()) {
            pids.push_back(pid);
        }
        next = error == std::errc() ? rest : next + 1;
    }
    return pids;
}

base::UniqueFd duplicate(int fd) {
    return base::UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

}  // namespace

Supervisor::Supervisor(Parts parts, Scope scope, LogFileOf log_file_of, OnEnd on_end)
    : parts_(parts),
      scope_(std::move(scope)),
      log_file_of_(std::move(log_file_of)),
      on_end_(std::move(on_end)),
      self_(process::self_identity(parts.clock)),
      may_kill_orphans_(::getpid() != 1 && own_children().empty()),
      next_key_(kFirstWorkerKey) {}

Supervisor::~Supervisor() {
    for (auto& [id, watched] : watched_) {
        parts_.loop.unwatch(watched.key);
        if (watched.child) {
            watched.child->release();
        }
    }
}

void Supervisor::watch(Launched launched) {
    Watched watched;
    watched.pool = launched.pool;
    watched.seat = launched.seat;
    watched.identity = launched.identity;
    watched.since = parts_.clock.boot_now();
    watched.key = next_key_++;
    parts_.loop.watch(watched.key, duplicate(launched.child.pidfd()),
                      [this, id = launched.worker_id] { ended(id); });
    watched.child = std::move(launched.child);
    watched_.insert_or_assign(launched.worker_id, std::move(watched));
}

bool Supervisor::adopt(const std::vector<model::WorkerRecord>& registered) {
    bool buried = false;
    for (const model::WorkerRecord& worker : registered) {
        if (worker.host != scope_.host || worker.process == self_) {
            continue;
        }
        const auto known = watched_.find(worker.worker_id);
        if (known != watched_.end()) {
            known->second.registered = true;
            known->second.mark = worker_mark(worker);
            continue;
        }
        const bool final = worker.status == model::WorkerStatus::terminated ||
                           worker.status == model::WorkerStatus::lost;
        if (!final) {
            buried = adopt_one(worker) || buried;
        }
    }
    return buried;
}

/// True if it was found dead.
bool Supervisor::adopt_one(const model::WorkerRecord& worker) {
    if (worker.process.boot_id != self_.boot_id) {
        bury_stranger(worker, "the machine was started anew since");
        return true;
    }
    if (!worker.process.same_box(self_)) {
        return false;  // of another container: judged by its heartbeats
    }
    std::optional<base::UniqueFd> pidfd = process::open_process(worker.process);
    if (!pidfd) {
        if (process::liveness(worker.process) == process::Liveness::gone) {
            bury_stranger(worker, "its process is gone");
            return true;
        }
        return false;
    }
    const bool ours = scope_.batch.empty() || worker.batch == scope_.batch;
    if (worker.kind == model::WorkerKind::host || !ours) {
        return false;
    }
    Watched watched;
    watched.pool = worker.pool;
    watched.seat = worker.seat;
    watched.identity = worker.process;
    watched.mark = worker_mark(worker);
    watched.since = parts_.clock.boot_now() - (parts_.store.now() - worker.started_at);
    watched.registered = true;
    watched.key = next_key_++;
    parts_.loop.watch(watched.key, std::move(*pidfd), [this, id = worker.worker_id] { ended(id); });
    watched_.emplace(worker.worker_id, std::move(watched));
    parts_.log.info("adopted a running worker",
                    {{"worker", worker.worker_id}, {"pid", std::to_string(worker.process.pid)}});
    return false;
}

void Supervisor::bury_stranger(const model::WorkerRecord& worker, const std::string& why) {
    if (worker.kind == model::WorkerKind::host) {
        parts_.store.registration().mark_dead(worker.worker_id, why);
        return;
    }
    if (worker.process.boot_id == self_.boot_id) {
        const std::string mark = worker_mark(worker);
        if (!mark.empty()) {
            process::kill_marked_processes(mark, kKillLimit);
        }
    }
    parts_.log.warn("found a dead worker, handing back its work",
                    {{"worker", worker.worker_id}, {"why", why}});
    queue_hand_back(
        {worker.worker_id, contracts::ReleaseReason::worker_dead, why, worker.seat, false, {}});
}

void Supervisor::end_processes(const Watched& watched) {
    // The worker itself is gone. Its commands have groups of their own and carry its mark; those
    // that hid their environment have become children of this process.
    const bool clean =
        watched.mark.empty() || process::kill_marked_processes(watched.mark, kKillLimit).clean;
    if (may_kill_orphans_) {
        end_orphans(Orphans::kill);
    }
    if (!clean) {
        parts_.log.warn("not everything that the worker started could be ended",
                        {{"pid", std::to_string(watched.identity.pid)}});
    }
}

void Supervisor::ended(const std::string& worker_id) {
    const auto found = watched_.find(worker_id);
    if (found == watched_.end()) {
        return;
    }
    Watched watched = std::move(found->second);
    watched_.erase(found);
    parts_.loop.unwatch(watched.key);

    WorkerEnd end;
    end.worker_id = worker_id;
    end.pool = watched.pool;
    end.lifetime =
        std::chrono::duration_cast<base::Millis>(parts_.clock.boot_now() - watched.since);
    end.how = "is gone";
    bool failed = false;
    if (watched.child) {
        const process::ExitStatus status = watched.child->finish();
        end.how = how_it_ended(status);
        failed = status.exit_code != 0;
        end.store_damaged = status.exit_code == model::kExitStoreDamaged;
    }
    bool left_in_order = false;
    try {
        if (const auto record = parts_.store.registration().get(worker_id)) {
            // Also a worker that an error ends deregisters.
            left_in_order = !failed && record->status == model::WorkerStatus::terminated;
            watched.mark = worker_mark(*record);
        }
    } catch (const base::StoreError& error) {
        parts_.log.warn("cannot see how the worker left",
                        {{"worker", worker_id}, {"error", error.full_text()}});
    }
    end_processes(watched);

    end.last_words = last_words(log_file_of_(worker_id));
    const auto reason = watched.killed_by_order ? contracts::ReleaseReason::operator_kill
                                                : contracts::ReleaseReason::worker_dead;
    end.in_order = left_in_order || watched.asked_to_leave || watched.killed_by_order;
    queue_hand_back({worker_id, reason, "its process " + end.how, watched.seat, false, {}});
    if (end.in_order) {
        parts_.log.info("worker ended", {{"worker", worker_id}, {"how", end.how}});
    } else {
        parts_.log.warn("worker died, its work was handed back",
                        {{"worker", worker_id}, {"how", end.how}, {"last_words", end.last_words}});
    }
    on_end_(end);
}

bool Supervisor::hand_back(const HandBack& work) {
    try {
        // In this order: should this process be killed in between, its successor still finds the
        // registration, and repeats both. A dead worker claims nothing meanwhile.
        parts_.store.work().release_by_worker(work.worker_id, work.reason);
        parts_.store.registration().mark_dead(work.worker_id, work.why);
        if (work.seat > 0) {
            parts_.store.scaling().set_seat_state(work.seat, model::SeatState::gone);
        }
    } catch (const base::StoreError& error) {
        parts_.log.warn("handing back a worker's work, will be repeated",
                        {{"worker", work.worker_id}, {"error", error.full_text()}});
        return false;
    }
    return !work.repeat || parts_.clock.boot_now() >= work.until;
}

void Supervisor::queue_hand_back(HandBack work) {
    const bool waits =
        std::any_of(hand_backs_.begin(), hand_backs_.end(), [&work](const HandBack& other) {
            return other.worker_id == work.worker_id && other.reason == work.reason;
        });
    if (waits) {
        return;  // a dead worker is found again at every look until its registration is closed
    }
    if (!hand_back(work)) {
        hand_backs_.push_back(std::move(work));
        parts_.loop.set_timer(kHandBackTimer, kHandBackPause, [this] { retry_hand_backs(); });
    }
}

void Supervisor::retry_hand_backs() {
    std::erase_if(hand_backs_, [this](const HandBack& work) { return hand_back(work); });
    if (!hand_backs_.empty()) {
        parts_.loop.set_timer(kHandBackTimer, kHandBackPause * 5, [this] { retry_hand_backs(); });
    }
}

std::vector<model::WorkerRecord> Supervisor::list_stale() {
    std::vector<model::WorkerRecord> stale = parts_.store.registration().expire();
    for (const model::WorkerRecord& worker : stale) {
        parts_.log.warn("no heartbeat, the registration is lost",
                        {{"worker", worker.worker_id}, {"host", worker.host}});
    }
    std::erase_if(stale, [](const model::WorkerRecord& worker) {
        return worker.kind == model::WorkerKind::host;  // it holds no work
    });
    return stale;
}

void Supervisor::reap(const model::WorkerRecord& stale) {
    HandBack work{stale.worker_id,
                  contracts::ReleaseReason::lease_expired,
                  "no heartbeat for " + base::human_duration(stale.heartbeat_age),
                  stale.seat,
                  true,
                  parts_.clock.boot_now() + kForeignLeases};
    if (stale.process.same_box(self_)) {
        // It may still be at work, frozen or cut off: first the processes, then the work.
        if (process::kill_tree(stale.process, worker_mark(stale), kKillLimit).clean) {
            work.reason = contracts::ReleaseReason::worker_dead;
            work.repeat = false;
        }
    }
    queue_hand_back(std::move(work));
}

void Supervisor::kill_unregistered() {
    std::vector<std::string> silent;
    for (const auto& [id, watched] : watched_) {
        const auto age = parts_.clock.boot_now() - watched.since;
        if (!watched.registered && age > kSeatTtl && !parts_.store.registration().get(id)) {
            silent.push_back(id);
        }
    }
    for (const std::string& id : silent) {
        parts_.log.warn("a launched worker did not register in time, killing it", {{"worker", id}});
        const auto found = watched_.find(id);
        process::kill_tree(found->second.identity, found->second.mark, kKillLimit);
    }
}

bool Supervisor::retire(const std::string& worker_id, const std::string& reason, How how) {
    const auto found = watched_.find(worker_id);
    if (found == watched_.end()) {
        return false;
    }
    parts_.lease.require("retiring worker " + worker_id);
    const contracts::StatusChange change = parts_.store.registration().update_status(
        worker_id, model::WorkerStatus::terminating, reason);
    found->second.asked_to_leave = true;
    if (how == How::by_signal) {
        send_term(worker_id);
    }
    return change.outcome == contracts::StatusChange::Outcome::changed;
}

void Supervisor::send_term(const std::string& worker_id) {
    const auto found = watched_.find(worker_id);
    if (found == watched_.end()) {
        return;
    }
    found->second.asked_to_leave = true;
    // A child that was not reaped yet keeps its pid; an adopted one is compared when opened.
    if (found->second.child) {
        ::kill(found->second.child->pid(), SIGTERM);
    } else if (const auto process = process::open_process(found->second.identity)) {
        process::signal_process(*process, SIGTERM);
    }
}

bool Supervisor::call_back(const std::string& worker_id, const std::string& reason) {
    parts_.lease.require("calling back worker " + worker_id);
    const contracts::StatusChange change =
        parts_.store.registration().update_status(worker_id, model::WorkerStatus::active, reason);
    const auto found = watched_.find(worker_id);
    if (found != watched_.end()) {
        found->second.asked_to_leave = false;
    }
    return change.outcome == contracts::StatusChange::Outcome::changed;
}

void Supervisor::kill(const std::string& worker_id) {
    const auto found = watched_.find(worker_id);
    if (found == watched_.end()) {
        return;
    }
    found->second.killed_by_order = true;
    process::kill_tree(found->second.identity, found->second.mark, kKillLimit);
}

std::vector<std::string> Supervisor::worker_ids() const {
    std::vector<std::string> ids;
    for (const auto& [id, watched] : watched_) {
        ids.push_back(id);
    }
    return ids;
}

bool Supervisor::watches(const std::string& worker_id) const {
    return watched_.contains(worker_id);
}

void Supervisor::reap_orphans() {
    end_orphans(Orphans::reap);
}

void Supervisor::end_orphans(Orphans what) {
    // Each round's dead may leave further orphans; a command has no more generations than this.
    for (int round = 0; round < kOrphanRounds; ++round) {
        bool again = false;
        for (const pid_t pid : own_children()) {
            const bool ours =
                std::any_of(watched_.begin(), watched_.end(), [pid](const auto& entry) {
                    return entry.second.child && entry.second.child->pid() == pid;
                });
            if (ours) {
                continue;
            }
            // An unreaped child keeps its pid, so this can hit nobody else.
            if (what == Orphans::kill && ::kill(pid, SIGKILL) == 0) {
                again = ::waitpid(pid, nullptr, 0) == pid || again;
            } else {
                ::waitpid(pid, nullptr, WNOHANG);
            }
        }
        if (!again) {
            return;
        }
    }
}

}  // namespace fleet::coordinator
