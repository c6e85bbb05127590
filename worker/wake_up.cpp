#include "worker/wake_up.hpp"

#include <algorithm>
#include <cassert>

namespace fleet::worker {

WakeUp::Ticket WakeUp::ticket() const {
    const std::scoped_lock lock(mutex_);
    return now_;
}

bool WakeUp::wait(Ticket ticket, std::optional<base::Millis> limit) {
    std::unique_lock lock(mutex_);
    const auto rung = [this, ticket] {
        return now_.orders != ticket.orders || now_.nudges != ticket.nudges;
    };
    if (limit) {
        return changed_.wait_for(lock, *limit, rung);
    }
    changed_.wait(lock, rung);
    return true;
}

std::stop_token WakeUp::token(Ticket ticket) {
    const std::scoped_lock lock(mutex_);
    if (source_.stop_requested() && now_.orders == ticket.orders) {
        source_ = std::stop_source();  // spent by an order that was seen
    } else if (now_.orders != ticket.orders) {
        source_.request_stop();
    }
    return source_.get_token();
}

void WakeUp::order() {
    std::stop_source source;
    {
        const std::scoped_lock lock(mutex_);
        ++now_.orders;
        source = source_;
    }
    changed_.notify_all();
    source.request_stop();
}

void WakeUp::nudge() {
    {
        const std::scoped_lock lock(mutex_);
        ++now_.nudges;
    }
    changed_.notify_all();
}

void WakeUp::took(std::size_t executions) {
    const std::scoped_lock lock(mutex_);
    held_ += executions;
}

void WakeUp::finished(std::size_t executions) {
    {
        const std::scoped_lock lock(mutex_);
        assert(executions <= held_);
        held_ -= executions;
        if (held_ > nudge_at_) {
            return;
        }
        ++now_.nudges;
    }
    changed_.notify_all();
}

void WakeUp::nudge_at(std::size_t held) {
    const std::scoped_lock lock(mutex_);
    nudge_at_ = held;
}

std::size_t WakeUp::held() const {
    const std::scoped_lock lock(mutex_);
    return held_;
}

}  // namespace fleet::worker
