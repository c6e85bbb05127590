#include "common/store/memory/memory_store.hpp"

#include <algorithm>
#include <cctype>

#include "common/base/errors.hpp"
#include "common/store/memory/backends.hpp"

namespace fleet::store::memory {
namespace {

class MemoryStore final : public contracts::Store {
  public:
    MemoryStore(base::StoreUrl url, const base::Clock& clock)
        : url_(std::move(url)), triggers_(make_triggers()), state_(clock, *triggers_) {}

    std::vector<model::CommitResult> commit(std::span<const model::StepCommit> commits) override {
        Transaction transaction(state_, Access::write);
        std::vector<model::CommitResult> results;
        results.reserve(commits.size());
        for (const model::StepCommit& one : commits) {
            results.push_back(apply_commit(transaction, one));
        }
        return results;
    }
    base::StoreTime now() override { return state_.now(); }
    std::uint64_t change_counter() override {
        const Transaction transaction(state_, Access::read);
        return state_.changes;
    }
    const base::StoreUrl& url() const override { return url_; }
    std::filesystem::path data_folder() const override { return {}; }

    contracts::WorkBackend& work() override { return *work_; }
    contracts::RegistrationBackend& registration() override { return *registration_; }
    contracts::ExecutionLock& locks() override { return *locks_; }
    contracts::PersistenceBackend& checkpoints() override { return *checkpoints_; }
    contracts::ResultBackend& results() override { return *results_; }
    contracts::SignalBackend& signals() override { return *signals_; }
    contracts::TriggerBackend& triggers() override { return *triggers_; }
    contracts::UsageBackend& usage() override { return *usage_; }
    contracts::ScalingBackend& scaling() override { return *scaling_; }

    std::vector<contracts::CheckFinding> check() override {
        Transaction transaction(state_, Access::read);
        return memory::check(transaction);
    }
    contracts::PruneResult prune(const contracts::PruneRequest& request) override {
        Transaction transaction(state_, Access::write);
        return memory::prune(transaction, request);
    }
    void backup(const std::filesystem::path& file) override {
        Transaction transaction(state_, Access::read);
        memory::backup(transaction, file);
    }

  private:
    const base::StoreUrl url_;
    const std::unique_ptr<contracts::TriggerBackend> triggers_;
    State state_;
    const std::unique_ptr<contracts::WorkBackend> work_ = make_work(state_);
    const std::unique_ptr<contracts::RegistrationBackend> registration_ = make_registration(state_);
    const std::unique_ptr<contracts::ExecutionLock> locks_ = make_locks(state_);
    const std::unique_ptr<contracts::PersistenceBackend> checkpoints_ = make_checkpoints(state_);
    const std::unique_ptr<contracts::ResultBackend> results_ = make_results(state_);
    const std::unique_ptr<contracts::SignalBackend> signals_ = make_signals(state_);
    const std::unique_ptr<contracts::UsageBackend> usage_ = make_usage(state_);
    const std::unique_ptr<contracts::ScalingBackend> scaling_ = make_scaling(state_);
};

}  // namespace

void refuse_call(const std::string& what) {
    throw base::StoreError(base::StoreError::Kind::internal, what);
}

void check_name(std::string_view what, const std::string& name, std::size_t limit) {
    const bool fits = !name.empty() && name.size() <= limit &&
                      std::all_of(name.begin(), name.end(), [](char character) {
                          const auto byte = static_cast<unsigned char>(character);
                          return std::isalnum(byte) != 0 || character == '.' || character == '_' ||
                                 character == '-';
                      });
    if (!fits) {
        throw base::ConfigError(
            std::string(what) + ": \"" + name + "\" is not a name",
            "use 1 to " + std::to_string(limit) + " letters, digits, '.', '_' or '-'");
    }
}

std::unique_ptr<contracts::Store> make_memory_store(const base::StoreUrl& url,
                                                    const base::Clock& clock) {
    return std::make_unique<MemoryStore>(url, clock);
}

}  // namespace fleet::store::memory
