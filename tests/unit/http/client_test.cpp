#include "machines/http/client.hpp"

#include <cstdlib>
#include <future>
#include <latch>
#include <set>
#include <stdexcept>
#include <thread>

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "machines/http/url.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/calls/hook_http_server.hpp"
#include "tests/unit/http/raw_server.hpp"

namespace {

using namespace fleet;
using namespace fleet::http;
using Catch::Matchers::Contains;
using hook_test::HttpRequest;
using hook_test::HttpServer;
using http_test::RawServer;
using test_support::wait_until;

constexpr base::Millis kAmple{30'000};

Request request_to(std::string url) {
    Request request;
    request.url = std::move(url);
    request.body = "{}";
    request.timeout = kAmple;
    request.what = "asking a test's server";
    return request;
}

Response good(Result result) {
    if (const auto* const failure = std::get_if<Failure>(&result)) {
        FAIL("the request failed: " << failure->reason);
    }
    return std::move(std::get<Response>(result));
}

Failure failed(Result result) {
    REQUIRE(std::holds_alternative<Failure>(result));
    return std::move(std::get<Failure>(result));
}

std::string closed_port() {
    const RawServer gone("");
    return gone.url();
}

}  // namespace

TEST_CASE("a request arrives as it is and its answer comes back with its headers") {
    const HttpServer server([](const HttpRequest&) {
        return std::string(
            "HTTP/1.1 429 Slow Down\r\nRetry-After: 3\r\nX-Empty:\r\ncontent-length: "
            "4\r\n\r\nbusy");
    });
    Client client;
    Request request = request_to(server.url("/v1/chat"));
    request.body = "{\"a\":1}";
    request.headers = {{"Authorization", "Bearer k"}, {"X-Nothing", ""}};
    const Response response = good(client.send(request, {}));
    CHECK(response.status == 429);
    CHECK(response.body == "busy");
    CHECK(response.headers ==
          Headers{{"Retry-After", "3"}, {"X-Empty", ""}, {"content-length", "4"}});
    CHECK_FALSE(response.is_http2);
    const auto requests = server.requests();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].body == "{\"a\":1}");
    CHECK_THAT(requests[0].head, Contains("POST /v1/chat HTTP/1.1") &&
                                     Contains("Authorization: Bearer k") &&
                                     Contains("X-Nothing:") && !Contains("Expect"));

    request.method = "GET";
    CHECK(good(client.send(request, {})).status == 429);
    CHECK_THAT(server.requests()[1].head, Contains("GET /v1/chat HTTP/1.1"));
}

TEST_CASE("threads that ask one after the other share a connection") {
    const HttpServer server([](const HttpRequest&) { return hook_test::http_answer(200, "{}"); });
    Client client;
    for (int i = 0; i < 5; ++i) {
        std::jthread([&] {
            CHECK(good(client.send(request_to(server.url()), {})).status == 200);
        }).join();
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("each way to fail has its own name") {
    Client client;
    const auto fail_at = [&](const std::string& url) {
        Request request = request_to(url);
        return failed(client.send(request, {}));
    };
    const Failure unknown = fail_at("http://no-such-host.invalid/x?key=s3cret");
    CHECK(unknown.fault == Fault::name_resolution);
    CHECK_THAT(unknown.reason, Contains("no-such-host.invalid") && !Contains("s3cret"));
    CHECK_FALSE(unknown.sent);

    const Failure refused = fail_at(closed_port());
    CHECK(refused.fault == Fault::connect);
    CHECK_THAT(refused.reason, Contains("Failed to connect"));
    CHECK_FALSE(refused.sent);

    const RawServer no_tls("220 smtp\r\n");
    const Failure tls = fail_at(no_tls.url("https"));
    CHECK(tls.fault == Fault::tls);
    CHECK_FALSE(tls.sent);
    CHECK(fail_at(no_tls.url()).fault == Fault::not_http);

    const RawServer silent("");
    CHECK(fail_at(silent.url()).fault == Fault::closed_early);
    const RawServer truncated("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":");
    const Failure half = fail_at(truncated.url());
    CHECK(half.fault == Fault::closed_early);
    CHECK(half.sent);
    CHECK(half.status == 200);
    CHECK(half.body == "{\"half\":");
}

TEST_CASE("a time limit says whether anything was sent") {
    const RawServer mute("", RawServer::Then::keep_open);
    Client client;
    Request request = request_to(mute.url("https"));
    request.connect_timeout = base::Millis{100};
    const Failure before = failed(client.send(request, {}));
    CHECK(before.fault == Fault::timeout_before_sent);
    CHECK_FALSE(before.sent);
    request = request_to(mute.url());
    request.timeout = base::Millis{100};
    const Failure after = failed(client.send(request, {}));
    CHECK(after.fault == Fault::timeout_after_sent);
    CHECK(after.sent);
}

TEST_CASE("an answer that is too large is cut off, announced or not") {
    Client client;
    const RawServer announced("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n0123456789",
                              RawServer::Then::keep_open);
    Request request = request_to(announced.url());
    request.max_body_bytes = 1'000;
    CHECK(failed(client.send(request, {})).fault == Fault::too_large);

    const RawServer endless("HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x'),
                            RawServer::Then::keep_open);
    request.url = endless.url();
    const Failure large = failed(client.send(request, {}));
    CHECK(large.fault == Fault::too_large);
    CHECK(large.body.size() <= 1'000);
    std::size_t seen = 0;
    request.on_body = [&](std::string_view bytes) { seen += bytes.size(); };
    CHECK(failed(client.send(request, {})).fault == Fault::too_large);
    CHECK(seen <= 1'000);

    const RawServer chatty("HTTP/1.1 200 OK\r\nX: " + std::string(kMaxHeaderBytes, 'x'),
                           RawServer::Then::keep_open);
    request = request_to(chatty.url());
    CHECK_FALSE(std::holds_alternative<Response>(client.send(request, {})));
}

TEST_CASE("a body is given away as it arrives, and what the receiver throws ends the request") {
    std::string body;
    for (int i = 0; i < 5'000; ++i) {
        body += "data: " + std::to_string(i) + "\n\n";
    }
    const HttpServer server([&](const HttpRequest&) { return hook_test::http_answer(200, body); });
    Client client;
    Request request = request_to(server.url());
    std::string received;
    const auto caller = std::this_thread::get_id();
    request.on_body = [&](std::string_view bytes) {
        received += bytes;
        CHECK(std::this_thread::get_id() == caller);
    };
    CHECK(good(client.send(request, {})).body.empty());
    CHECK(received == body);

    request.on_body = [](std::string_view) { throw std::runtime_error("no more"); };
    CHECK_THROWS_WITH(client.send(request, {}), "no more");
    request.on_body = {};
    CHECK(good(client.send(request, {})).body == body);
}

TEST_CASE("a stop request ends a request at once, wherever it is") {
    const RawServer mute("", RawServer::Then::keep_open);
    Client client;
    for (const std::string scheme : {"http", "https"}) {
        std::stop_source stop;
        std::latch started(1);
        auto call = std::async(std::launch::async, [&] {
            started.count_down();
            (void)client.send(request_to(mute.url(scheme)), stop.get_token());
        });
        started.wait();
        stop.request_stop();
        CHECK_THROWS_AS(call.get(), base::Cancelled);
    }
    std::stop_source stopped;
    stopped.request_stop();
    CHECK_THROWS_AS(client.send(request_to(mute.url()), stopped.get_token()), base::Cancelled);
}

TEST_CASE("a thousand threads have a thousand requests in flight in one process") {
    constexpr std::size_t kThreads = 1'000;
    // Nobody is answered before all have asked.
    const RawServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                           RawServer::Then::keep_open, kThreads);
    Client client;
    std::atomic<std::size_t> answered = 0;
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < kThreads; ++i) {
            threads.emplace_back([&] {
                const Result result = client.send(request_to(server.url()), {});
                const auto* const response = std::get_if<Response>(&result);
                answered += response != nullptr && response->body == "{}" ? 1 : 0;
            });
        }
    }
    CHECK(answered == kThreads);
}

TEST_CASE("proxies come from the environment") {
    const HttpServer proxy(
        [](const HttpRequest&) { return hook_test::http_answer(200, "by proxy"); });
    ::setenv("http_proxy", proxy.url("").c_str(), 1);
    Client client;
    const Response response = good(client.send(request_to("http://provider.invalid/v1"), {}));
    ::unsetenv("http_proxy");
    CHECK(response.body == "by proxy");
    CHECK_THAT(proxy.requests().at(0).head, Contains("POST http://provider.invalid/v1 HTTP/1.1"));
}

TEST_CASE("what is no http URL, or a header with a line break, is refused without showing it") {
    Client client;
    CHECK_THROWS_AS(client.send(request_to("ftp://x/y"), {}), base::ConfigError);
    Request request = request_to("http://127.0.0.1:1/");
    request.headers = {{"Authorization", "Bearer s3cret\r\nX: y"}};
    CHECK_THROWS_WITH(client.send(request, {}),
                      Contains("`Authorization` has a line break") && !Contains("s3cret"));
}

TEST_CASE("a URL is shown without what may be secret") {
    CHECK(shown_url("https://me:pw@h.example:81/a?key=1#x") == "https://h.example:81/a");
    CHECK(shown_url("http://h/v1/chat") == "http://h/v1/chat");
    CHECK(is_http_url("HTTPS://h"));
    CHECK_FALSE(is_http_url("file:///etc/passwd"));
    CHECK_FALSE(is_http_url("http://"));
}
