#include "cli/work/topic_watch.hpp"

#include <cerrno>
#include <cstdint>
#include <unistd.h>
#include <utility>

#include <sys/eventfd.h>

#include "common/base/errors.hpp"

namespace fleet::cli {
namespace {

/// Only a bound for one call; the thread waits again.
constexpr base::Millis kLongWait{60'000};

}  // namespace

TopicWatch::TopicWatch(contracts::TriggerBackend& triggers, std::string topic)
    : triggers_(triggers),
      topic_(std::move(topic)),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!event_) {
        throw base::Error(base::describe_errno("preparing to wait for " + topic_, errno));
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

void TopicWatch::arm() {
    const std::scoped_lock lock(mutex_);
    if (armed_) {
        return;  // Its thread still waits since an earlier ticket: nothing is missed.
    }
    std::uint64_t count = 0;
    static_cast<void>(::read(event_.get(), &count, sizeof count));
    armed_ = triggers_.ticket(topic_);
    armed_changed_.notify_one();
}

void TopicWatch::watch(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        contracts::TriggerBackend::Ticket since = 0;
        {
            std::unique_lock lock(mutex_);
            if (!armed_changed_.wait(lock, stop, [this] { return armed_.has_value(); })) {
                return;
            }
            since = *armed_;
        }
        if (!triggers_.wait(topic_, since, kLongWait, stop)) {
            continue;
        }
        const std::scoped_lock lock(mutex_);
        armed_.reset();
        const std::uint64_t one = 1;
        static_cast<void>(::write(event_.get(), &one, sizeof one));
    }
}

}  // namespace fleet::cli
