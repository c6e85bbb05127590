#include <algorithm>
#include <memory>

#include "common/base/errors.hpp"
#include "common/store/memory/backends.hpp"
#include "common/store/memory/children.hpp"
#include "common/store/memory/executions.hpp"

namespace fleet::store::memory {
namespace {

constexpr std::size_t kMaxBatchName = 100;

class Work final : public contracts::WorkBackend {
  public:
    explicit Work(State& state) : state_(state) {}

    std::int64_t put_spec(const model::WorkSpec& spec) override;
    std::optional<model::WorkSpec> spec(std::int64_t number) override;
    bool create_batch(const model::NewBatch& batch) override;
    bool seal_batch(const std::string& name) override;
    std::optional<model::Batch> batch(const std::string& name) override;
    std::vector<model::Batch> batches(std::size_t limit) override;
    bool set_batch_options(const std::string& name, const base::JsonText& options) override;
    contracts::PushResult push(const contracts::PushRequest& request) override {
        Transaction transaction(state_, Access::write);
        return memory::push(transaction, request);
    }
    contracts::ClaimAnswer claim(const contracts::ClaimRequest& request) override {
        Transaction transaction(state_, Access::write);
        return memory::claim(transaction, request);
    }
    std::vector<model::Lease> begin(std::span<const model::Lease> leases) override;
    contracts::RenewAnswer renew(const std::string& worker_id, std::span<const model::Lease> leases,
                                 base::Millis ttl) override {
        Transaction transaction(state_, Access::write);
        return memory::renew(transaction, worker_id, leases, ttl);
    }
    std::vector<model::Lease> release(std::span<const model::Lease> leases) override;
    std::vector<model::ExecutionId> release_by_worker(const std::string& worker_id,
                                                      contracts::ReleaseReason reason) override;
    contracts::BulkResult requeue(const contracts::BulkSelection& selection) override {
        Transaction transaction(state_, Access::write);
        return memory::requeue(transaction, selection);
    }
    contracts::BulkResult cancel(const contracts::BulkSelection& selection) override {
        Transaction transaction(state_, Access::write);
        return memory::cancel(transaction, selection);
    }
    std::optional<model::PoolPressure> pressure(const std::string& pool,
                                                const std::string& batch) override {
        Transaction transaction(state_, Access::read);
        if (!state_.pools.contains(pool)) {
            return std::nullopt;
        }
        return pressure_of(transaction, pool, batch);
    }
    std::optional<model::Execution> get(const model::ExecutionId& id) override {
        Transaction transaction(state_, Access::read);
        const Row* row = find_row(state_, id);
        return row == nullptr ? std::nullopt : std::optional(execution_of(transaction, *row, true));
    }
    contracts::ExecutionPage find(const contracts::ExecutionFilter& filter) override {
        Transaction transaction(state_, Access::read);
        return memory::find(transaction, filter);
    }
    base::JsonText resume_point(const model::ExecutionId& id) override {
        const Transaction transaction(state_, Access::read);
        const Row* row = find_row(state_, id);
        return row == nullptr ? base::JsonText() : row->snapshot;
    }
    std::vector<model::Attempt> attempts(const model::ExecutionId& id) override {
        const Transaction transaction(state_, Access::read);
        const Row* row = find_row(state_, id);
        return row == nullptr ? std::vector<model::Attempt>() : row->attempts;
    }
    std::vector<model::ChildState> children(const model::ExecutionId& parent, std::int64_t step,
                                            std::int64_t after_ordinal,
                                            std::size_t limit) override {
        const Transaction transaction(state_, Access::read);
        return children_of(state_, parent, step, after_ordinal, limit);
    }
    model::Tree tree(const model::ExecutionId& top, std::size_t limit) override {
        const Transaction transaction(state_, Access::read);
        return tree_of(state_, top, limit);
    }
    std::vector<contracts::ErrorGroup> errors(const std::string& batch,
                                              std::size_t limit) override {
        Transaction transaction(state_, Access::read);
        return group_errors(transaction, batch, limit);
    }

  private:
    State& state_;
};

model::Batch with_counts(const State& state, const BatchRow& row) {
    model::Batch batch = row.batch;
    batch.counts = status_counts(row.counts);
    if (batch.private_lane) {
        const auto live = [](const model::StatusCounts& counts) {
            return counts.total() - counts.terminal();
        };
        batch.children_open = -live(batch.counts);
        for (const Lane& lane : state.lanes) {
            batch.children_open += lane.batch == batch.name ? live(status_counts(lane.counts)) : 0;
        }
    }
    return batch;
}

std::int64_t Work::put_spec(const model::WorkSpec& spec) {
    const Transaction transaction(state_, Access::write);
    const auto [known, made] = state_.spec_numbers.try_emplace(
        model::to_json_text(spec), static_cast<std::int64_t>(state_.specs.size()) + 1);
    if (made) {
        state_.specs.push_back(spec);
    }
    return known->second;
}

std::optional<model::WorkSpec> Work::spec(std::int64_t number) {
    const Transaction transaction(state_, Access::read);
    if (number < 1 || number > static_cast<std::int64_t>(state_.specs.size())) {
        return std::nullopt;
    }
    return state_.specs[static_cast<std::size_t>(number - 1)];
}

bool Work::create_batch(const model::NewBatch& batch) {
    check_name("creating a batch", batch.name, kMaxBatchName);
    const Transaction transaction(state_, Access::write);
    if (!state_.pools.contains(batch.pool)) {
        refuse_call("creating batch " + batch.name + ": there is no pool " + batch.pool);
    }
    const auto [row, made] = state_.batches.try_emplace(batch.name);
    if (!made) {
        return false;
    }
    row->second.number = static_cast<std::int64_t>(state_.batches.size());
    model::Batch& stored = row->second.batch;
    stored.name = batch.name;
    stored.pool = batch.pool;
    stored.id_seed = batch.id_seed;
    stored.private_lane = batch.private_lane;
    stored.spec = batch.spec;
    stored.options = batch.options;
    stored.created_at = transaction.now();
    return true;
}

bool Work::seal_batch(const std::string& name) {
    Transaction transaction(state_, Access::write);
    const auto row = state_.batches.find(name);
    if (row == state_.batches.end()) {
        return false;
    }
    model::Batch& batch = row->second.batch;
    if (batch.state == model::BatchState::loading) {
        batch.state = model::BatchState::sealed;
        const model::StatusCounts counts = status_counts(row->second.counts);
        if (counts.terminal() == counts.total()) {
            batch.finished_at = transaction.now();
        }
        transaction.notify(contracts::batch_topic(name));
        transaction.notify(contracts::scaler_topic());
    }
    return true;
}

std::optional<model::Batch> Work::batch(const std::string& name) {
    const Transaction transaction(state_, Access::read);
    const auto row = state_.batches.find(name);
    return row == state_.batches.end() ? std::nullopt
                                       : std::optional(with_counts(state_, row->second));
}

std::vector<model::Batch> Work::batches(std::size_t limit) {
    const Transaction transaction(state_, Access::read);
    std::vector<const BatchRow*> rows;
    for (const auto& [name, row] : state_.batches) {
        rows.push_back(&row);
    }
    std::sort(rows.begin(), rows.end(), [](const BatchRow* left, const BatchRow* right) {
        return left->number > right->number;
    });
    rows.resize(std::min(rows.size(), limit));
    std::vector<model::Batch> batches;
    for (const BatchRow* row : rows) {
        batches.push_back(with_counts(state_, *row));
    }
    return batches;
}

bool Work::set_batch_options(const std::string& name, const base::JsonText& options) {
    const Transaction transaction(state_, Access::write);
    const auto row = state_.batches.find(name);
    if (row == state_.batches.end()) {
        return false;
    }
    row->second.batch.options = options;
    return true;
}

std::vector<model::Lease> Work::begin(std::span<const model::Lease> leases) {
    Transaction transaction(state_, Access::write);
    std::vector<model::Lease> lost;
    for (const model::Lease& lease : leases) {
        Row* row = find_row(state_, lease.execution);
        if (row == nullptr || !is_owned_by(*row, lease)) {
            lost.push_back(lease);
        } else {
            begin_attempt(transaction, *row);
        }
    }
    return lost;
}

std::vector<model::Lease> Work::release(std::span<const model::Lease> leases) {
    Transaction transaction(state_, Access::write);
    std::vector<model::Lease> lost;
    for (const model::Lease& lease : leases) {
        Row* row = find_row(state_, lease.execution);
        if (row == nullptr || !is_owned_by(*row, lease)) {
            lost.push_back(lease);
        } else {
            hand_back(transaction, *row, contracts::ReleaseReason::retirement);
        }
    }
    return lost;
}

std::vector<model::ExecutionId> Work::release_by_worker(const std::string& worker_id,
                                                        contracts::ReleaseReason reason) {
    Transaction transaction(state_, Access::write);
    const auto worker = state_.workers.find(worker_id);
    if (worker == state_.workers.end()) {
        return {};
    }
    if (reason == contracts::ReleaseReason::lease_expired) {
        transaction.tick();
        if (!transaction.is_over(worker->second.lease_until, worker->second.lease_ttl)) {
            return {};
        }
    }
    const std::set<std::int64_t> owned = worker->second.owned;
    std::vector<model::ExecutionId> released;
    for (const std::int64_t sequence : owned) {
        Row& row = state_.rows.at(sequence);
        released.push_back(row.id);
        hand_back(transaction, row, reason);
    }
    return released;
}

}  // namespace

std::unique_ptr<contracts::WorkBackend> make_work(State& state) {
    return std::make_unique<Work>(state);
}

}  // namespace fleet::store::memory
