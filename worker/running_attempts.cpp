#include "worker/running_attempts.hpp"

#include <algorithm>

namespace fleet::worker {

std::stop_token RunningAttempts::start(std::size_t slot, const model::Lease& lease) {
    const std::scoped_lock lock(mutex_);
    Running& running = slots_.at(slot).emplace(Running{lease, std::stop_source{}});
    if (closed_) {
        running.stop.request_stop();  // nobody listens yet, so no callback runs under the lock
    }
    return running.stop.get_token();
}

void RunningAttempts::end(std::size_t slot) {
    const std::scoped_lock lock(mutex_);
    slots_.at(slot).reset();
}

std::vector<model::ExecutionId> RunningAttempts::abort(std::span<const model::Lease> leases) {
    std::vector<std::stop_source> sources;
    std::vector<model::ExecutionId> aborted;
    {
        const std::scoped_lock lock(mutex_);
        for (const auto& slot : slots_) {
            const auto is_this = [&slot](const model::Lease& lease) {
                return lease.execution == slot->lease.execution && lease.token == slot->lease.token;
            };
            if (slot && std::any_of(leases.begin(), leases.end(), is_this)) {
                sources.push_back(slot->stop);
                aborted.push_back(slot->lease.execution);
            }
        }
    }
    for (std::stop_source& source : sources) {
        source.request_stop();
    }
    return aborted;
}

std::size_t RunningAttempts::abort_all() {
    std::vector<std::stop_source> sources;
    {
        const std::scoped_lock lock(mutex_);
        for (const auto& slot : slots_) {
            if (slot) {
                sources.push_back(slot->stop);
            }
        }
    }
    for (std::stop_source& source : sources) {
        source.request_stop();
    }
    return sources.size();
}

std::size_t RunningAttempts::close() {
    {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
    }
    return abort_all();
}

std::vector<model::ExecutionId> RunningAttempts::executions() const {
    const std::scoped_lock lock(mutex_);
    std::vector<model::ExecutionId> ids;
    for (const auto& slot : slots_) {
        if (slot) {
            ids.push_back(slot->lease.execution);
        }
    }
    return ids;
}

}  // namespace fleet::worker
