#include "common/process/child.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace fleet::process {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// poll counts CLOCK_MONOTONIC, deadlines CLOCK_BOOTTIME: after a suspend a longer sleep would end
/// too late.
constexpr milliseconds kLongestPoll{30'000};

std::int64_t own_peak_kib() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

int poll_timeout_ms(const base::Clock& clock, std::optional<base::BootTime> deadline) {
    if (!deadline) {
        return -1;
    }
    const nanoseconds left = std::max(nanoseconds{0}, *deadline - clock.boot_now());
    const auto rounded_up = std::chrono::ceil<milliseconds>(left);
    return static_cast<int>(std::min(rounded_up, kLongestPoll).count());
}

}  // namespace

ExitStatus exit_status(int wait_status, const struct rusage& usage) {
    ExitStatus status;
    if (WIFEXITED(wait_status)) {
        status.exit_code = WEXITSTATUS(wait_status);
    } else if (WIFSIGNALED(wait_status)) {
        status.signal = WTERMSIG(wait_status);
        status.core_dumped = WCOREDUMP(wait_status);
    }
    const auto micros = [](const timeval& time) {
        return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
    };
    status.cpu_time =
        std::chrono::round<base::Millis>(micros(usage.ru_utime) + micros(usage.ru_stime));
    if (usage.ru_maxrss > own_peak_kib()) {
        status.max_rss_bytes = std::int64_t{usage.ru_maxrss} * 1024;
    }
    return status;
}

Child::Child(pid_t pid, base::UniqueFd pidfd, bool leads_group) noexcept
    : pid_(pid), pidfd_(std::move(pidfd)), leads_group_(leads_group) {}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      leads_group_(other.leads_group_) {}

Child& Child::operator=(Child&& other) noexcept {
    if (this != &other) {
        kill_and_reap();
        pid_ = std::exchange(other.pid_, -1);
        pidfd_ = std::move(other.pidfd_);
        leads_group_ = other.leads_group_;
    }
    return *this;
}

Child::~Child() {
    kill_and_reap();
}

void Child::kill_and_reap() noexcept {
    if (pid_ > 0) {
        signal_group(SIGKILL);
        finish();
    }
}

Child::Wait Child::wait(const base::Clock& clock, std::optional<base::BootTime> deadline,
                        int stop_fd) const {
    for (;;) {
        std::array<pollfd, 2> watched{pollfd{pidfd_.get(), POLLIN, 0}, pollfd{stop_fd, POLLIN, 0}};
        const int ready = ::poll(watched.data(), watched.size(), poll_timeout_ms(clock, deadline));
        if (ready > 0 && watched[0].revents != 0) {
            return Wait::exited;
        }
        if (ready > 0 && watched[1].revents != 0) {
            return Wait::stopped;
        }
        if (deadline && clock.boot_now() >= *deadline) {
            return Wait::deadline;
        }
    }
}

void Child::signal_group(int signal) const noexcept {
    if (pid_ <= 0) {
        return;
    }
    if (leads_group_) {
        ::kill(-pid_, signal);
    } else {
        ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0U);
    }
}

ExitStatus Child::finish() {
    siginfo_t info{};
    int waited = -1;
    while ((waited = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT)) < 0 &&
           errno == EINTR) {
    }
    int wait_status = 0;
    rusage usage{};
    bool reaped = false;
    if (waited == 0) {
        if (leads_group_) {
            ::kill(-pid_, SIGKILL);
        }
        reaped = ::wait4(pid_, &wait_status, 0, &usage) == pid_;
    }
    pid_ = -1;
    pidfd_.reset();
    return reaped ? exit_status(wait_status, usage) : ExitStatus{};
}

pid_t Child::release() noexcept {
    pidfd_.reset();
    return std::exchange(pid_, -1);
}

}  // namespace fleet::process
