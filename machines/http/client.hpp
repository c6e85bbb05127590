// HTTP requests, each blocking its caller; any number of threads at once.
//
// One thread of the client moves the bytes of all requests through one libcurl multi handle. So
// all callers share its connections (kept alive, several requests at once over one of HTTP/2), its
// names and TLS sessions, and a request in flight costs an easy handle and a socket instead of a
// multi handle with a connection cache of its own. It waits in epoll, so that a thousand requests
// that wait cost nothing while one of them moves. Measured in docs/agents.md.
//
// libcurl is loaded and the thread started with the first request: who makes none pays nothing.
//
// Proxies come from the environment (`https_proxy`, `no_proxy`, ...). TLS certificates are always
// verified. Redirects are not followed: an answer of 3xx is an answer.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/time.hpp"

namespace fleet::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// All headers of an answer together.
inline constexpr std::size_t kMaxHeaderBytes = std::size_t{256} << 10U;

struct Request {
    std::string url;
    std::string method = "POST";  ///< or "GET"
    Headers headers{};            ///< may hold secrets: they are in no message
    std::string_view body{};
    base::Millis connect_timeout{10'000};  ///< name, connection and TLS together
    base::Millis timeout{60'000};          ///< of the whole request; 0: none
    std::size_t max_body_bytes = std::size_t{64} << 20U;
    std::string ca_file{};  ///< trusted certificates (PEM) in place of the system's; empty: those
    /// For messages: "calling openai/gpt-4o".
    std::string_view what{};
    /// Is given the body as it arrives, on the calling thread; the response has none then. What it
    /// throws ends the request and reaches the caller.
    std::function<void(std::string_view)> on_body{};
};

struct Response {
    int status = 0;
    Headers headers;  ///< in the order of the answer
    std::string body;
    base::Millis latency{0};  ///< from the first byte sent to the last one read
    bool is_http2 = false;
};

enum class Fault {
    name_resolution,      ///< the host's or the proxy's name is not known
    connect,              ///< no connection
    tls,                  ///< the other side proved nothing, or speaks no TLS
    timeout_before_sent,  ///< too late, and nothing was sent
    timeout_after_sent,   ///< too late, and the server has the request or a part of it
    too_large,            ///< more than max_body_bytes or kMaxHeaderBytes
    closed_early,         ///< the connection ended before the answer did
    not_http,             ///< what answered speaks no HTTP
    internal,             ///< this machine: no libcurl, no memory, no descriptors
};

struct Failure {
    Fault fault = Fault::internal;
    std::string reason{};  ///< "Could not resolve host: x", without secrets
    bool sent = false;     ///< at least a part of the request has left
    int status = 0;        ///< of the answer, where it had come so far
    std::string body{};    ///< what had arrived
    base::Millis latency{0};
};

using Result = std::variant<Response, Failure>;

class Client {
  public:
    Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    /// Not while a request runs.
    ~Client();

    /// Blocks until the whole answer is here. Throws base::Cancelled within 100 ms of a stop
    /// request, and base::ConfigError for a URL that is not http or https and for a header with a
    /// line break.
    [[nodiscard]] Result send(const Request& request, const std::stop_token& stop);

  private:
    class Loop;

    [[nodiscard]] Loop& loop();

    std::mutex mutex_;  ///< guards `loop_` until it is set
    std::unique_ptr<Loop> loop_;
};

}  // namespace fleet::http
