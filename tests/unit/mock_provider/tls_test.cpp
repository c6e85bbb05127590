// The program with TLS, called by a client that trusts nothing but its certificate.
#ifdef MOCK_PROVIDER_TLS
#include <string>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include "tests/support/mock_provider/running_mock.hpp"
#include "tests/support/mock_provider/self_signed.hpp"

using namespace fleet::mock_provider;
namespace asio = boost::asio;

namespace {

constexpr const char* kBody = R"({"model":"m","messages":[{"role":"user","content":"secretly"}]})";

/// One call; all that comes until the server closes.
std::string call(std::uint16_t port, const std::string& trusted) {
    asio::io_context loop;
    asio::ssl::context context(asio::ssl::context::tls_client);
    context.set_verify_mode(asio::ssl::verify_peer);
    if (!trusted.empty()) {
        context.load_verify_file(trusted);
    }
    asio::ssl::stream<asio::ip::tcp::socket> stream(loop, context);
    stream.set_verify_callback(asio::ssl::host_name_verification("127.0.0.1"));
    stream.next_layer().connect({asio::ip::address_v4::loopback(), port});
    stream.handshake(asio::ssl::stream_base::client);
    const std::string body = kBody;
    asio::write(stream, asio::buffer("POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                     "Connection: close\r\nContent-Length: " +
                                     std::to_string(body.size()) + "\r\n\r\n" + body));
    std::string answer;
    boost::system::error_code error;
    asio::read(stream, asio::dynamic_buffer(answer), error);
    CHECK(error == asio::error::eof);
    return answer;
}

}  // namespace

TEST_CASE("the mock speaks TLS with a certificate of its own") {
    const fleet::test_support::TemporaryFolder folder;
    const TlsFiles files = make_self_signed(folder.path());
    const MockProvider mock("{}", {.tls = files});
    CHECK(mock.url().starts_with("https://127.0.0.1:"));
    const std::string answer = call(mock.port(), files.certificate.string());
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.find(R"("content":"secretly")") != std::string::npos);
    CHECK_THROWS_AS(call(mock.port(), ""), boost::system::system_error);
}

TEST_CASE("TLS files that cannot be used are named") {
    const fleet::test_support::TemporaryFolder folder;
    const TlsFiles files = make_self_signed(folder.path());
    CHECK_THROWS_WITH(MockProvider("{}", {.tls = TlsFiles{files.key, files.key}}),
                      Catch::Matchers::Contains("reading the certificate " + files.key.string()));
    CHECK_THROWS_WITH(
        MockProvider("{}", {.tls = TlsFiles{files.certificate, folder / "absent.pem"}}),
        Catch::Matchers::Contains("absent.pem"));
}
#endif
