#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

#include "common/store/memory/backends.hpp"

namespace fleet::store::memory {
namespace {

class Triggers final : public contracts::TriggerBackend {
  public:
    Ticket ticket(const std::string& topic) override {
        const std::scoped_lock lock(mutex_);
        return counters_[topic];
    }

    bool wait(const std::string& topic, Ticket since, base::Millis timeout,
              std::stop_token stop) override {
        std::unique_lock lock(mutex_);
        return notified_.wait_for(lock, stop, timeout, [&] { return counters_[topic] != since; });
    }

    void notify(const std::string& topic) override {
        {
            const std::scoped_lock lock(mutex_);
            ++counters_[topic];
        }
        notified_.notify_all();
    }

  private:
    std::mutex mutex_;  ///< guards counters_
    std::condition_variable_any notified_;
    std::map<std::string, Ticket> counters_;
};

}  // namespace

std::unique_ptr<contracts::TriggerBackend> make_triggers() {
    return std::make_unique<Triggers>();
}

}  // namespace fleet::store::memory
