#include "tests/support/mock_provider/http_server.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/base/errors.hpp"
#include "tests/support/mock_provider/connections.hpp"

namespace fleet::mock_provider {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr std::chrono::milliseconds kTick{50};
/// Without a free file descriptor nobody is accepted; after this it is tried again.
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr int kBacklog = 4096;

/// Thousands of connections are thousands of descriptors.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);  // what cannot be raised stays as it was
    }
}

tcp::acceptor listening(asio::io_context& loop, std::uint16_t port) {
    const tcp::endpoint address(asio::ip::address_v4::loopback(), port);
    try {
        tcp::acceptor acceptor(loop);
        acceptor.open(address.protocol());
        acceptor.set_option(asio::socket_base::reuse_address(true));
        acceptor.bind(address);
        acceptor.listen(kBacklog);
        return acceptor;
    } catch (const boost::system::system_error& error) {
        throw base::Error(
            "listening on 127.0.0.1:" + std::to_string(port) + ": " + error.code().message(),
            "take another port, or 0 for any free one");
    }
}

}  // namespace

class HttpServer::Parts {
  public:
    Parts(Provider& provider, const ServerOptions& options)
        : provider_(provider),
          threads_(options.threads),
          loop_(options.threads),
          acceptor_(listening(loop_, options.port)) {
        raise_descriptor_limit();
        if (options.tls) {
            tls_.emplace(*options.tls);
        }
        signals_.async_wait([this](ErrorCode, int) { loop_.stop(); });
        if (options.until_stdin_closes) {
            watch_stdin();
        }
        if (options.until_process_ends) {
            watch_process(*options.until_process_ends);
        }
        accept();
        tick();
    }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;
    ~Parts() = default;

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    [[nodiscard]] bool has_tls() const { return tls_.has_value(); }

    void run() {
        {
            std::vector<std::jthread> others;
            for (int i = 1; i < threads_; ++i) {
                others.emplace_back([this] { run_loop(); });
            }
            run_loop();
        }
        if (failure_) {
            std::rethrow_exception(failure_);
        }
    }

  private:
    /// On each thread; the first failure ends all of them and is told by `run`.
    void run_loop() {
        try {
            loop_.run();
        } catch (...) {
            const std::scoped_lock lock(failure_mutex_);
            if (!failure_) {
                failure_ = std::current_exception();
            }
            loop_.stop();
        }
    }

    void accept() {
        acceptor_.async_accept(asio::make_strand(loop_),
                               [this](ErrorCode error, tcp::socket socket) {
                                   if (error) {
                                       accept_later();
                                       return;
                                   }
                                   if (tls_) {
                                       tls_->serve(std::move(socket), provider_);
                                   } else {
                                       serve_plain(std::move(socket), provider_);
                                   }
                                   accept();
                               });
    }

    void accept_later() {
        accept_timer_.expires_after(kAcceptPause);
        accept_timer_.async_wait([this](ErrorCode error) {
            if (!error) {
                accept();
            }
        });
    }

    void tick() {
        ticks_.expires_after(kTick);
        ticks_.async_wait([this](ErrorCode error) {
            if (!error) {
                provider_.tick();
                tick();
            }
        });
    }

    void watch_stdin() {
        struct stat kind {};
        const bool readable = ::fstat(STDIN_FILENO, &kind) == 0;
        if (!readable || S_ISREG(kind.st_mode) ||
            (S_ISCHR(kind.st_mode) && ::isatty(STDIN_FILENO) == 0)) {
            throw base::Error("waiting for stdin to close: it is no pipe",
                              "give it one; a file or /dev/null is always at its end");
        }
        stdin_.assign(::dup(STDIN_FILENO));
        read_stdin();
    }

    void read_stdin() {
        stdin_.async_read_some(asio::buffer(unused_), [this](ErrorCode error, std::size_t) {
            if (error) {
                loop_.stop();
            } else {
                read_stdin();
            }
        });
    }

    void watch_process(pid_t process) {
        const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
        if (descriptor < 0) {
            throw base::Error(base::describe_errno(
                "waiting for process " + std::to_string(process) + " to end", errno));
        }
        process_.assign(descriptor);
        process_.async_wait(asio::posix::stream_descriptor::wait_read,
                            [this](ErrorCode) { loop_.stop(); });
    }

    Provider& provider_;
    int threads_;
    asio::io_context loop_;
    tcp::acceptor acceptor_;
    std::optional<Tls> tls_;
    asio::signal_set signals_{loop_, SIGTERM, SIGINT};
    asio::posix::stream_descriptor stdin_{loop_};
    asio::posix::stream_descriptor process_{loop_};
    asio::steady_timer ticks_{loop_};
    asio::steady_timer accept_timer_{loop_};
    std::array<char, 256> unused_{};
    std::mutex failure_mutex_;  ///< guards failure_ until the threads are joined
    std::exception_ptr failure_{};
};

HttpServer::HttpServer(Provider& provider, const ServerOptions& options)
    : parts_(std::make_unique<Parts>(provider, options)) {}

HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const {
    return parts_->port();
}

bool HttpServer::has_tls() const {
    return parts_->has_tls();
}

void HttpServer::run() {
    parts_->run();
}

}  // namespace fleet::mock_provider
