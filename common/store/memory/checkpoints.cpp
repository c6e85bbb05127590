#include <memory>

#include "common/model/cloned_snapshot.hpp"
#include "common/store/memory/backends.hpp"

namespace fleet::store::memory {
namespace {

class Checkpoints final : public contracts::PersistenceBackend {
  public:
    explicit Checkpoints(State& state) : state_(state) {}

    void save(const model::Snapshot& snapshot) override {
        const Transaction transaction(state_, Access::write);
        save_checkpoint(state_, snapshot);
    }

    std::optional<model::Snapshot> load(const std::string& key) override {
        const Transaction transaction(state_, Access::read);
        const auto found = state_.checkpoints.find(key);
        return found == state_.checkpoints.end() ? std::nullopt : std::optional(found->second);
    }

    std::optional<model::Snapshot> load_latest(const std::string& execution_id) override {
        const Transaction transaction(state_, Access::read);
        return latest(execution_id);
    }

    std::vector<std::string> list(const std::string& prefix, std::size_t limit) override {
        const Transaction transaction(state_, Access::read);
        std::vector<std::string> keys;
        for (auto entry = state_.checkpoints.lower_bound(prefix);
             entry != state_.checkpoints.end() && entry->first.starts_with(prefix) &&
             keys.size() < limit;
             ++entry) {
            keys.push_back(entry->first);
        }
        return keys;
    }

    std::vector<std::string> list_executions(const contracts::CheckpointFilter& filter) override {
        const Transaction transaction(state_, Access::read);
        std::vector<std::string> executions;
        for (const auto& [execution, key] : state_.latest_checkpoints) {
            const model::Snapshot& snapshot = state_.checkpoints.at(key);
            if (executions.size() < filter.limit &&
                (filter.event.empty() || snapshot.event == filter.event) &&
                (filter.waiting_channel.empty() ||
                 snapshot.waiting_channel == filter.waiting_channel)) {
                executions.push_back(execution);
            }
        }
        return executions;
    }

    std::size_t delete_execution(const std::string& execution_id) override {
        const Transaction transaction(state_, Access::write);
        return delete_checkpoints(state_, execution_id);
    }

    bool clone(const std::string& from, const std::string& to) override {
        const Transaction transaction(state_, Access::write);
        std::optional<model::Snapshot> snapshot = latest(from);
        if (!snapshot) {
            return false;
        }
        snapshot->execution_id = to;
        snapshot->json = model::cloned_snapshot(snapshot->json, from, to);
        save_checkpoint(state_, *snapshot);
        return true;
    }

    void put_config(const model::StoredConfig& config) override {
        const Transaction transaction(state_, Access::write);
        const auto [stored, made] = state_.configs.try_emplace(config.hash, config);
        if (made) {
            stored->second.created_at = transaction.now();
        }
    }

    std::optional<model::StoredConfig> config(const std::string& hash) override {
        const Transaction transaction(state_, Access::read);
        const auto found = state_.configs.find(hash);
        return found == state_.configs.end() ? std::nullopt : std::optional(found->second);
    }

  private:
    std::optional<model::Snapshot> latest(const std::string& execution_id) const {
        const auto key = state_.latest_checkpoints.find(execution_id);
        return key == state_.latest_checkpoints.end()
                   ? std::nullopt
                   : std::optional(state_.checkpoints.at(key->second));
    }

    State& state_;
};

}  // namespace

void save_checkpoint(State& state, const model::Snapshot& snapshot) {
    state.checkpoints.insert_or_assign(snapshot.key(), snapshot);
    state.latest_checkpoints.insert_or_assign(snapshot.execution_id, snapshot.key());
}

std::size_t delete_checkpoints(State& state, const std::string& execution_id) {
    state.latest_checkpoints.erase(execution_id);
    return std::erase_if(state.checkpoints, [&execution_id](const auto& entry) {
        return entry.second.execution_id == execution_id;
    });
}

std::unique_ptr<contracts::PersistenceBackend> make_checkpoints(State& state) {
    return std::make_unique<Checkpoints>(state);
}

}  // namespace fleet::store::memory
