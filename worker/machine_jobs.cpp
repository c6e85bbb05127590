// Claiming and ending the jobs that machines take out of a pool.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "common/base/errors.hpp"
#include "common/base/ids.hpp"
#include "worker/distributed_hooks.hpp"

namespace fleet::worker {

using calls::CallError;

std::optional<contracts::Claimed> MachineJobs::claim(const std::string& pool, const void* holder) {
    contracts::ClaimRequest request;
    request.worker_id = ports_.worker.worker_id;
    request.pool = pool;
    request.limit = 1;
    request.begin = 1;
    request.ttl = ports_.lease_ttl;
    const base::BootTime sent = ports_.clock.boot_now();
    contracts::ClaimAnswer answer = ports_.store.work().claim(request);
    if (answer.outcome == contracts::ClaimAnswer::Outcome::unknown_pool) {
        throw CallError("ValueError", "there is no pool `" + pool + "`");
    }
    if (answer.claimed.empty()) {
        return std::nullopt;
    }
    if (LeaseKeeper* const keeper = keeper_) {
        keeper->add(sent, answer.claimed);
    }
    contracts::Claimed& job = answer.claimed.front();
    const std::scoped_lock lock(mutex_);
    held_.insert_or_assign(job.lease.execution.text(), Held{job, holder, ports_.store.now()});
    return std::move(job);
}

void MachineJobs::end(const std::string& job, model::Next next) {
    Held held;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = held_.find(job);
        if (found == held_.end()) {
            throw CallError("LeaseLost", "the job " + job + " is not held by this run any more");
        }
        held = found->second;
    }
    model::StepCommit commit;
    commit.lease = held.claimed.lease;
    commit.commit_id = base::random_positive_int64();
    commit.attempt = held.claimed.attempt;
    model::Attempt record;
    record.number = held.claimed.attempt;
    record.worker_id = ports_.worker.worker_id;
    record.host = ports_.worker.host;
    record.started_at = held.since;
    record.finished_at = ports_.store.now();
    if (const auto* failed = std::get_if<model::NextFailed>(&next)) {
        record.error = failed->error;
    }
    commit.attempt_record = std::move(record);
    commit.next = std::move(next);
    const std::vector<model::CommitResult> results =
        ports_.store.commit(std::span<const model::StepCommit>(&commit, 1));
    {
        const std::scoped_lock lock(mutex_);
        held_.erase(job);
    }
    let_go(held.claimed.lease);
    const model::CommitResult result = results.front();
    if (result != model::CommitResult::applied && result != model::CommitResult::already_applied) {
        throw CallError("LeaseLost", "the job " + job + " could not be ended: " +
                                         std::string(model::to_text(result)));
    }
}

void MachineJobs::give_back(const void* holder) {
    std::vector<model::Lease> leases;
    {
        const std::scoped_lock lock(mutex_);
        for (auto job = held_.begin(); job != held_.end();) {
            if (job->second.holder == holder) {
                leases.push_back(job->second.claimed.lease);
                job = held_.erase(job);
            } else {
                ++job;
            }
        }
    }
    if (leases.empty()) {
        return;
    }
    for (const model::Lease& lease : leases) {
        let_go(lease);
    }
    [[maybe_unused]] const auto lost = ports_.store.work().release(leases);
}

void MachineJobs::let_go(const model::Lease& lease) {
    if (LeaseKeeper* const keeper = keeper_) {
        const std::array<LeaseId, 1> ended{LeaseId(lease)};
        keeper->remove(ended);
    }
}

}  // namespace fleet::worker
