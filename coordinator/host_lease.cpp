#include "coordinator/host_lease.hpp"

#include <algorithm>
#include <utility>

#include "common/base/errors.hpp"
#include "common/process/identity.hpp"

namespace fleet::coordinator {
namespace {

/// What a fork or a signal may take after the check.
base::Millis margin_of(base::Millis ttl) {
    return std::min(std::max(base::Millis{1000}, ttl / 5), ttl * 2 / 5);
}

}  // namespace

HostLease::HostLease(contracts::Store& store, const base::Clock& clock, std::string host,
                     std::string owner, base::Millis ttl)
    : store_(store),
      clock_(clock),
      host_(std::move(host)),
      key_("host:" + host_),
      owner_(std::move(owner)),
      ttl_(ttl) {}

bool HostLease::break_if_dead(const std::string& holder) {
    contracts::WorkerFilter filter;
    filter.kind = model::WorkerKind::host;
    filter.host = host_;
    for (const model::WorkerRecord& record : store_.registration().list(filter)) {
        if (record.owner != holder) {
            continue;
        }
        // The record is of this host: another boot means that nothing of that time runs any more.
        const bool other_boot = record.process.boot_id != clock_.boot_id();
        if (!other_boot && process::liveness(record.process) != process::Liveness::gone) {
            return false;
        }
        store_.registration().mark_dead(record.worker_id, "its process is gone");
        return store_.locks().break_lease(key_, holder);
    }
    return false;
}

std::optional<HostLease::Holder> HostLease::acquire() {
    for (int attempt = 0; attempt < 2; ++attempt) {
        const base::BootTime before = clock_.boot_now();
        lease_ = store_.locks().acquire(key_, owner_, ttl_);
        if (lease_) {
            deadline_ = before + ttl_ - margin_of(ttl_);
            return std::nullopt;
        }
        const auto holder = store_.locks().get(key_);
        if (holder && !break_if_dead(holder->owner)) {
            Holder answer{holder->owner, false, holder->remaining};
            contracts::WorkerFilter filter;
            filter.kind = model::WorkerKind::host;
            filter.host = host_;
            for (const model::WorkerRecord& record : store_.registration().list(filter)) {
                answer.alive =
                    answer.alive || (record.owner == holder->owner &&
                                     process::liveness(record.process) == process::Liveness::alive);
            }
            return answer;
        }
    }
    return Holder{"another scaler that is starting", true, base::Millis{0}};
}

void HostLease::acquire_or_explain() {
    std::optional<Holder> holder = acquire();
    if (holder && !holder->alive) {
        // Of another container on this machine, or one that has not registered: only time can tell.
        const auto ticket = store_.triggers().ticket(key_);
        static_cast<void>(store_.triggers().wait(
            key_, ticket, holder->remaining + base::Millis{200}, std::stop_token()));
        holder = acquire();
    }
    if (holder) {
        throw base::ConfigError("starting a scaler for host " + host_ + ": it has one already, " +
                                    holder->owner + " (host:pid:run), for " +
                                    store_.url().text_without_secrets(),
                                "stop that one first, or name another host with --host-id");
    }
}

bool HostLease::renew() {
    if (!lease_) {
        return false;
    }
    const base::BootTime before = clock_.boot_now();
    if (!store_.locks().renew(*lease_, ttl_)) {
        lease_.reset();
        return false;
    }
    deadline_ = before + ttl_ - margin_of(ttl_);
    return true;
}

bool HostLease::held() const {
    return lease_ && clock_.boot_now() < deadline_;
}

void HostLease::require(const std::string& doing) const {
    if (!held()) {
        throw base::StoreError(base::StoreError::Kind::unavailable,
                               doing + ": this scaler's lease on " + key_ +
                                   " is not certain any more, so it does nothing");
    }
}

void HostLease::release() {
    if (lease_) {
        store_.locks().release(*lease_);
        lease_.reset();
    }
}

}  // namespace fleet::coordinator
