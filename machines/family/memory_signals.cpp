#include <deque>
#include <map>
#include <mutex>

#include "machines/family/signals.hpp"

namespace fleet::family {
namespace {

using expression::Value;

class MemorySignals final : public FamilySignals {
  public:
    void send(const std::string& channel, const Value& data) override {
        const std::scoped_lock lock(mutex_);
        queues_[channel].push_back(data);
    }

    std::optional<Value> consume(const std::string& channel) override {
        const std::scoped_lock lock(mutex_);
        const auto found = queues_.find(channel);
        if (found == queues_.end()) {
            return std::nullopt;
        }
        Value data = std::move(found->second.front());
        found->second.pop_front();
        if (found->second.empty()) {
            queues_.erase(found);
        }
        return data;
    }

    std::vector<Value> peek(const std::string& channel) override {
        const std::scoped_lock lock(mutex_);
        const auto found = queues_.find(channel);
        if (found == queues_.end()) {
            return {};
        }
        return {found->second.begin(), found->second.end()};
    }

    std::vector<std::string> channels() override {
        const std::scoped_lock lock(mutex_);
        std::vector<std::string> names;
        for (const auto& [channel, queue] : queues_) {
            names.push_back(channel);
        }
        return names;
    }

  private:
    std::mutex mutex_;
    std::map<std::string, std::deque<Value>> queues_;  ///< guarded by mutex_; none is empty
};

}  // namespace

std::unique_ptr<FamilySignals> memory_signals() {
    return std::make_unique<MemorySignals>();
}

}  // namespace fleet::family
