// The backlog in SQLite. See contracts/work.hpp for every promise.
#pragma once

#include "common/contracts/work.hpp"
#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

class SqliteWork final : public contracts::WorkBackend {
  public:
    explicit SqliteWork(Database& database) : database_(database) {}

    std::int64_t put_spec(const model::WorkSpec& spec) override;
    std::optional<model::WorkSpec> spec(std::int64_t number) override;

    bool create_batch(const model::NewBatch& batch) override;
    bool seal_batch(const std::string& name) override;
    std::optional<model::Batch> batch(const std::string& name) override;
    std::vector<model::Batch> batches(std::size_t limit) override;
    bool set_batch_options(const std::string& name, const base::JsonText& options) override;

    contracts::PushResult push(const contracts::PushRequest& request) override;
    contracts::ClaimAnswer claim(const contracts::ClaimRequest& request) override;
    std::vector<model::Lease> begin(std::span<const model::Lease> leases) override;
    contracts::RenewAnswer renew(const std::string& worker_id, std::span<const model::Lease> leases,
                                 base::Millis ttl) override;
    std::vector<model::Lease> release(std::span<const model::Lease> leases) override;
    std::vector<model::ExecutionId> release_by_worker(const std::string& worker_id,
                                                      contracts::ReleaseReason reason) override;

    contracts::BulkResult requeue(const contracts::BulkSelection& selection) override;
    contracts::BulkResult cancel(const contracts::BulkSelection& selection) override;

    std::optional<model::PoolPressure> pressure(const std::string& pool,
                                                const std::string& batch) override;
    std::optional<model::Execution> get(const model::ExecutionId& id) override;
    contracts::ExecutionPage find(const contracts::ExecutionFilter& filter) override;
    base::JsonText resume_point(const model::ExecutionId& id) override;
    std::vector<model::Attempt> attempts(const model::ExecutionId& id) override;
    std::vector<model::ChildState> children(const model::ExecutionId& parent, std::int64_t step,
                                            std::int64_t after_ordinal, std::size_t limit) override;
    model::Tree tree(const model::ExecutionId& top, std::size_t limit) override;
    std::vector<contracts::ErrorGroup> errors(const std::string& batch, std::size_t limit) override;

  private:
    Database& database_;
    base::UuidGenerator ids_;  ///< used inside write operations only, which run one at a time
};

/// Marks the attempts as begun; returns what is not owned any more.
[[nodiscard]] std::vector<model::Lease> begin_attempts(WriteTransaction& transaction,
                                                       std::span<const model::Lease> leases);

}  // namespace fleet::store::sqlite
