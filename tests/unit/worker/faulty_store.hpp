// A store in front of another one, in which a test can make calls fail, lose answers and look on.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "common/contracts/store.hpp"

namespace fleet::worker_test {

/// What to do around a call. Set before the worker starts; called by its threads, so they lock.
struct Faults {
    /// May throw: the call does not reach the store.
    std::function<void(std::span<const model::StepCommit>)> before_commit;
    /// May throw: the commit has happened, its answer is lost.
    std::function<void(std::span<const model::StepCommit>)> after_commit;
    std::function<void()> before_renew;
    std::function<void()> before_claim;
    /// May take some of the answer for itself.
    std::function<void(contracts::ClaimAnswer&)> after_claim;
    std::function<void(std::span<const model::Lease>)> before_release;
};

class FaultyWork final : public contracts::WorkBackend {
  public:
    FaultyWork(contracts::WorkBackend& real, const Faults& faults) : real_(real), faults_(faults) {}

    std::int64_t put_spec(const model::WorkSpec& spec) override { return real_.put_spec(spec); }
    std::optional<model::WorkSpec> spec(std::int64_t number) override { return real_.spec(number); }
    bool create_batch(const model::NewBatch& batch) override { return real_.create_batch(batch); }
    bool seal_batch(const std::string& name) override { return real_.seal_batch(name); }
    std::optional<model::Batch> batch(const std::string& name) override {
        return real_.batch(name);
    }
    std::vector<model::Batch> batches(std::size_t limit) override { return real_.batches(limit); }
    bool set_batch_options(const std::string& name, const base::JsonText& options) override {
        return real_.set_batch_options(name, options);
    }
    contracts::PushResult push(const contracts::PushRequest& request) override {
        return real_.push(request);
    }
    contracts::ClaimAnswer claim(const contracts::ClaimRequest& request) override {
        if (faults_.before_claim) {
            faults_.before_claim();
        }
        auto answer = real_.claim(request);
        if (faults_.after_claim) {
            faults_.after_claim(answer);
        }
        return answer;
    }
    std::vector<model::Lease> begin(std::span<const model::Lease> leases) override {
        return real_.begin(leases);
    }
    contracts::RenewAnswer renew(const std::string& worker_id, std::span<const model::Lease> leases,
                                 base::Millis ttl) override {
        if (faults_.before_renew) {
            faults_.before_renew();
        }
        return real_.renew(worker_id, leases, ttl);
    }
    std::vector<model::Lease> release(std::span<const model::Lease> leases) override {
        if (faults_.before_release) {
            faults_.before_release(leases);
        }
        return real_.release(leases);
    }
    std::vector<model::ExecutionId> release_by_worker(const std::string& worker_id,
                                                      contracts::ReleaseReason reason) override {
        return real_.release_by_worker(worker_id, reason);
    }
    contracts::BulkResult requeue(const contracts::BulkSelection& selection) override {
        return real_.requeue(selection);
    }
    contracts::BulkResult cancel(const contracts::BulkSelection& selection) override {
        return real_.cancel(selection);
    }
    std::optional<model::PoolPressure> pressure(const std::string& pool,
                                                const std::string& batch) override {
        return real_.pressure(pool, batch);
    }
    std::optional<model::Execution> get(const model::ExecutionId& id) override {
        return real_.get(id);
    }
    contracts::ExecutionPage find(const contracts::ExecutionFilter& filter) override {
        return real_.find(filter);
    }
    std::vector<model::Attempt> attempts(const model::ExecutionId& id) override {
        return real_.attempts(id);
    }
    std::vector<model::ChildState> children(const model::ExecutionId& parent, std::int64_t step,
                                            std::int64_t after_ordinal,
                                            std::size_t limit) override {
        return real_.children(parent, step, after_ordinal, limit);
    }
    base::JsonText resume_point(const model::ExecutionId& id) override {
        return real_.resume_point(id);
    }
    model::Tree tree(const model::ExecutionId& top, std::size_t limit) override {
        return real_.tree(top, limit);
    }
    std::vector<contracts::ErrorGroup> errors(const std::string& batch,
                                              std::size_t limit) override {
        return real_.errors(batch, limit);
    }

  private:
    contracts::WorkBackend& real_;
    const Faults& faults_;
};

class FaultyStore final : public contracts::Store {
  public:
    explicit FaultyStore(std::unique_ptr<contracts::Store> real)
        : real_(std::move(real)), work_(real_->work(), faults) {}

    Faults faults;

    std::vector<model::CommitResult> commit(std::span<const model::StepCommit> commits) override {
        if (faults.before_commit) {
            faults.before_commit(commits);
        }
        auto results = real_->commit(commits);
        if (faults.after_commit) {
            faults.after_commit(commits);
        }
        return results;
    }
    base::StoreTime now() override { return real_->now(); }
    std::uint64_t change_counter() override { return real_->change_counter(); }
    const base::StoreUrl& url() const override { return real_->url(); }
    std::filesystem::path data_folder() const override { return real_->data_folder(); }
    contracts::WorkBackend& work() override { return work_; }
    contracts::RegistrationBackend& registration() override { return real_->registration(); }
    contracts::ExecutionLock& locks() override { return real_->locks(); }
    contracts::PersistenceBackend& checkpoints() override { return real_->checkpoints(); }
    contracts::ResultBackend& results() override { return real_->results(); }
    contracts::SignalBackend& signals() override { return real_->signals(); }
    contracts::TriggerBackend& triggers() override { return real_->triggers(); }
    contracts::UsageBackend& usage() override { return real_->usage(); }
    contracts::ScalingBackend& scaling() override { return real_->scaling(); }
    std::vector<contracts::CheckFinding> check() override { return real_->check(); }
    contracts::PruneResult prune(const contracts::PruneRequest& request) override {
        return real_->prune(request);
    }
    void backup(const std::filesystem::path& file) override { real_->backup(file); }

  private:
    std::unique_ptr<contracts::Store> real_;
    FaultyWork work_;
};

}  // namespace fleet::worker_test
