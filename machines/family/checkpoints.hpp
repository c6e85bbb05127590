// Checkpoints as the FlatMachines family keeps them: in memory, as files of a folder
// (`.checkpoints` of the Python SDK) or in a SQLite file. What this writes the SDK lists, loads and
// resumes, and the other way round. For import and export; executions of a fleet are kept by their
// store.
//
// Keys read "<execution id>/step_000041_state_exit.json".
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "machines/engine/snapshot.hpp"

namespace fleet::family {

[[nodiscard]] std::string checkpoint_key(const engine::MachineSnapshot& snapshot);

/// Where checkpoints are kept. Called by one thread at a time. Throws StoreError.
class CheckpointStorage {
  public:
    CheckpointStorage() = default;
    CheckpointStorage(const CheckpointStorage&) = delete;
    CheckpointStorage& operator=(const CheckpointStorage&) = delete;
    virtual ~CheckpointStorage() = default;

    /// Keeps the checkpoint under the key, replacing what was there, and makes it the latest of its
    /// execution. A crash leaves the latest one before or after, never half of one.
    virtual void write(const std::string& key, const engine::MachineSnapshot& snapshot) = 0;
    [[nodiscard]] virtual std::optional<engine::MachineSnapshot> read(const std::string& key) = 0;
    [[nodiscard]] virtual std::optional<std::string> latest_key(
        const std::string& execution_id) = 0;
    /// Sorted.
    [[nodiscard]] virtual std::vector<std::string> executions() = 0;
    /// Of one execution, sorted.
    [[nodiscard]] virtual std::vector<std::string> keys(const std::string& execution_id) = 0;
    virtual void remove(const std::string& execution_id) = 0;
};

/// Nothing outlives the object; numbers that JSON cannot hold are kept.
[[nodiscard]] std::unique_ptr<CheckpointStorage> memory_checkpoints();
/// A folder for each execution, in it a file for each checkpoint and one named `latest`. Made on
/// the first write.
[[nodiscard]] std::unique_ptr<CheckpointStorage> folder_checkpoints(std::filesystem::path folder);
/// The tables machine_checkpoints and machine_latest. The file is made when there is none; a
/// fleet's own store may be opened too, but its executions do not change by what is written here.
[[nodiscard]] std::unique_ptr<CheckpointStorage> sqlite_checkpoints(
    const std::filesystem::path& file);

/// By the latest checkpoint of each execution.
struct CheckpointFilter {
    std::optional<engine::Event> event;
    std::optional<std::string> waiting_channel;
};

/// Thread-safe.
class FamilyCheckpoints {
  public:
    explicit FamilyCheckpoints(std::unique_ptr<CheckpointStorage> storage);

    /// Fills an absent `created_at`. Throws ConfigError for an id that cannot be part of a key,
    /// EvaluationError for a context that JSON cannot hold (not in memory).
    void save(engine::MachineSnapshot snapshot);
    /// nullopt: there is none. Throws ProtocolError for what is no snapshot.
    [[nodiscard]] std::optional<engine::MachineSnapshot> load(const std::string& key);
    [[nodiscard]] std::optional<engine::MachineSnapshot> latest(const std::string& execution_id);
    /// Ids, sorted.
    [[nodiscard]] std::vector<std::string> list(const CheckpointFilter& filter = {});
    [[nodiscard]] std::vector<std::string> keys(const std::string& execution_id);
    /// The latest checkpoint under another id, with the old execution as parent and without
    /// launches. nullopt: there is no such execution.
    [[nodiscard]] std::optional<engine::MachineSnapshot> clone(const std::string& from,
                                                               const std::string& to);
    void remove(const std::string& execution_id);

  private:
    void write(engine::MachineSnapshot& snapshot);
    [[nodiscard]] std::optional<engine::MachineSnapshot> read_latest(
        const std::string& execution_id);

    std::mutex mutex_;
    const std::unique_ptr<CheckpointStorage> storage_;  ///< guarded by mutex_
};

}  // namespace fleet::family
