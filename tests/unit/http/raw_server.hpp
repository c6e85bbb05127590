// A TCP server that says what a test wants said, whatever it is asked: for answers that no HTTP
// server gives. One thread; it ends with the object.
#pragma once

#include <arpa/inet.h>
#include <array>
#include <functional>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <sys/eventfd.h>
#include <sys/socket.h>

#include "common/base/fd.hpp"

namespace fleet::http_test {

class RawServer {
  public:
    enum class Then { close, keep_open };

    /// Sends `answer` to each connection that has sent something, once `wait_for` of them have.
    explicit RawServer(std::string answer, Then then = Then::close, std::size_t wait_for = 1)
        : answer_(std::move(answer)),
          then_(then),
          wait_for_(wait_for),
          listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
          wake_(::eventfd(0, EFD_CLOEXEC)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        constexpr int kBacklog = 2'000;
        if (::bind(listener_.get(), generic, size) != 0 ||
            ::listen(listener_.get(), kBacklog) != 0 ||
            ::getsockname(listener_.get(), generic, &size) != 0) {
            throw std::runtime_error("no port to listen on");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    }
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    ~RawServer() {
        thread_.request_stop();
        ::eventfd_write(wake_.get(), 1);
    }

    [[nodiscard]] std::string url(const std::string& scheme = "http") const {
        return scheme + "://127.0.0.1:" + std::to_string(port_) + "/x";
    }

  private:
    struct Connection {
        base::UniqueFd fd;
        bool has_asked = false;
        bool is_open = true;
    };

    void serve(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
            for (const Connection& one : open_) {
                polled.push_back({one.fd.get(), POLLIN, 0});
            }
            ::poll(polled.data(), polled.size(), -1);
            for (std::size_t i = 2; i < polled.size(); ++i) {
                if (polled[i].revents != 0) {
                    read_from(open_[i - 2]);
                }
            }
            answer_all();
            std::erase_if(open_, [](const Connection& one) { return !one.is_open; });
            for (;;) {
                base::UniqueFd accepted(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
                if (!accepted) {
                    break;
                }
                open_.push_back({std::move(accepted)});
            }
        }
    }

    void read_from(Connection& connection) {
        std::array<char, 65'536> chunk;
        const ssize_t count = ::read(connection.fd.get(), chunk.data(), chunk.size());
        if (count <= 0) {
            connection.is_open = false;
        } else if (!connection.has_asked) {
            connection.has_asked = true;
            ++asked_;
            waiting_ = true;
        }
    }

    void answer_all() {
        if (asked_ < wait_for_ || !waiting_) {
            return;
        }
        waiting_ = false;
        for (Connection& one : open_) {
            if (one.has_asked && one.is_open) {
                ::send(one.fd.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL);
                one.is_open = then_ == Then::keep_open;
                one.has_asked = false;
            }
        }
    }

    const std::string answer_;
    const Then then_;
    const std::size_t wait_for_;
    base::UniqueFd listener_;
    base::UniqueFd wake_;
    int port_ = 0;
    std::vector<Connection> open_;
    std::size_t asked_ = 0;
    bool waiting_ = false;
    std::jthread thread_;
};

}  // namespace fleet::http_test
