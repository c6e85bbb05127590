#include "tests/support/mock_provider/connections.hpp"
#include "tests/support/mock_provider/session.hpp"

namespace fleet::mock_provider {

void serve_plain(asio::ip::tcp::socket socket, Provider& provider) {
    std::make_shared<Session<asio::ip::tcp::socket>>(std::move(socket), provider)->start();
}

}  // namespace fleet::mock_provider
