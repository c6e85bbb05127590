#include "tests/support/mock_provider/provider.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "tests/unit/mock_provider/provider_fixture.hpp"

using namespace fleet::mock_provider;
using fleet::base::Json;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

bool has(const std::string& reply, const std::string& part) {
    return reply.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a call within the limits is answered, one above them gets 429 with its headers") {
    ProviderFixture mock(R"({"limits": {"rpm": {"amount": 2, "kind": "sliding_window"}}})");
    CHECK(has(mock.ask("hello"), R"("content":"hello")"));
    const std::string second = mock.ask("hello");
    CHECK(second.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(has(second, "\r\nx-ratelimit-remaining-requests: 0\r\n"));
    const std::string third = mock.ask("hello");
    CHECK(third.starts_with("HTTP/1.1 429 Too Many Requests\r\n"));
    CHECK(has(third, "\r\nRetry-After: 60\r\n"));
    CHECK(has(third, "Please try again in 1m0s."));
    mock.clock.advance(seconds(60));
    CHECK(mock.status() == 200);
}

TEST_CASE("counts say what was offered, given and refused, and why") {
    ProviderFixture mock(R"({"limits": {"rpm": {"amount": 2}}, "accepted_keys": ["k"],
                             "models": ["m", "other"]})");
    CHECK(mock.status("12345678") == 200);
    mock.clock.advance(seconds(2));
    CHECK(mock.status("x", "other") == 200);
    CHECK(mock.status() == 429);
    CHECK(mock.status("x", "m", "stolen") == 401);
    CHECK(mock.status("x", "unknown") == 404);
    const Json stats = mock.stats();
    CHECK(stats.at("offered") == 5);
    CHECK(stats.at("given") == 2);
    CHECK(stats.at("completed") == 2);
    CHECK(stats.at("rate_limited") == 1);
    CHECK(stats.at("refused") ==
          Json::parse(R"({"limit:rpm": 1, "unauthorized": 1, "unknown_model": 1})"));
    CHECK(stats.at("tokens") == Json::parse(R"({"input": 3, "output": 3})"));
    CHECK(stats.at("series") == Json::parse(R"({"offered": [1, 0, 4], "given": [1, 0, 1],
                                                "rate_limited": [0, 0, 1]})"));
    CHECK(stats.at("models").at("other").at("given") == 1);
    CHECK(stats.at("models").at("m").at("rate_limited") == 1);
    CHECK(stats.at("in_flight") == Json::parse(R"({"now": 0, "maximum": 1})"));
    CHECK_FALSE(has(stats.dump(), "stolen"));
}

TEST_CASE("a reset forgets the counts and, if asked, the limits") {
    ProviderFixture mock(R"({"limits": {"rpm": {"amount": 1}}})");
    CHECK(mock.status() == 200);
    CHECK(has(mock.control("POST", "/mock/reset"), "200 OK"));
    CHECK(mock.stats().at("offered") == 0);
    CHECK(mock.status() == 429);
    CHECK(has(mock.control("POST", "/mock/reset", R"({"counts": false, "limits": true})"), "200"));
    CHECK(mock.status() == 200);
    CHECK(mock.stats().at("offered") == 2);
    CHECK(has(mock.control("POST", "/mock/reset", R"({"limit": true})"), "did you mean limits?"));
}

TEST_CASE("a configuration is merged; one that is wrong changes nothing") {
    ProviderFixture mock(R"({"limits": {"rpm": {"amount": 1}, "tpm": {"quantity": "tokens",
                             "amount": 1000}}})");
    CHECK(mock.status() == 200);
    const std::string wrong = mock.control("POST", "/mock/configure", R"({"limts": {}})");
    CHECK(has(wrong, "400 Bad Request"));
    CHECK(has(wrong, "limts: unknown key; did you mean limits?"));
    CHECK(mock.status() == 429);
    CHECK(has(mock.control("POST", "/mock/configure", R"({"limits": {"rpm": null}})"), "200 OK"));
    CHECK(mock.status() == 200);
    CHECK(has(mock.control("POST", "/mock/configure", R"({"limit_factor": 0})"), "200 OK"));
    CHECK(mock.status() == 429);
    CHECK(mock.stats().at("refused").at("limit:tpm") == 1);
    CHECK(has(mock.control("POST", "/mock/configure", "[]"), "has to be an object, is array"));
    CHECK(has(mock.control("GET", "/mock/configure"), "405 Method Not Allowed"));
    CHECK(has(mock.control("GET", "/mock/stat"), "404 Not Found"));
}

TEST_CASE("a timeline changes the limits at its times") {
    ProviderFixture mock(R"({
        "limits": {"rps": {"amount": 4, "per": "second", "kind": "fixed_window"}},
        "timeline": [{"at_ms": 10000, "set": {"limit_factor": 0.5}},
                     {"at_ms": 20000, "set": {"limit_factor": 2}}]})");
    const auto passed = [&] {
        int count = 0;
        for (int i = 0; i < 20; ++i) {
            count += mock.status() == 200 ? 1 : 0;
        }
        return count;
    };
    CHECK(passed() == 4);
    mock.clock.advance(seconds(10));
    CHECK(passed() == 2);
    mock.clock.advance(seconds(15));
    CHECK(passed() == 8);
    mock.control("POST", "/mock/configure", R"({"timeline": [{"at_ms": 1000,
                                                "set": {"limit_factor": 0.25}}]})");
    mock.clock.advance(milliseconds(999));
    CHECK(passed() == 8);
    mock.clock.advance(seconds(1));
    CHECK(passed() == 1);
}

TEST_CASE("a background load takes its part of the limit") {
    ProviderFixture mock(R"({
        "limits": {"rps": {"amount": 100, "per": "second", "kind": "fixed_window"}},
        "background": {"requests_per_s": 40}})");
    for (int tenth = 0; tenth < 100; ++tenth) {
        mock.clock.advance(milliseconds(100));
        for (int i = 0; i < 8; ++i) {
            mock.status();
        }
    }
    const Json stats = mock.stats();
    const auto given = stats.at("given").get<int>();
    const auto lost = stats.at("background").at("given").get<int>();
    CHECK(stats.at("background").at("offered") == 401);  // one at the very beginning
    CHECK(stats.at("offered") == 800);
    // 120 a second are offered and 100 pass; ten seconds touch eleven windows.
    CHECK(given + lost >= 1000);
    CHECK(given + lost <= 1100);
    CHECK(lost > 250);
    CHECK(given < 780);
}

TEST_CASE("a background load of hardly any or of very many calls stays bounded") {
    ProviderFixture mock(R"({"background": {"requests_per_s": 1e-300}})");
    mock.clock.advance(std::chrono::hours(48));
    CHECK(mock.stats().at("background").at("offered") == 3);
    mock.control("POST", "/mock/configure", R"({"background": {"requests_per_s": 1000000}})");
    mock.control("POST", "/mock/reset");
    mock.clock.advance(std::chrono::hours(48));
    CHECK(mock.stats().at("background").at("offered") == 1);
}

TEST_CASE("calls in flight above the maximum are refused") {
    ProviderFixture mock(R"({"in_flight": {"maximum": 2, "status": 529}})");
    Answering first = mock.provider.answer(ProviderFixture::request_of("a"));
    Answering second = mock.provider.answer(ProviderFixture::request_of("b"));
    CHECK(mock.status() == 529);
    CHECK(mock.stats().at("in_flight") == Json::parse(R"({"now": 2, "maximum": 3})"));
    first.flight.value().sent();
    first.flight.reset();
    second.flight.reset();  // the client has gone
    CHECK(mock.status() == 200);
    CHECK(mock.stats().at("completed") == 2);
    CHECK(mock.stats().at("refused").at("in_flight") == 1);
}

TEST_CASE("what is no call gets 400 and is counted") {
    ProviderFixture mock("{}");
    Request request = ProviderFixture::request_of("x");
    request.body = "{";
    CHECK(has(ProviderFixture::bytes(mock.provider.answer(request).reply), "400 Bad Request"));
    request.too_large = true;
    const Answering too_large = mock.provider.answer(request);
    CHECK(has(ProviderFixture::bytes(too_large.reply), "413 Payload Too Large"));
    CHECK(too_large.reply.ending == Ending::close);
    CHECK(mock.stats().at("refused").at("bad_request") == 2);
    CHECK(mock.stats().at("in_flight").at("now") == 1);  // too_large is still held
}

TEST_CASE("a skewed clock shows in Date, in resets and in Retry-After dates") {
    ProviderFixture mock(R"({"clock_skew_ms": 3600000, "headers": "openrouter",
                             "retry_after": "http_date",
                             "limits": {"rpm": {"amount": 1, "kind": "sliding_window"}}})");
    const std::string answer = mock.ask("x");
    CHECK(has(answer, "Date: Sat, 21 Nov 2026 08:50:30 GMT"));
    CHECK(has(answer, "X-RateLimit-Reset: 1795251090123"));
    CHECK(has(mock.ask("x"), "Retry-After: Sat, 21 Nov 2026 08:51:31 GMT"));
}

TEST_CASE("latency comes before the answer, and a refusal has its own") {
    ProviderFixture mock(R"({"latency": {"ms": 250, "per_output_token_us": 1000},
                             "refusal_latency_ms": 5, "limits": {"rpm": {"amount": 1}}})");
    const Answering given = mock.provider.answer(ProviderFixture::request_of("12345678"));
    CHECK(given.reply.pieces.front().pause == milliseconds(252));
    const Answering refused = mock.provider.answer(ProviderFixture::request_of("x"));
    CHECK(refused.reply.pieces.front().pause == milliseconds(5));
}

TEST_CASE("a streamed answer comes in chunks with pauses between the events") {
    ProviderFixture mock(R"({"stream": {"chunk_tokens": 1, "interval_ms": 20}})");
    Request request = ProviderFixture::request_of("12345678");
    request.body.insert(1, R"("stream":true,)");
    const Answering answering = mock.provider.answer(request);
    const std::string bytes = ProviderFixture::bytes(answering.reply);
    CHECK(has(bytes, "Content-Type: text/event-stream; charset=utf-8\r\n"));
    CHECK(has(bytes, "Transfer-Encoding: chunked\r\n"));
    CHECK(bytes.ends_with("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"));
    Nanos paused{};
    for (const Piece& piece : answering.reply.pieces) {
        paused += piece.pause;
    }
    CHECK(paused == milliseconds(80));  // role, two pieces of text, reason and end: four pauses
}

TEST_CASE("a scenario that is wrong stops the provider before it begins") {
    CHECK_THROWS_AS(ProviderFixture(R"({"fault": {}})"), fleet::base::ConfigError);
}
