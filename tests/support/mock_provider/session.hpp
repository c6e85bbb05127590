// One connection: requests one after the other, each answered as the provider says. Included by the
// two files that make one of it for each kind of stream.
//
// All of a session runs on its stream's executor, one handler at a time.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "tests/support/mock_provider/provider.hpp"

namespace fleet::mock_provider {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using ErrorCode = beast::error_code;

/// A larger body is not read: 413.
constexpr std::uint64_t kMaximumBodyBytes = 16ULL * 1024 * 1024;
/// So much is gathered before it is written.
constexpr std::size_t kMaximumWriteBytes = 256UL * 1024;
/// After our side has closed, the client has so long to close its own.
constexpr std::chrono::seconds kClosingTime{2};

template <typename Handler>
void handshake(asio::ip::tcp::socket& /*stream*/, Handler handler) {
    handler(ErrorCode());
}
inline asio::ip::tcp::socket& socket_of(asio::ip::tcp::socket& stream) {
    return stream;
}
template <typename Handler>
void say_goodbye(asio::ip::tcp::socket& stream, Handler handler) {
    ErrorCode error;
    stream.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    handler(error);
}

/// Shared by the handlers of its pending operations; ends with the last of them.
template <typename Stream>
class Session : public std::enable_shared_from_this<Session<Stream>> {
  public:
    Session(Stream stream, Provider& provider)
        : stream_(std::move(stream)), timer_(stream_.get_executor()), provider_(provider) {
        provider_.connection_opens();
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { provider_.connection_closes(); }

    void start() {
        ErrorCode ignored;
        socket_of(stream_).set_option(asio::ip::tcp::no_delay(true), ignored);
        asio::dispatch(stream_.get_executor(), [self = this->shared_from_this()] {
            handshake(self->stream_, [self](ErrorCode error) {
                if (!error) {
                    self->read_head();
                }
            });
        });
    }

  private:
    using Parser = http::request_parser<http::string_body>;

    void read_head() {
        parser_.emplace();
        parser_->body_limit(kMaximumBodyBytes);
        http::async_read_header(stream_, buffer_, *parser_,
                                [self = this->shared_from_this()](ErrorCode error, std::size_t) {
                                    self->head_read(error);
                                });
    }

    void head_read(ErrorCode error) {
        if (error || parser_->is_done()) {
            body_read(error);
        } else if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
            out_ = "HTTP/1.1 100 Continue\r\n\r\n";
            asio::async_write(stream_, asio::buffer(out_),
                              [self = this->shared_from_this()](ErrorCode failed, std::size_t) {
                                  if (!failed) {
                                      self->read_body();
                                  }
                              });
        } else {
            read_body();
        }
    }

    void read_body() {
        http::async_read(stream_, buffer_, *parser_,
                         [self = this->shared_from_this()](ErrorCode error, std::size_t) {
                             self->body_read(error);
                         });
    }

    void body_read(ErrorCode error) {
        Request request;
        if (error == http::error::body_limit) {
            request.too_large = true;
        } else if (error) {
            return;  // the client has gone, or what it sends is no HTTP
        }
        auto& message = parser_->get();
        request.method = std::string(message.method_string());
        request.target = std::string(message.target());
        request.key = key_of(message);
        request.body = std::move(message.body());
        request.keep_alive = message.keep_alive() && !request.too_large;
        Answering answering = provider_.answer(request);
        reply_ = std::move(answering.reply);
        flight_ = std::move(answering.flight);
        piece_ = 0;
        proceed();
    }

    template <typename Message>
    static std::string key_of(const Message& message) {
        constexpr beast::string_view kBearer = "Bearer ";
        const beast::string_view value = message[http::field::authorization];
        if (value.starts_with(kBearer)) {
            return std::string(value.substr(kBearer.size()));
        }
        return std::string(message["x-api-key"]);
    }

    /// Writes what is due, or waits for it.
    void proceed() {
        out_.clear();
        gather();
        if (!out_.empty()) {
            asio::async_write(stream_, asio::buffer(out_),
                              [self = this->shared_from_this()](ErrorCode error, std::size_t) {
                                  if (!error) {
                                      self->proceed();
                                  }
                              });
        } else if (piece_ == reply_.pieces.size()) {
            end_reply();
        } else {
            timer_.expires_after(reply_.pieces[piece_].pause);
            timer_.async_wait([self = this->shared_from_this()](ErrorCode error) {
                if (!error) {
                    self->paused_ = true;
                    self->proceed();
                }
            });
        }
    }

    void gather() {
        while (piece_ < reply_.pieces.size() && out_.size() < kMaximumWriteBytes) {
            const Piece& piece = reply_.pieces[piece_];
            if (piece.pause > Nanos::zero() && !std::exchange(paused_, false)) {
                return;
            }
            const std::size_t left = piece.bytes.size() - offset_;
            const std::size_t size = piece.slice == 0 ? left : std::min(left, piece.slice);
            out_.append(piece.bytes, offset_, size);
            offset_ += size;
            if (offset_ == piece.bytes.size()) {
                offset_ = 0;
                if (++repeated_ == piece.repeat) {
                    repeated_ = 0;
                    ++piece_;
                }
            }
        }
    }

    void end_reply() {
        if (flight_ && reply_.ending != Ending::hold) {
            flight_->sent();
            flight_.reset();
        }
        switch (reply_.ending) {
            case Ending::next_request:
                read_head();
                break;
            case Ending::close:
                close_in_time();
                break;
            case Ending::half_close:
                say_goodbye(stream_, [self = this->shared_from_this()](ErrorCode error) {
                    if (!error) {
                        self->wait_for_the_client();
                    }
                });
                break;
            case Ending::reset:
                reset();
                break;
            case Ending::hold:
                wait_for_the_client();
                break;
        }
    }

    /// What the client still sends is read, because closing with unread bytes is a reset, which may
    /// take our answer away from it.
    void close_in_time() {
        timer_.expires_after(kClosingTime);
        timer_.async_wait([self = this->shared_from_this()](ErrorCode error) {
            if (!error) {
                ErrorCode ignored;
                socket_of(self->stream_).close(ignored);
            }
        });
        say_goodbye(stream_, [self = this->shared_from_this()](ErrorCode error) {
            if (error) {
                self->timer_.cancel();
            } else {
                self->wait_for_the_client();
            }
        });
    }

    void wait_for_the_client() {
        out_.resize(4096);
        socket_of(stream_).async_read_some(
            asio::buffer(out_), [self = this->shared_from_this()](ErrorCode error, std::size_t) {
                if (error) {
                    self->timer_.cancel();
                } else {
                    self->wait_for_the_client();
                }
            });
    }

    void reset() {
        ErrorCode ignored;
        auto& socket = socket_of(stream_);
        socket.set_option(asio::socket_base::linger(true, 0), ignored);
        socket.close(ignored);
    }

    Stream stream_;
    asio::steady_timer timer_;
    Provider& provider_;
    beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    Reply reply_{};
    std::optional<Flight> flight_{};
    std::size_t piece_ = 0;   ///< of the reply, that is written next
    std::size_t offset_ = 0;  ///< in it
    std::uint64_t repeated_ = 0;
    bool paused_ = false;  ///< its pause is over
    std::string out_{};    ///< what is being written, or read and thrown away
};

}  // namespace fleet::mock_provider
