// How accepted sockets become sessions; a file for each kind, because they are slow to compile.
#pragma once

#include <memory>

#include <boost/asio/ip/tcp.hpp>

#include "tests/support/mock_provider/http_server.hpp"

namespace fleet::mock_provider {

/// The certificate and what belongs to it, shared by all sessions of a server.
class Tls {
  public:
    /// Throws Error.
    explicit Tls(const TlsFiles& files);
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;
    ~Tls();

    void serve(boost::asio::ip::tcp::socket socket, Provider& provider);

  private:
    class Context;
    std::unique_ptr<Context> context_;
};

void serve_plain(boost::asio::ip::tcp::socket socket, Provider& provider);

}  // namespace fleet::mock_provider
