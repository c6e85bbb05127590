#include "worker/signal_watch.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include "common/base/errors.hpp"

namespace fleet::worker {
namespace {

sigset_t watched_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&set, signal);
    }
    return set;
}

std::string signal_name(std::uint32_t signal) {
    const char* name = ::sigabbrev_np(static_cast<int>(signal));
    return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

}  // namespace

void block_signals() {
    const sigset_t set = watched_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

SignalWatch::SignalWatch(std::function<void(const std::string& name)> arrived)
    : arrived_(std::move(arrived)) {
    const sigset_t set = watched_signals();
    signals_ = base::UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    stop_ = base::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!signals_ || !stop_) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               base::describe_errno("watching for signals", errno));
    }
    thread_ = std::jthread([this] { run(); });
}

SignalWatch::~SignalWatch() {
    ::eventfd_write(stop_.get(), 1);
}

void SignalWatch::run() {
    for (;;) {
        std::array<pollfd, 2> watched{{{signals_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
        if (::poll(watched.data(), watched.size(), -1) < 0) {
            continue;  // EINTR
        }
        if (watched[1].revents != 0) {
            return;
        }
        signalfd_siginfo info{};
        if (::read(signals_.get(), &info, sizeof info) == sizeof info) {
            arrived_(signal_name(info.ssi_signo));
        }
    }
}

}  // namespace fleet::worker
