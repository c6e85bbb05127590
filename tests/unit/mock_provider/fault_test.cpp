// Every kind of fault, as it looks to a client.
#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/mock_provider/provider_fixture.hpp"

using namespace fleet::mock_provider;
using fleet::base::Json;

namespace {

bool has(const std::string& reply, const std::string& part) {
    return reply.find(part) != std::string::npos;
}

/// A provider with one limit and this fault.
std::string with_fault(const std::string& fault) {
    return R"({"limits": {"rpm": {"amount": 1000}}, "faults": {"f": )" + fault + "}}";
}

Reply reply_with(const std::string& fault, const std::string& text = "hello world") {
    ProviderFixture mock(with_fault(fault));
    return mock.provider.answer(ProviderFixture::request_of(text)).reply;
}

std::string body_with(const std::string& fault) {
    const std::string bytes = ProviderFixture::bytes(reply_with(fault));
    return bytes.substr(bytes.find("\r\n\r\n") + 4);
}

std::size_t content_length(const std::string& reply) {
    const std::size_t at = reply.find("Content-Length: ");
    REQUIRE(at != std::string::npos);
    return std::stoull(reply.substr(at + 16));
}

}  // namespace

TEST_CASE("a status fault answers with its status and the family's body") {
    for (const int status : {401, 402, 403, 404, 413, 429, 500, 503, 529}) {
        ProviderFixture mock(
            with_fault(R"({"kind": "status", "status": )" + std::to_string(status) + "}"));
        const std::string reply = mock.ask("x");
        INFO(reply);
        CHECK(reply.starts_with("HTTP/1.1 " + std::to_string(status) + " "));
        CHECK(has(reply, R"({"error":{"message":)"));
        CHECK(has(reply, "x-ratelimit-remaining-requests: 1000"));
        CHECK(has(reply, "Retry-After: 1\r\n") == (status == 429));
        CHECK(mock.stats().at("refused").at("fault:f") == 1);
        CHECK(mock.stats().at("rate_limited") == (status == 429 ? 1 : 0));
    }
}

TEST_CASE("a bare 429 says nothing about limits") {
    ProviderFixture mock(with_fault(R"({"kind": "status", "status": 429, "bare": true})"));
    const std::string reply = mock.ask("x");
    CHECK(reply.starts_with("HTTP/1.1 429 "));
    CHECK_FALSE(has(reply, "Retry-After"));
    CHECK_FALSE(has(reply, "x-ratelimit"));
}

TEST_CASE("Retry-After can be a year, negative or rubbish") {
    for (const std::string text : {"31536000", "-5", "soon, maybe", ""}) {
        ProviderFixture mock(with_fault(R"({"kind": "retry_after", "text": ")" + text + "\"}"));
        const std::string reply = mock.ask("x");
        CHECK(reply.starts_with("HTTP/1.1 429 "));
        CHECK(has(reply, "\r\nRetry-After: " + text + "\r\n"));
    }
}

TEST_CASE("a counted fault strikes so many calls and can be armed again") {
    ProviderFixture mock(with_fault(R"({"kind": "status", "next": 2})"));
    CHECK(mock.status() == 500);
    CHECK(mock.status() == 500);
    CHECK(mock.status() == 200);
    mock.control("POST", "/mock/configure", R"({"latency": {"ms": 1}})");
    CHECK(mock.status() == 200);
    mock.control("POST", "/mock/configure", R"({"faults": {"f": {"next": 1}}})");
    CHECK(mock.status() == 500);
    CHECK(mock.status() == 200);
}

TEST_CASE("a probable fault strikes its share of the calls, the same ones with the same seed") {
    const auto struck = [](int seed) {
        ProviderFixture mock(R"({"seed": )" + std::to_string(seed) +
                             R"(, "faults": {"f": {"kind": "status", "probability": 0.3}}})");
        std::vector<bool> calls;
        for (int i = 0; i < 2000; ++i) {
            calls.push_back(mock.status() == 500);
        }
        return calls;
    };
    const std::vector<bool> first = struck(1);
    const auto count = std::count(first.begin(), first.end(), true);
    CHECK(count > 500);
    CHECK(count < 700);
    CHECK(struck(1) == first);
    CHECK(struck(2) != first);
}

TEST_CASE("a fault can be for some models, keys or texts only") {
    ProviderFixture mock(with_fault(
        R"({"kind": "status", "models": ["bad"], "keys": ["k"], "contains": "trouble"})"));
    CHECK(mock.status("trouble", "bad") == 500);
    CHECK(mock.status("trouble", "good") == 200);
    CHECK(mock.status("trouble", "bad", "other") == 200);
    CHECK(mock.status("peace", "bad") == 200);
}

TEST_CASE("faults without HTTP end the connection in their ways") {
    const Reply silent = reply_with(R"({"kind": "never_answers"})");
    CHECK(silent.pieces.empty());
    CHECK(silent.ending == Ending::hold);
    CHECK(reply_with(R"({"kind": "half_closed"})").ending == Ending::half_close);
    CHECK(ProviderFixture::bytes(reply_with(R"({"kind": "half_closed"})")).empty());
    CHECK(reply_with(R"({"kind": "reset"})").ending == Ending::reset);
    const Reply garbage = reply_with(R"({"kind": "garbage"})");
    CHECK(garbage.ending == Ending::close);
    CHECK_FALSE(ProviderFixture::bytes(garbage).starts_with("HTTP/"));
}

TEST_CASE("a body can end before its length") {
    const Reply reply = reply_with(R"({"kind": "closed_in_body"})");
    const std::string bytes = ProviderFixture::bytes(reply);
    const std::size_t sent = bytes.size() - bytes.find("\r\n\r\n") - 4;
    CHECK(reply.ending == Ending::close);
    CHECK(sent > 0);
    CHECK(sent == content_length(bytes) / 2);
}

TEST_CASE("truncated JSON is a whole HTTP answer with half of it") {
    const std::string body = body_with(R"({"kind": "truncated_json"})");
    CHECK(body.starts_with(R"({"id":)"));
    CHECK_FALSE(Json::accept(body));
    const std::string bytes = ProviderFixture::bytes(reply_with(R"({"kind": "truncated_json"})"));
    CHECK(content_length(bytes) == body.size());
}

TEST_CASE("streams are cut and truncated in the middle of their events") {
    const auto streamed = [](const std::string& fault) {
        ProviderFixture mock(with_fault(fault));
        Request request = ProviderFixture::request_of("a text of several pieces");
        request.body.insert(1, R"("stream":true,)");
        return mock.provider.answer(request).reply;
    };
    const Reply cut = streamed(R"({"kind": "closed_in_body"})");
    CHECK(cut.ending == Ending::close);
    CHECK(has(ProviderFixture::bytes(cut), "data: {"));
    CHECK_FALSE(ProviderFixture::bytes(cut).ends_with("0\r\n\r\n"));
    const Reply truncated = streamed(R"({"kind": "truncated_json"})");
    CHECK(truncated.ending == Ending::next_request);
    CHECK(ProviderFixture::bytes(truncated).ends_with("0\r\n\r\n"));
    CHECK_FALSE(has(ProviderFixture::bytes(truncated), "[DONE]"));
}

TEST_CASE("the content type and other headers can be wrong") {
    CHECK(has(ProviderFixture::bytes(reply_with(R"({"kind": "wrong_content_type"})")),
              "\r\nContent-Type: text/html\r\n"));
    const std::string bytes = ProviderFixture::bytes(
        reply_with(R"({"kind": "headers", "headers": {"X-RateLimit-Remaining-Requests": "-7",
                       "x-new": "1e999"}})"));
    CHECK(has(bytes, "\r\nx-ratelimit-remaining-requests: -7\r\n"));
    CHECK(has(bytes, "\r\nx-new: 1e999\r\n"));
    CHECK(has(bytes, "hello world"));
}

TEST_CASE("a large answer has its MiB, whole and streamed") {
    const std::string bytes =
        ProviderFixture::bytes(reply_with(R"({"kind": "large_answer", "mib": 3})"));
    const std::string body = bytes.substr(bytes.find("\r\n\r\n") + 4);
    CHECK(body.size() == content_length(bytes));
    const Json answer = Json::parse(body);
    const auto& text = answer.at("choices").at(0).at("message").at("content");
    CHECK(text.get_ref<const std::string&>() == std::string(3UL * 1024 * 1024, 'x'));

    ProviderFixture mock(with_fault(R"({"kind": "large_answer"})"));
    Request request = ProviderFixture::request_of("x");
    request.body.insert(1, R"("stream":true,)");
    const std::string streamed = ProviderFixture::bytes(mock.provider.answer(request).reply);
    CHECK(std::count(streamed.begin(), streamed.end(), 'x') >= 1024 * 1024);
    CHECK(streamed.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"));
}

TEST_CASE("a slow drip pauses before every few bytes") {
    const Reply reply =
        reply_with(R"({"kind": "slow_drip", "bytes": 3, "interval_ms": 7})", "drop");
    REQUIRE(reply.pieces.size() == 2);
    CHECK(reply.pieces[1].slice == 3);
    CHECK(reply.pieces[1].pause == std::chrono::milliseconds(7));
    CHECK(has(reply.pieces[1].bytes, R"("content":"drop")"));
}

TEST_CASE("a fault that spoils answers is not used up by a refused call") {
    ProviderFixture mock(R"({"limits": {"rpm": {"amount": 1, "kind": "sliding_window"}},
        "faults": {"f": {"kind": "wrong_content_type", "next": 2}}})");
    CHECK(has(mock.ask("x"), "text/html"));
    CHECK(mock.status() == 429);
    mock.clock.advance(std::chrono::minutes(1));
    CHECK(has(mock.ask("x"), "text/html"));
    mock.clock.advance(std::chrono::minutes(1));
    CHECK(has(mock.ask("x"), "application/json"));
    CHECK(mock.stats().at("given") == 3);
}
