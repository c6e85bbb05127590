#include "coordinator/event_loop.hpp"

#include <map>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/base/errors.hpp"

namespace fleet::coordinator {

namespace asio = boost::asio;
using boost::system::error_code;

struct EventLoop::State {
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
    asio::signal_set signals{context};
    std::function<void(int)> on_signal;
    std::map<Key, asio::steady_timer> timers;
    std::map<Key, asio::posix::stream_descriptor> descriptors;

    void wait_for_signal() {
        signals.async_wait([this](const error_code& error, int signal) {
            if (error) {
                return;
            }
            wait_for_signal();
            on_signal(signal);
        });
    }
};

EventLoop::EventLoop() : state_(std::make_unique<State>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
    state_->context.restart();
    state_->context.run();
}

void EventLoop::stop() {
    state_->context.stop();
}

void EventLoop::post(Handler handler) {
    asio::post(state_->context, std::move(handler));
}

void EventLoop::on_signals(std::initializer_list<int> signals, std::function<void(int)> handler) {
    for (const int signal : signals) {
        state_->signals.add(signal);
    }
    state_->on_signal = std::move(handler);
    state_->wait_for_signal();
}

void EventLoop::set_timer(Key timer, base::Millis delay, Handler handler) {
    auto [found, created] = state_->timers.try_emplace(timer, state_->context);
    found->second.expires_after(delay);
    found->second.async_wait([handler = std::move(handler)](const error_code& error) {
        if (!error) {
            handler();
        }
    });
}

void EventLoop::cancel_timer(Key timer) {
    state_->timers.erase(timer);
}

void EventLoop::watch(Key key, base::UniqueFd descriptor, Handler handler) {
    state_->descriptors.erase(key);
    const auto watched = state_->descriptors.try_emplace(key, state_->context).first;
    error_code refused;
    watched->second.assign(descriptor.get(), refused);
    if (refused) {
        state_->descriptors.erase(watched);
        throw base::StoreError(
            base::StoreError::Kind::internal,
            "watching descriptor " + std::to_string(descriptor.get()) + ": " + refused.message(),
            "it must be a pipe, a socket or a process");
    }
    static_cast<void>(descriptor.release());
    watched->second.async_wait(asio::posix::stream_descriptor::wait_read,
                               [handler = std::move(handler)](const error_code& error) {
                                   if (!error) {
                                       handler();
                                   }
                               });
}

void EventLoop::unwatch(Key key) {
    state_->descriptors.erase(key);
}

}  // namespace fleet::coordinator
