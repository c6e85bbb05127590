// SIGINT, SIGTERM and SIGHUP as something to poll, so that every exit unwinds. Make it before any
// thread is started: the signals are blocked in this thread and in those it starts (programs that
// are started must unblock them again). The destructor restores the mask. Used from one thread.
#pragma once

#include <csignal>

#include "common/base/fd.hpp"
#include "common/base/time.hpp"

namespace fleet::cli {

class Interrupts {
  public:
    Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;
    ~Interrupts();

    /// Readable when a signal has come.
    [[nodiscard]] int fd() const { return fd_.get(); }
    /// The oldest signal that was not taken yet, 0 for none. Does not block.
    [[nodiscard]] int take();
    /// Waits for a signal, or for `other_fd` to become readable (-1: none), for up to `timeout`
    /// (negative: for ever). The signal, or 0.
    [[nodiscard]] int wait(base::Millis timeout, int other_fd = -1);

  private:
    base::UniqueFd fd_;
    sigset_t before_{};
};

}  // namespace fleet::cli
