// An HTTP server on a port of its own that answers POSTs as a test says. One thread serves all
// connections; it ends with the object.
#pragma once

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <sys/eventfd.h>
#include <sys/socket.h>

#include "common/base/fd.hpp"

namespace fleet::hook_test {

struct HttpRequest {
    std::string head;  ///< request line and headers
    std::string body;
};

class HttpServer {
  public:
    /// What to send back, byte by byte; nullopt: nothing, ever.
    using Handler = std::function<std::optional<std::string>(const HttpRequest&)>;

    explicit HttpServer(Handler handler)
        : handler_(std::move(handler)),
          listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
          wake_(::eventfd(0, EFD_CLOEXEC)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 16) != 0 ||
            ::getsockname(listener_.get(), generic, &size) != 0) {
            throw std::runtime_error("no port to listen on");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    }
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer() {
        thread_.request_stop();
        ::eventfd_write(wake_.get(), 1);
    }

    [[nodiscard]] std::string url(const std::string& path = "/hook") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    [[nodiscard]] std::vector<HttpRequest> requests() const {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }
    [[nodiscard]] int connections() const {
        const std::scoped_lock lock(mutex_);
        return connections_;
    }

  private:
    struct Connection {
        base::UniqueFd fd;
        std::string input;
        bool open = true;
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
                    read_some(open_[i - 2]);
                }
            }
            std::erase_if(open_, [](const Connection& one) { return !one.open; });
            base::UniqueFd accepted(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (accepted) {
                open_.push_back({std::move(accepted), {}});
                const std::scoped_lock lock(mutex_);
                ++connections_;
            }
        }
    }

    void read_some(Connection& connection) {
        std::array<char, 65'536> chunk;
        const ssize_t count = ::read(connection.fd.get(), chunk.data(), chunk.size());
        if (count <= 0) {
            connection.open = false;
            return;
        }
        connection.input.append(chunk.data(), static_cast<std::size_t>(count));
        const std::size_t end = connection.input.find("\r\n\r\n");
        if (end == std::string::npos) {
            return;
        }
        HttpRequest request{connection.input.substr(0, end), connection.input.substr(end + 4)};
        const std::size_t length = request.head.find("Content-Length: ");
        std::size_t wanted = 0;
        if (length != std::string::npos) {
            std::from_chars(request.head.data() + length + 16,
                            request.head.data() + request.head.size(), wanted);
        }
        if (request.body.size() < wanted) {
            return;
        }
        connection.input.clear();
        {
            const std::scoped_lock lock(mutex_);
            requests_.push_back(request);
        }
        if (const auto answer = handler_(request)) {
            ::send(connection.fd.get(), answer->data(), answer->size(), MSG_NOSIGNAL);
        }
    }

    Handler handler_;
    base::UniqueFd listener_;
    base::UniqueFd wake_;
    int port_ = 0;
    std::vector<Connection> open_;
    mutable std::mutex mutex_;  ///< guards both
    std::vector<HttpRequest> requests_;
    int connections_ = 0;
    std::jthread thread_;
};

[[nodiscard]] inline std::string http_answer(int status, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) +
           " X\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace fleet::hook_test
