#include "common/store/sqlite/stop_delay.hpp"

namespace fleet::store::sqlite {

namespace {

// A signal handler can reach nothing else.
volatile std::sig_atomic_t stop_asked = 0;  // NOLINT(*-avoid-non-const-global-variables)

void keep_stop(int /*signal*/) {
    stop_asked = 1;
}

}  // namespace

StopDelay::StopDelay() {
    struct sigaction keep {};
    keep.sa_handler = keep_stop;
    keep.sa_flags = SA_RESTART;
    sigemptyset(&keep.sa_mask);
    if (::sigaction(SIGTSTP, &keep, &before_) != 0) {
        return;
    }
    if ((before_.sa_flags & SA_SIGINFO) != 0 || before_.sa_handler != SIG_DFL) {
        // Ignored, or somebody has another idea of it.
        ::sigaction(SIGTSTP, &before_, nullptr);
        return;
    }
    active_ = true;
}

StopDelay::~StopDelay() {
    if (!active_) {
        return;
    }
    ::sigaction(SIGTSTP, &before_, nullptr);
    if (stop_asked != 0) {
        stop_asked = 0;
        ::raise(SIGTSTP);
    }
}

}  // namespace fleet::store::sqlite
