// A wake-up topic as a descriptor, to be polled together with signals and children.
//
//   watch.arm();          // before looking at the store
//   ... look ...
//   poll(watch.fd())      // readable as soon as the topic was notified since `arm`
//
// Used from one thread; a thread of its own waits on the topic.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "common/base/fd.hpp"
#include "common/contracts/trigger.hpp"

namespace fleet::cli {

class TopicWatch {
  public:
    TopicWatch(contracts::TriggerBackend& triggers, std::string topic);
    TopicWatch(const TopicWatch&) = delete;
    TopicWatch& operator=(const TopicWatch&) = delete;
    ~TopicWatch() = default;

    void arm();
    [[nodiscard]] int fd() const { return event_.get(); }

  private:
    void watch(const std::stop_token& stop);

    contracts::TriggerBackend& triggers_;
    const std::string topic_;
    base::UniqueFd event_;
    std::mutex mutex_;  ///< guards `armed_`
    std::condition_variable_any armed_changed_;
    std::optional<contracts::TriggerBackend::Ticket> armed_;
    std::jthread thread_;  ///< the last member: it ends before the others
};

}  // namespace fleet::cli
