// How many calls a mock provider answers: keeps a number of connections busy for some time, each
// with one call after the other, and prints what came back.
//
//   mock_load PORT [CONNECTIONS [SECONDS [KEY]]]
//
// Prints one line of JSON: calls, calls_per_s, and how many of each status.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

#include <sys/socket.h>

#include "common/base/errors.hpp"
#include "common/base/fd.hpp"

namespace {

using fleet::base::UniqueFd;

std::string request_of(const std::string& key) {
    const std::string body =
        R"({"model":"bench","max_tokens":64,"messages":[{"role":"system","content":"Answer )"
        R"(briefly."},{"role":"user","content":"What is the capital of France, and why?"}]})";
    return "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
           "application/json\r\nAuthorization: Bearer " +
           key + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

UniqueFd connected(std::uint16_t port) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    if (!socket ||
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        throw std::runtime_error(
            fleet::base::describe_errno("connecting to 127.0.0.1:" + std::to_string(port), errno));
    }
    return socket;
}

class Client {
  public:
    Client(std::uint16_t port, std::string request)
        : socket_(connected(port)), request_(std::move(request)) {}

    [[nodiscard]] int fd() const { return socket_.get(); }

    void send() {
        const ssize_t sent = ::send(fd(), request_.data(), request_.size(), MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(request_.size())) {
            throw std::runtime_error(fleet::base::describe_errno("sending a call", errno));
        }
    }

    /// The status once an answer is whole, 0 before.
    int receive() {
        std::array<char, 16'384> bytes{};
        const ssize_t count = ::recv(fd(), bytes.data(), bytes.size(), 0);
        if (count <= 0) {
            throw std::runtime_error("the server closed a connection");
        }
        received_.append(bytes.data(), static_cast<std::size_t>(count));
        const std::size_t end = received_.find("\r\n\r\n");
        const std::size_t length = received_.find("Content-Length: ");
        if (end == std::string::npos || length > end ||
            received_.size() <
                end + 4 + std::strtoul(received_.c_str() + length + 16, nullptr, 10)) {
            return 0;
        }
        const int status = std::atoi(received_.c_str() + 9);
        received_.clear();
        return status;
    }

  private:
    UniqueFd socket_;
    std::string request_;
    std::string received_{};
};

void load(std::uint16_t port, int connections, std::chrono::seconds span, const std::string& key) {
    std::vector<Client> clients;
    std::vector<pollfd> waiting;
    for (int i = 0; i < connections; ++i) {
        clients.emplace_back(port, request_of(key));
        waiting.push_back({clients.back().fd(), POLLIN, 0});
        clients.back().send();
    }
    std::map<int, long> statuses;
    long calls = 0;
    const auto begin = std::chrono::steady_clock::now();
    const auto end = begin + span;
    while (std::chrono::steady_clock::now() < end) {
        if (::poll(waiting.data(), waiting.size(), 1000) < 0 && errno != EINTR) {
            throw std::runtime_error(fleet::base::describe_errno("waiting for answers", errno));
        }
        for (std::size_t i = 0; i < clients.size(); ++i) {
            if (waiting[i].revents == 0) {
                continue;
            }
            if (const int status = clients[i].receive(); status != 0) {
                ++statuses[status];
                ++calls;
                clients[i].send();
            }
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf("{\"calls\": %ld, \"calls_per_s\": %.0f", calls,
                static_cast<double>(calls) / took.count());
    for (const auto& [status, count] : statuses) {
        std::printf(", \"%d\": %ld", status, count);
    }
    std::printf("}\n");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: mock_load PORT [CONNECTIONS [SECONDS [KEY]]]\n");
        return 2;
    }
    try {
        load(static_cast<std::uint16_t>(std::stoi(argv[1])), argc > 2 ? std::stoi(argv[2]) : 32,
             std::chrono::seconds(argc > 3 ? std::stoi(argv[3]) : 5), argc > 4 ? argv[4] : "bench");
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "mock_load: %s\n", error.what());
        return 1;
    }
}
