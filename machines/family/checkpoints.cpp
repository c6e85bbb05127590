#include "machines/family/checkpoints.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"

namespace fleet::family {
namespace {

/// An id is the first part of a key and, in a folder, the name of a file.
void check_id(const std::string& id) {
    const bool fits = !id.empty() && !id.starts_with('.') && id.find('/') == std::string::npos &&
                      id.find('\0') == std::string::npos && id.find("..") == std::string::npos;
    if (!fits) {
        throw base::ConfigError("`" + id + "` cannot be the id of an execution with checkpoints",
                                "an id has no `/` and no `..`, and does not begin with a dot");
    }
}

}  // namespace

std::string checkpoint_key(const engine::MachineSnapshot& snapshot) {
    std::array<char, 32> step{};
    std::snprintf(step.data(), step.size(), "%06lld", static_cast<long long>(snapshot.step));
    return snapshot.execution_id + "/step_" + step.data() + "_" +
           std::string(engine::name_of(snapshot.event)) + ".json";
}

FamilyCheckpoints::FamilyCheckpoints(std::unique_ptr<CheckpointStorage> storage)
    : storage_(std::move(storage)) {}

void FamilyCheckpoints::save(engine::MachineSnapshot snapshot) {
    check_id(snapshot.execution_id);
    const std::scoped_lock lock(mutex_);
    write(snapshot);
}

void FamilyCheckpoints::write(engine::MachineSnapshot& snapshot) {
    if (snapshot.created_at.empty()) {
        snapshot.created_at = base::iso8601(base::SystemClock{}.wall_now());
    }
    storage_->write(checkpoint_key(snapshot), snapshot);
}

std::optional<engine::MachineSnapshot> FamilyCheckpoints::load(const std::string& key) {
    check_id(key.substr(0, key.find('/')));
    const std::scoped_lock lock(mutex_);
    return storage_->read(key);
}

std::optional<engine::MachineSnapshot> FamilyCheckpoints::latest(const std::string& execution_id) {
    check_id(execution_id);
    const std::scoped_lock lock(mutex_);
    return read_latest(execution_id);
}

std::optional<engine::MachineSnapshot> FamilyCheckpoints::read_latest(
    const std::string& execution_id) {
    const auto key = storage_->latest_key(execution_id);
    return key ? storage_->read(*key) : std::nullopt;
}

std::vector<std::string> FamilyCheckpoints::list(const CheckpointFilter& filter) {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> found;
    for (std::string& id : storage_->executions()) {
        if (filter.event || filter.waiting_channel) {
            const auto latest = read_latest(id);
            const bool fits =
                latest && (!filter.event || latest->event == *filter.event) &&
                (!filter.waiting_channel || latest->waiting_channel == *filter.waiting_channel);
            if (!fits) {
                continue;
            }
        }
        found.push_back(std::move(id));
    }
    return found;
}

std::vector<std::string> FamilyCheckpoints::keys(const std::string& execution_id) {
    check_id(execution_id);
    const std::scoped_lock lock(mutex_);
    return storage_->keys(execution_id);
}

std::optional<engine::MachineSnapshot> FamilyCheckpoints::clone(const std::string& from,
                                                                const std::string& to) {
    check_id(from);
    check_id(to);
    const std::scoped_lock lock(mutex_);
    auto snapshot = read_latest(from);
    if (!snapshot) {
        return std::nullopt;
    }
    snapshot->execution_id = to;
    snapshot->parent_execution_id = from;
    snapshot->pending_launches.clear();
    snapshot->created_at.clear();
    write(*snapshot);
    return snapshot;
}

void FamilyCheckpoints::remove(const std::string& execution_id) {
    check_id(execution_id);
    const std::scoped_lock lock(mutex_);
    storage_->remove(execution_id);
}

}  // namespace fleet::family
