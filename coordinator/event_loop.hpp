// One thread's loop for signals, timers, descriptors and calls from other threads (Boost.Asio).
// Everything but `post` and `stop` belongs to the thread that calls `run`.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>

#include "common/base/fd.hpp"
#include "common/base/time.hpp"

namespace fleet::coordinator {

class EventLoop {
  public:
    using Handler = std::function<void()>;
    using Key = std::uint64_t;

    EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    ~EventLoop();

    /// Until `stop`. What a handler throws comes out of here; `run` may then be called again.
    void run();
    /// Any thread; idempotent.
    void stop();
    /// Any thread: the handler runs on the loop's thread.
    void post(Handler handler);

    /// Each time one of the signals comes; replaces the process's handling of them.
    void on_signals(std::initializer_list<int> signals, std::function<void(int)> handler);
    /// Once, after `delay`; a later call for the same timer replaces the earlier one.
    void set_timer(Key timer, base::Millis delay, Handler handler);
    void cancel_timer(Key timer);
    /// Once, when the descriptor (the loop's own copy) is readable.
    void watch(Key key, base::UniqueFd descriptor, Handler handler);
    void unwatch(Key key);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace fleet::coordinator
