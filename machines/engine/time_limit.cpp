#include "machines/engine/time_limit.hpp"

#include <functional>
#include <utility>

namespace fleet::engine {

struct TimeLimit::Timer {
    Timer(const std::stop_token& outer, base::Millis limit)
        : on_outer(outer, [this] { source.request_stop(); }),
          thread([this, limit](const std::stop_token& stop) { run(stop, limit); }) {}

    void run(const std::stop_token& stop, base::Millis limit) {
        std::unique_lock lock(mutex);
        // Nothing but a stop ends the wait early.
        changed.wait_for(lock, stop, limit, [] { return false; });
        if (!stop.stop_requested()) {
            passed = true;
            source.request_stop();
        }
    }

    std::stop_source source;
    std::atomic<bool> passed = false;
    std::mutex mutex;
    std::condition_variable_any changed;
    std::stop_callback<std::function<void()>> on_outer;
    std::jthread thread;  ///< last: it uses all others
};

TimeLimit::TimeLimit(std::stop_token outer, std::optional<base::Millis> limit)
    : outer_(std::move(outer)), timer_(limit ? std::make_unique<Timer>(outer_, *limit) : nullptr) {}

TimeLimit::~TimeLimit() = default;

std::stop_token TimeLimit::token() const {
    return timer_ ? timer_->source.get_token() : outer_;
}

bool TimeLimit::has_passed() const {
    return timer_ && timer_->passed && !outer_.stop_requested();
}

}  // namespace fleet::engine
