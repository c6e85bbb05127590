#include "worker/host_watch.hpp"

#include <algorithm>
#include <vector>

#include "common/process/identity.hpp"

namespace fleet::worker {

using model::WorkerStatus;

HostWatch::HostWatch(contracts::Store& store, const base::Clock& clock,
                     const model::WorkerRecord& self)
    : store_(store), clock_(clock), self_(self) {}

bool HostWatch::looks_after_us(const model::WorkerRecord& scaler) const {
    // The scaler of another batch leaves this worker alone; a service's takes it in.
    return scaler.batch.empty() || scaler.batch == self_.batch;
}

bool HostWatch::is_at_work(const model::WorkerRecord& scaler) const {
    const bool may_be =
        scaler.status == WorkerStatus::active || scaler.status == WorkerStatus::terminating;
    const bool proven_dead = scaler.process.same_box(self_.process) &&
                             process::liveness(scaler.process) == process::Liveness::gone;
    return may_be && !scaler.stale && !proven_dead;
}

bool HostWatch::batch_is_over() const {
    if (self_.batch.empty()) {
        return false;
    }
    const auto batch = store_.work().batch(self_.batch);
    return !batch || batch->is_over();
}

std::optional<std::string> HostWatch::reason_to_leave() {
    if (self_.seat == 0) {
        return std::nullopt;
    }
    contracts::WorkerFilter filter;
    filter.kind = model::WorkerKind::host;
    filter.host = self_.host;
    filter.statuses = {WorkerStatus::active, WorkerStatus::terminating};
    std::vector<model::WorkerRecord> scalers = store_.registration().list(filter);
    if (std::any_of(scalers.begin(), scalers.end(), [this](const model::WorkerRecord& one) {
            return looks_after_us(one) && is_at_work(one);
        })) {
        lonely_since_.reset();
        return std::nullopt;
    }
    if (batch_is_over()) {
        return "batch " + self_.batch + " is over and its scaler is gone";
    }
    filter.statuses.clear();
    scalers = store_.registration().list(filter);
    std::erase_if(scalers, [this](const model::WorkerRecord& one) { return !looks_after_us(one); });
    if (scalers.empty() || scalers.back().status == WorkerStatus::terminated) {
        lonely_since_.reset();
        return std::nullopt;
    }
    const base::BootTime now = clock_.boot_now();
    const base::Millis patience = scalers.back().ttl * 2;
    if (now - lonely_since_.value_or(now) >= patience) {
        return "its scaler is gone, and no other has come for " + base::human_duration(patience);
    }
    lonely_since_ = lonely_since_.value_or(now);
    return std::nullopt;
}

}  // namespace fleet::worker
