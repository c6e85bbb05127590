#include "tests/support/mock_provider/http_exchange.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <netinet/in.h>
#include <poll.h>

#include <sys/socket.h>

#include "common/base/errors.hpp"

namespace fleet::mock_provider {
namespace {

using base::Error;

bool same_name(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, [](char a, char b) {
        const auto lower = [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        };
        return lower(a) == lower(b);
    });
}

std::string text_of(const HttpRequest& request) {
    std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    for (const auto& [name, value] : request.headers) {
        text += name + ": " + value + "\r\n";
    }
    return text + "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" +
           request.body;
}

std::size_t number(const std::string& text, int base) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end == text.data()) {
        throw Error("reading an HTTP answer: '" + text + "' is no length");
    }
    return value;
}

}  // namespace

std::optional<std::string> HttpAnswer::header(std::string_view name) const {
    const auto found = std::ranges::find_if(
        headers, [&](const auto& each) { return same_name(each.first, name); });
    return found == headers.end() ? std::nullopt : std::optional(found->second);
}

HttpConnection::HttpConnection(std::uint16_t port, std::chrono::milliseconds limit)
    : limit_(limit), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!socket_ || ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
                              sizeof address) != 0) {
        throw Error(base::describe_errno("connecting to 127.0.0.1:" + std::to_string(port), errno));
    }
}

void HttpConnection::send(const HttpRequest& request) {
    const std::string text = text_of(request);
    std::size_t sent = 0;
    while (sent < text.size()) {
        const ssize_t count =
            ::send(socket_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            throw Error(base::describe_errno("sending " + request.target, errno));
        }
        sent += static_cast<std::size_t>(count);
    }
}

HttpConnection::Received HttpConnection::receive_once() {
    pollfd readable{socket_.get(), POLLIN, 0};
    int ready = 0;
    do {
        ready = ::poll(&readable, 1, static_cast<int>(limit_.count()));
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0) {
        return Received::nothing;
    }
    std::array<char, 65'536> bytes{};
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (count < 0) {
        return Received::reset;
    }
    received_.append(bytes.data(), static_cast<std::size_t>(count));
    return count > 0 ? Received::something : Received::end;
}

bool HttpConnection::receive_more() {
    const Received received = receive_once();
    if (received == Received::nothing) {
        throw Error("receiving an answer: nothing came for " + std::to_string(limit_.count()) +
                    " ms");
    }
    if (received == Received::reset) {
        throw Error("receiving an answer: the connection was reset");
    }
    return received == Received::something;
}

std::string HttpConnection::take(std::size_t count) {
    while (received_.size() < count) {
        if (!receive_more()) {
            throw Error("receiving an answer: the connection closed after " +
                        std::to_string(received_.size()) + " of " + std::to_string(count) +
                        " bytes");
        }
    }
    std::string taken = received_.substr(0, count);
    received_.erase(0, count);
    return taken;
}

std::string HttpConnection::take_line() {
    std::size_t end = 0;
    while ((end = received_.find("\r\n")) == std::string::npos) {
        if (!receive_more()) {
            throw Error("receiving an answer: the connection closed in its head");
        }
    }
    std::string line = take(end + 2);
    line.resize(end);
    return line;
}

void HttpConnection::receive_chunks(HttpAnswer& answer) {
    while (const std::size_t size = number(take_line(), 16)) {
        answer.body += take(size);
        take_line();
    }
    take_line();
}

HttpAnswer HttpConnection::receive() {
    HttpAnswer answer;
    const std::string first = take_line();
    if (!first.starts_with("HTTP/1.1 ")) {
        throw Error("receiving an answer: '" + first + "' is no HTTP");
    }
    answer.status = static_cast<int>(number(first.substr(9, 3), 10));
    for (std::string line = take_line(); !line.empty(); line = take_line()) {
        const std::size_t colon = line.find(": ");
        if (colon == std::string::npos) {
            throw Error("receiving an answer: '" + line + "' is no header");
        }
        answer.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
    if (answer.header("Transfer-Encoding") == "chunked") {
        receive_chunks(answer);
    } else {
        answer.body = take(number(answer.header("Content-Length").value_or("0"), 10));
    }
    return answer;
}

HttpAnswer HttpConnection::exchange(const HttpRequest& request) {
    send(request);
    return receive();
}

HttpConnection::Rest HttpConnection::receive_to_end() {
    Received received = Received::something;
    while (received == Received::something) {
        received = receive_once();
    }
    Rest rest;
    rest.bytes = std::exchange(received_, {});
    rest.end = received == Received::end     ? Rest::End::closed
               : received == Received::reset ? Rest::End::reset
                                             : Rest::End::still_open;
    return rest;
}

HttpAnswer exchange(std::uint16_t port, const HttpRequest& request,
                    std::chrono::milliseconds limit) {
    return HttpConnection(port, limit).exchange(request);
}

}  // namespace fleet::mock_provider
