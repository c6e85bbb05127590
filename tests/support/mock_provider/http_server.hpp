// The mock provider's server: HTTP/1.1 on 127.0.0.1, with or without TLS, asynchronous.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include <sys/types.h>

#include "tests/support/mock_provider/provider.hpp"

namespace fleet::mock_provider {

struct TlsFiles {
    std::filesystem::path certificate;  ///< PEM, a chain
    std::filesystem::path key;          ///< PEM
};

struct ServerOptions {
    std::uint16_t port = 0;  ///< 0: any free one
    int threads = 1;
    std::optional<TlsFiles> tls{};
    bool until_stdin_closes = false;
    std::optional<pid_t> until_process_ends{};
};

class HttpServer {
  public:
    /// Listens from now on. The provider must outlive this. Throws Error when the port is taken, a
    /// file cannot be used, stdin cannot be waited for (only pipes, sockets and terminals can) or
    /// this build has no TLS.
    HttpServer(Provider& provider, const ServerOptions& options);
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer();

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] bool has_tls() const;
    /// Serves on this thread and `threads - 1` others until SIGTERM, SIGINT, or what the options
    /// name; then connections are cut.
    void run();

  private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace fleet::mock_provider
