// Checkpoints in the FlatMachines layout (tables machine_checkpoints, machine_latest).
//
// Thread safety and errors as in work.hpp. Execution ids are text here, as the family allows any.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.hpp"
#include "common/model/snapshot.hpp"

namespace fleet::contracts {

struct CheckpointFilter {
    std::string event;            ///< empty: any; of the latest checkpoint
    std::string waiting_channel;  ///< empty: any; of the latest checkpoint
    std::size_t limit = 1'000;
};

class PersistenceBackend {
  public:
    PersistenceBackend() = default;
    PersistenceBackend(const PersistenceBackend&) = delete;
    PersistenceBackend& operator=(const PersistenceBackend&) = delete;
    virtual ~PersistenceBackend() = default;

    /// Stores under snapshot.key() (replacing that key) and moves the latest pointer, in one write.
    virtual void save(const model::Snapshot& snapshot) = 0;
    [[nodiscard]] virtual std::optional<model::Snapshot> load(const std::string& key) = 0;
    [[nodiscard]] virtual std::optional<model::Snapshot> load_latest(
        const std::string& execution_id) = 0;
    /// Keys with this prefix, ascending.
    [[nodiscard]] virtual std::vector<std::string> list(const std::string& prefix,
                                                        std::size_t limit) = 0;
    /// Execution ids whose latest checkpoint matches, ascending.
    [[nodiscard]] virtual std::vector<std::string> list_executions(
        const CheckpointFilter& filter) = 0;
    /// Removes all checkpoints of the execution; returns how many.
    virtual std::size_t delete_execution(const std::string& execution_id) = 0;
    /// The latest checkpoint of `from`, saved under a new execution id. The snapshot's JSON gets
    /// the new execution_id, parent_execution_id = from and pending_launches = null. False: no such
    /// one.
    virtual bool clone(const std::string& from, const std::string& to) = 0;

    /// Kept under its hash; idempotent, the first one stays (equal hashes mean equal content).
    virtual void put_config(const model::StoredConfig& config) = 0;
    /// nullopt: not stored.
    [[nodiscard]] virtual std::optional<model::StoredConfig> config(const std::string& hash) = 0;
};

}  // namespace fleet::contracts
