#include "common/store/memory/transaction.hpp"

#include <algorithm>

namespace fleet::store::memory {

Transaction::Transaction(State& state, Access access)
    : state_(state), lock_(state.mutex), now_(state.now()) {
    if (access == Access::write) {
        ++state_.changes;
    }
}

Transaction::~Transaction() {
    if (result_written_) {
        state_.result_written.notify_all();
    }
    lock_.unlock();
    for (const std::string& topic : topics_) {
        state_.triggers.notify(topic);
    }
}

void Transaction::tick() {
    if (now_ - state_.last_tick > kClockGap) {
        state_.gap_end = now_;
    }
    state_.last_tick = now_;
}

base::StoreTime Transaction::end_of(base::StoreTime until, base::Millis ttl) const {
    // Without a gap there is nothing to wait for but the span itself.
    if (state_.gap_end == base::StoreTime{}) {
        return until;
    }
    return std::max(until, state_.gap_end + ttl);
}

}  // namespace fleet::store::memory
