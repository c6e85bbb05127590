// A small blocking HTTP/1.1 client for tests and for asking a mock provider: one connection to a
// port of this machine, one request after the other, always with a deadline. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/fd.hpp"

namespace fleet::mock_provider {

struct HttpRequest {
    std::string method = "GET";
    std::string target = "/";
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
};

struct HttpAnswer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};  ///< chunks are put together

    /// The first of that name, in any case; nullopt when there is none.
    [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
};

class HttpConnection {
  public:
    /// Throws Error when nobody listens.
    HttpConnection(std::uint16_t port, std::chrono::milliseconds limit);

    /// Throws Error when the connection ends or the limit passes before the answer is whole, or
    /// when it is no HTTP.
    [[nodiscard]] HttpAnswer exchange(const HttpRequest& request);
    void send(const HttpRequest& request);
    /// All that comes until the other side closes or resets; what was received so far at the limit.
    struct Rest {
        std::string bytes{};
        enum class End { closed, reset, still_open } end = End::closed;
    };
    [[nodiscard]] Rest receive_to_end();

  private:
    enum class Received { something, end, reset, nothing };
    Received receive_once();
    /// False when the other side has closed; throws when nothing comes.
    bool receive_more();
    HttpAnswer receive();
    void receive_chunks(HttpAnswer& answer);
    std::string take(std::size_t count);
    std::string take_line();

    std::chrono::milliseconds limit_;
    base::UniqueFd socket_;
    std::string received_{};  ///< and not yet used
};

/// One request on a connection of its own.
[[nodiscard]] HttpAnswer exchange(std::uint16_t port, const HttpRequest& request,
                                  std::chrono::milliseconds limit = std::chrono::seconds(30));

}  // namespace fleet::mock_provider
