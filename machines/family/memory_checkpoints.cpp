#include <map>

#include "machines/family/checkpoints.hpp"

namespace fleet::family {
namespace {

class MemoryCheckpoints final : public CheckpointStorage {
  public:
    void write(const std::string& key, const engine::MachineSnapshot& snapshot) override {
        snapshots_.insert_or_assign(key, snapshot);
        latest_.insert_or_assign(snapshot.execution_id, key);
    }

    std::optional<engine::MachineSnapshot> read(const std::string& key) override {
        const auto found = snapshots_.find(key);
        return found == snapshots_.end() ? std::nullopt : std::optional(found->second);
    }

    std::optional<std::string> latest_key(const std::string& execution_id) override {
        const auto found = latest_.find(execution_id);
        return found == latest_.end() ? std::nullopt : std::optional(found->second);
    }

    std::vector<std::string> executions() override {
        std::vector<std::string> ids;
        for (const auto& [id, key] : latest_) {
            ids.push_back(id);
        }
        return ids;
    }

    std::vector<std::string> keys(const std::string& execution_id) override {
        const std::string prefix = execution_id + "/";
        std::vector<std::string> found;
        for (auto at = snapshots_.lower_bound(prefix);
             at != snapshots_.end() && at->first.starts_with(prefix); ++at) {
            found.push_back(at->first);
        }
        return found;
    }

    void remove(const std::string& execution_id) override {
        for (const std::string& key : keys(execution_id)) {
            snapshots_.erase(key);
        }
        latest_.erase(execution_id);
    }

  private:
    std::map<std::string, engine::MachineSnapshot> snapshots_;
    std::map<std::string, std::string> latest_;
};

}  // namespace

std::unique_ptr<CheckpointStorage> memory_checkpoints() {
    return std::make_unique<MemoryCheckpoints>();
}

}  // namespace fleet::family
