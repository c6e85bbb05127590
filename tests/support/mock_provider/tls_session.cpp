#include "common/base/errors.hpp"
#include "tests/support/mock_provider/connections.hpp"

#ifdef MOCK_PROVIDER_TLS
// The overloads for this kind of stream have to be known before the session is.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>

namespace fleet::mock_provider {

using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

template <typename Handler>
void handshake(TlsStream& stream, Handler handler) {
    stream.async_handshake(boost::asio::ssl::stream_base::server, std::move(handler));
}
inline boost::asio::ip::tcp::socket& socket_of(TlsStream& stream) {
    return stream.next_layer();
}
template <typename Handler>
void say_goodbye(TlsStream& stream, Handler handler) {
    // The answer to the goodbye may never come; whoever waits for it has a timer.
    stream.async_shutdown([&stream, handler](boost::system::error_code) mutable {
        boost::system::error_code error;
        stream.next_layer().shutdown(boost::asio::ip::tcp::socket::shutdown_send, error);
        handler(error);
    });
}

}  // namespace fleet::mock_provider

#include "tests/support/mock_provider/session.hpp"

namespace fleet::mock_provider {

class Tls::Context {
  public:
    explicit Context(const TlsFiles& files) {
        try {
            context_.use_certificate_chain_file(files.certificate.string());
        } catch (const boost::system::system_error& error) {
            throw base::Error("reading the certificate " + files.certificate.string() + ": " +
                              error.code().message());
        }
        try {
            context_.use_private_key_file(files.key.string(), asio::ssl::context::pem);
        } catch (const boost::system::system_error& error) {
            throw base::Error("reading the key " + files.key.string() + ": " +
                              error.code().message());
        }
    }
    asio::ssl::context& context() { return context_; }

  private:
    asio::ssl::context context_{asio::ssl::context::tls_server};
};

Tls::Tls(const TlsFiles& files) : context_(std::make_unique<Context>(files)) {}

void Tls::serve(asio::ip::tcp::socket socket, Provider& provider) {
    std::make_shared<Session<TlsStream>>(TlsStream(std::move(socket), context_->context()),
                                         provider)
        ->start();
}

}  // namespace fleet::mock_provider

#else

namespace fleet::mock_provider {

class Tls::Context {};

Tls::Tls(const TlsFiles& /*files*/) {
    throw base::Error("serving TLS: this build was made without OpenSSL",
                      "install libssl-dev and build again");
}

void Tls::serve(boost::asio::ip::tcp::socket /*socket*/, Provider& /*provider*/) {}

}  // namespace fleet::mock_provider

#endif

namespace fleet::mock_provider {

Tls::~Tls() = default;

}  // namespace fleet::mock_provider
