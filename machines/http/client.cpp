#include "machines/http/client.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <thread>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <system_error>

#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "machines/http/curl_library.hpp"
#include "machines/http/transfer.hpp"
#include "machines/http/url.hpp"

namespace fleet::http {
namespace {

/// Open connections that are kept for the next request; more are closed after theirs.
constexpr long kIdleConnections = 1'024;
/// Handles that are kept for the next request: each is some kilobytes.
constexpr std::size_t kIdleHandles = 64;
constexpr std::size_t kEventsAtOnce = 256;

void check(const Request& request) {
    if (!is_http_url(request.url)) {
        throw base::ConfigError(std::string(request.what) + ": its URL is no http or https URL",
                                "a URL begins with http:// or https://");
    }
    for (const auto& [name, value] : request.headers) {
        if ((name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
            throw base::ConfigError(std::string(request.what) + ": the header `" +
                                        name.substr(0, name.find_first_of("\r\n")) +
                                        "` has a line break in it",
                                    "look for one in its configuration or key file");
        }
    }
}

void set_timer(int timer, long milliseconds) {
    itimerspec when{};
    if (milliseconds >= 0) {
        when.it_value.tv_sec = milliseconds / 1000;
        // 0 would disarm it.
        when.it_value.tv_nsec = milliseconds == 0 ? 1 : milliseconds % 1000 * 1'000'000;
    }
    ::timerfd_settime(timer, 0, &when, nullptr);
}

}  // namespace

/// The thread that moves all bytes, and what it waits for: the sockets of its transfers, libcurl's
/// next time limit, and requests of other threads.
class Client::Loop {
  public:
    Loop()
        : library_(curl()),
          multi_(library_.multi_init()),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)),
          wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
        if (multi_ == nullptr || !epoll_ || !wake_ || !timer_ || !watch(wake_.get(), EPOLLIN) ||
            !watch(timer_.get(), EPOLLIN)) {
            library_.multi_cleanup(multi_);
            throw std::system_error(errno, std::generic_category(),
                                    "making what HTTP requests wait with");
        }
        library_.multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Loop::on_socket);
        library_.multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        library_.multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Loop::on_timer);
        library_.multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
        library_.multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() {
        thread_.request_stop();
        wake();
        thread_.join();
        idle_.clear();
        library_.multi_cleanup(multi_);
    }

    [[nodiscard]] const Curl& library() const { return library_; }

    /// Throws std::bad_alloc.
    [[nodiscard]] EasyHandle handle() {
        {
            const std::scoped_lock lock(mutex_);
            if (!idle_.empty()) {
                EasyHandle easy = std::move(idle_.back());
                idle_.pop_back();
                return easy;
            }
        }
        EasyHandle easy(library_.easy_init(), EasyCleanup{&library_});
        if (!easy) {
            throw std::bad_alloc();
        }
        return easy;
    }
    void give_back(EasyHandle easy) {
        library_.easy_reset(easy.get());
        const std::scoped_lock lock(mutex_);
        if (idle_.size() < kIdleHandles) {
            idle_.push_back(std::move(easy));
        }
    }

    /// The transfer stays where it is until it is finished.
    std::uint64_t add(Transfer& transfer) {
        const std::scoped_lock lock(mutex_);
        added_.emplace_back(++last_number_, &transfer);
        wake();
        return last_number_;
    }
    /// Nothing if it is finished.
    void cancel(std::uint64_t number) {
        const std::scoped_lock lock(mutex_);
        cancelled_.push_back(number);
        wake();
    }

  private:
    bool watch(int fd, std::uint32_t events) const {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        return ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0 ||
               ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
    }

    static int on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self,
                         void* /*unused*/) {
        const auto& loop = *static_cast<Loop*>(self);
        if (what == CURL_POLL_REMOVE) {
            ::epoll_ctl(loop.epoll_.get(), EPOLL_CTL_DEL, socket, nullptr);
            return 0;
        }
        std::uint32_t events = 0;
        events |= (what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U;
        events |= (what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U;
        return loop.watch(socket, events) ? 0 : -1;
    }
    static int on_timer(CURLM* /*multi*/, long milliseconds, void* self) {
        set_timer(static_cast<Loop*>(self)->timer_.get(), milliseconds);
        return 0;
    }

    void wake() const { ::eventfd_write(wake_.get(), 1); }

    void run(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            take_orders();
            std::array<epoll_event, kEventsAtOnce> events;
            const int count =
                ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
            for (int at = 0; at < count; ++at) {
                handle(events[static_cast<std::size_t>(at)]);
            }
            collect_finished();
        }
    }

    void handle(const epoll_event& event) {
        int running = 0;
        if (event.data.fd == wake_.get() || event.data.fd == timer_.get()) {
            std::uint64_t count = 0;
            (void)!::read(event.data.fd, &count, sizeof(count));
            if (event.data.fd == timer_.get()) {
                library_.multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
            }
            return;
        }
        int what = 0;
        what |= (event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0;
        what |= (event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
        what |= (event.events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0;
        library_.multi_socket_action(multi_, event.data.fd, what, &running);
    }

    void take_orders() {
        std::vector<std::pair<std::uint64_t, Transfer*>> added;
        std::vector<std::uint64_t> cancelled;
        {
            const std::scoped_lock lock(mutex_);
            added.swap(added_);
            cancelled.swap(cancelled_);
        }
        for (const auto& [number, transfer] : added) {
            if (library_.multi_add_handle(multi_, transfer->easy()) != CURLM_OK) {
                transfer->finish(CURLE_OUT_OF_MEMORY);
                continue;
            }
            running_.emplace(number, transfer);
            numbers_.emplace(transfer, number);
        }
        for (const std::uint64_t number : cancelled) {
            const auto found = running_.find(number);
            if (found != running_.end()) {
                Transfer* const transfer = found->second;
                forget(transfer);
                transfer->finish_cancelled();
            }
        }
    }

    void collect_finished() {
        int left = 0;
        while (const CURLMsg* message = library_.multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) {
                continue;
            }
            const CURLcode code = message->data.result;
            char* owner = nullptr;
            library_.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
            auto* const transfer = reinterpret_cast<Transfer*>(owner);
            forget(transfer);
            transfer->finish(code);
        }
    }

    void forget(Transfer* transfer) {
        library_.multi_remove_handle(multi_, transfer->easy());
        const auto found = numbers_.find(transfer);
        running_.erase(found->second);
        numbers_.erase(found);
    }

    const Curl& library_;
    CURLM* multi_;
    base::UniqueFd epoll_;
    base::UniqueFd wake_;
    base::UniqueFd timer_;
    // Only of the thread.
    std::map<std::uint64_t, Transfer*> running_;
    std::map<Transfer*, std::uint64_t> numbers_;

    std::mutex mutex_;  ///< guards all below
    std::uint64_t last_number_ = 0;
    std::vector<std::pair<std::uint64_t, Transfer*>> added_;
    std::vector<std::uint64_t> cancelled_;
    std::vector<EasyHandle> idle_;

    std::jthread thread_;
};

Client::Client() = default;
Client::~Client() = default;

Client::Loop& Client::loop() {
    const std::scoped_lock lock(mutex_);
    if (!loop_) {
        loop_ = std::make_unique<Loop>();
    }
    return *loop_;
}

Result Client::send(const Request& request, const std::stop_token& stop) {
    check(request);
    if (stop.stop_requested()) {
        throw base::Cancelled(std::string(request.what) + ": stopped before it was sent");
    }
    Loop* running = nullptr;
    try {
        running = &loop();
    } catch (const CurlMissing& error) {
        return Failure{.fault = Fault::internal, .reason = error.what()};
    } catch (const std::system_error& error) {
        return Failure{.fault = Fault::internal, .reason = error.what()};
    }
    Transfer transfer(running->library(), running->handle(), request);
    const std::uint64_t number = running->add(transfer);
    std::optional<Result> result;
    try {
        const std::stop_callback cancel(stop, [&] { running->cancel(number); });
        result = transfer.wait();
    } catch (...) {  // of `on_body`; the transfer must not outlive this function
        running->cancel(number);
        transfer.wait_for_end();
        throw;
    }
    running->give_back(transfer.take_handle());
    if (!result) {
        throw base::Cancelled(std::string(request.what) + ": stopped");
    }
    return std::move(*result);
}

}  // namespace fleet::http
