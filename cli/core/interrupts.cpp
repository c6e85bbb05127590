#include "cli/core/interrupts.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <limits>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <sys/signalfd.h>

#include "common/base/errors.hpp"

namespace fleet::cli {

Interrupts::Interrupts() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        sigaddset(&signals, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
    fd_ = base::UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd_) {
        const int error = errno;
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        throw base::Error(base::describe_errno("preparing to receive signals", error),
                          "see whether the limit of open files (ulimit -n) is reached");
    }
}

Interrupts::~Interrupts() {
    // What has come and was not taken is done with: without this it would strike now.
    while (take() != 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int Interrupts::take() {
    signalfd_siginfo info{};
    const ssize_t count = ::read(fd_.get(), &info, sizeof info);
    return count == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo) : 0;
}

int Interrupts::wait(base::Millis timeout, int other_fd) {
    std::array<pollfd, 2> watched{{{fd_.get(), POLLIN, 0}, {other_fd, POLLIN, 0}}};
    const auto longest = std::int64_t{std::numeric_limits<int>::max()};
    const int limit = timeout.count() < 0
                          ? -1
                          : static_cast<int>(std::min<std::int64_t>(timeout.count(), longest));
    // An interrupted poll (a stop and continue) counts as a look: callers look again anyway.
    ::poll(watched.data(), watched.size(), limit);
    return take();
}

}  // namespace fleet::cli
