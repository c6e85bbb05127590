// Checkpoints in the FlatMachines family's tables machine_checkpoints and machine_latest.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/contracts/persistence.hpp"
#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

class SqliteCheckpoints final : public contracts::PersistenceBackend {
  public:
    explicit SqliteCheckpoints(Database& database) : database_(database) {}

    void save(const model::Snapshot& snapshot) override;
    std::optional<model::Snapshot> load(const std::string& key) override;
    std::optional<model::Snapshot> load_latest(const std::string& execution_id) override;
    std::vector<std::string> list(const std::string& prefix, std::size_t limit) override;
    std::vector<std::string> list_executions(const contracts::CheckpointFilter& filter) override;
    std::size_t delete_execution(const std::string& execution_id) override;
    bool clone(const std::string& from, const std::string& to) override;
    void put_config(const model::StoredConfig& config) override;
    std::optional<model::StoredConfig> config(const std::string& hash) override;

  private:
    Database& database_;
};

/// Stores under snapshot.key() and moves the latest pointer.
void save_snapshot(WriteTransaction& transaction, const model::Snapshot& snapshot);
/// The same for several of one execution, in their order; the pointer moves once, to the last.
/// `last` may be nullptr.
void save_snapshots(WriteTransaction& transaction, const std::vector<model::Snapshot>& history,
                    const model::Snapshot* last);
/// Removes all checkpoints of the execution; returns how many.
std::int64_t delete_snapshots(WriteTransaction& transaction, const std::string& execution_id);

}  // namespace fleet::store::sqlite
