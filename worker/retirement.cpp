// How a worker ends: on request, or because it lost its registration.
#include <algorithm>

#include "common/base/errors.hpp"
#include "worker/crew.hpp"
#include "worker/worker.hpp"

namespace fleet::worker {
namespace {

using base::Millis;
using contracts::StatusChange;
using model::WorkerStatus;

/// How long attempts that were told to end, and the last commits, are waited for.
constexpr Millis kEndLimit{15'000};

bool is_final(WorkerStatus status) {
    return status == WorkerStatus::lost || status == WorkerStatus::terminated;
}

}  // namespace

Worker::Retired Worker::retire() {
    const Orders at_first = orders();
    const bool by_order = at_first.interruptions > 0;
    const std::string why = by_order ? at_first.why : "asked by its status";
    log_.info("retiring: nothing new is started",
              {{"reason", why}, {"running", std::to_string(queue_.state().busy)}});
    give_back(queue_.take_back_unbegun());
    machines_.set_leaving(true);
    if (by_order) {
        announce_retirement(why);
    }
    const Retired waited = wait_for_running(by_order);
    if (waited == Retired::called_back) {
        machines_.set_leaving(false);
        log_.info("called back: work goes on");
    }
    if (waited != Retired::yes) {
        return waited;
    }
    if (wake_up_.held() > 0) {
        abort_running();
    }
    machines_.end_hooks();
    runner_.kill_leftovers();
    leaves_by_order_ = orders().interruptions > 0 || retired_attempts_;
    return Retired::yes;
}

void Worker::announce_retirement(const std::string& why) {
    try {
        store_.registration().update_status(record_.worker_id, WorkerStatus::terminating, why);
    } catch (const base::StoreError& error) {
        log_.warn("the store does not learn that this worker retires",
                  {{"error", error.full_text()}});
    }
}

Worker::Retired Worker::wait_for_running(bool by_order) {
    const base::BootTime deadline = clock_.boot_now() + options_.grace;
    for (;;) {
        const WakeUp::Ticket ticket = wake_up_.ticket();
        wake_up_.nudge_at(0);
        const Orders now = orders();
        if (!now.fatal.empty()) {
            throw base::StoreError(now.fatal_kind, now.fatal);
        }
        if (is_final(now.status)) {
            return Retired::lost;
        }
        if (now.interruptions > 0 && !by_order) {
            by_order = true;
            announce_retirement(now.why);
        }
        if (!by_order && now.status == WorkerStatus::active) {
            return Retired::called_back;
        }
        const auto left = std::chrono::ceil<Millis>(deadline - clock_.boot_now());
        if (wake_up_.held() == 0 || now.interruptions > 1 || left <= Millis{0}) {
            return Retired::yes;
        }
        // A slot that was between two items may have been overtaken by the order.
        give_back(queue_.take_back_unbegun());
        wake_up_.wait(ticket, left);
    }
}

void Worker::abort_running() {
    retired_attempts_ = true;
    give_back(queue_.take_back());
    const std::size_t ended = attempts_.close();
    log_.warn("the grace is over, what still runs is ended and goes back",
              {{"attempts", std::to_string(ended)}});
    const base::BootTime limit = clock_.boot_now() + kEndLimit;
    for (;;) {
        const WakeUp::Ticket ticket = wake_up_.ticket();
        wake_up_.nudge_at(0);
        const std::size_t held = wake_up_.held();
        const auto left = std::chrono::ceil<Millis>(limit - clock_.boot_now());
        if (held == 0) {
            return;
        }
        if (left <= Millis{0}) {
            throw base::StoreError(base::StoreError::Kind::unavailable,
                                   "retiring: " + std::to_string(held) +
                                       " executions could not be recorded or handed back",
                                   "they run again when their leases have ended; nothing is lost");
        }
        wake_up_.wait(ticket, left);
    }
}

bool Worker::leave(bool by_order) {
    for (int tries = 1;; ++tries) {
        const WakeUp::Ticket ticket = wake_up_.ticket();
        try {
            if (by_order) {
                store_.registration().deregister(record_.worker_id);
                return true;
            }
            // Compare-and-set: only from `terminating`.
            const StatusChange change = store_.registration().update_status(
                record_.worker_id, WorkerStatus::terminated, "retired");
            if (change.outcome != StatusChange::Outcome::illegal) {
                return true;
            }
            const auto record = store_.registration().get(record_.worker_id);
            obey_status(record ? std::optional(record->status) : std::nullopt);
            return false;
        } catch (const base::StoreError&) {
            constexpr int kTries = 10;
            if (tries == kTries) {
                throw;
            }
        }
        wake_up_.wait(ticket, Millis{100});
    }
}

void Worker::lose() {
    std::string reason = "the registration is not there any more";
    try {
        if (const auto record = store_.registration().get(record_.worker_id)) {
            reason = std::string(model::to_text(record->status)) +
                     (record->reason.empty() ? "" : ": " + record->reason);
        }
    } catch (const base::StoreError& error) {
        reason += " (" + error.full_text() + ")";
    }
    log_.error("this worker's registration has ended, everything it runs is ended",
               {{"worker", record_.worker_id}, {"registration", reason}});
    drop_everything();
}

void Worker::drop_everything() noexcept {
    if (!crew_) {
        return;  // it was never registered
    }
    try {
        retired_attempts_ = true;
        give_back(queue_.take_back());
        attempts_.close();
        const base::BootTime limit = clock_.boot_now() + kEndLimit;
        for (;;) {
            const WakeUp::Ticket ticket = wake_up_.ticket();
            wake_up_.nudge_at(0);
            const auto left = std::chrono::ceil<Millis>(limit - clock_.boot_now());
            if (wake_up_.held() == 0 || left <= Millis{0}) {
                break;
            }
            wake_up_.wait(ticket, left);
        }
        runner_.kill_leftovers();
        store_.registration().deregister(record_.worker_id);
    } catch (const std::exception& error) {
        // The worker ends for another reason, which is told; this one explains what it left behind.
        log_.warn("the worker could not tidy up, others will", {{"error", error.what()}});
    }
}

}  // namespace fleet::worker
