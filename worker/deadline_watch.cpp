#include "worker/deadline_watch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "common/base/errors.hpp"

namespace fleet::worker {

using base::StoreError;

DeadlineWatch::DeadlineWatch(std::function<void()> passed)
    : passed_(std::move(passed)),
      timer_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!timer_ || !stop_) {
        throw StoreError(StoreError::Kind::internal,
                         base::describe_errno("making the timer of the lease deadline", errno));
    }
    thread_ = std::jthread([this] { run(); });
}

DeadlineWatch::~DeadlineWatch() {
    ::eventfd_write(stop_.get(), 1);
}

void DeadlineWatch::set(base::BootTime deadline) {
    // Zero would disarm the timer.
    const auto at = std::max(deadline.time_since_epoch(), std::chrono::nanoseconds{1});
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    itimerspec when{};
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = (at - seconds).count();
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void DeadlineWatch::run() {
    for (;;) {
        std::array<pollfd, 2> watched{{{timer_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
        if (::poll(watched.data(), watched.size(), -1) < 0) {
            continue;  // EINTR
        }
        if (watched[1].revents != 0) {
            return;
        }
        std::uint64_t expirations = 0;
        if (::read(timer_.get(), &expirations, sizeof expirations) == sizeof expirations) {
            passed_();
        }
    }
}

}  // namespace fleet::worker
