// The program itself: real processes, real sockets.
#include <csignal>
#include <fcntl.h>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "common/base/errors.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/mock_provider/running_mock.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet::mock_provider;
using fleet::base::Json;
using fleet::test_support::ChildProgram;
using fleet::test_support::TemporaryFolder;
using fleet::test_support::wait_until;

namespace {

constexpr std::chrono::seconds kLimit{30};

HttpRequest chat(const std::string& text, bool streamed = false) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/v1/chat/completions";
    request.headers = {{"Authorization", "Bearer k"}, {"Content-Type", "application/json"}};
    request.body = Json{{"model", "m"},
                        {"stream", streamed},
                        {"messages", Json::array({{{"role", "user"}, {"content", text}}})}}
                       .dump();
    return request;
}

std::string content_of(const HttpAnswer& answer) {
    return Json::parse(answer.body).at("choices").at(0).at("message").at("content");
}

/// Everything that a call gets until the connection ends.
HttpConnection::Rest rest_of(const MockProvider& mock, std::chrono::milliseconds limit = kLimit) {
    HttpConnection connection(mock.port(), limit);
    connection.send(chat("hello world"));
    return connection.receive_to_end();
}

}  // namespace

TEST_CASE("the mock answers many calls on one connection, then refuses at its limit") {
    MockProvider mock(R"({"limits": {"rpd": {"amount": 50, "per": "day"}}})");
    HttpConnection connection(mock.port(), kLimit);
    for (int i = 0; i < 50; ++i) {
        const HttpAnswer answer = connection.exchange(chat("number " + std::to_string(i)));
        REQUIRE(answer.status == 200);
        CHECK(content_of(answer) == "number " + std::to_string(i));
        CHECK(answer.header("X-RateLimit-Remaining-Requests") == std::to_string(49 - i));
    }
    const HttpAnswer refused = connection.exchange(chat("one more"));
    CHECK(refused.status == 429);
    CHECK(refused.header("retry-after").has_value());
    const Json stats = mock.stats();
    CHECK(stats.at("given") == 50);
    CHECK(stats.at("completed") == 50);
    CHECK(stats.at("rate_limited") == 1);
    CHECK(mock.stop());
}

TEST_CASE("threads of clients get exactly the limit between them") {
    MockProvider mock(R"({"limits": {"rpd": {"amount": 300, "per": "day", "kind": "fixed_window",
                          "start": "first_call"}}})",
                      {.threads = 3});
    std::vector<int> given(6);
    {
        std::vector<std::jthread> clients;
        for (int& count : given) {
            clients.emplace_back([&mock, &count] {
                HttpConnection connection(mock.port(), kLimit);
                for (int i = 0; i < 100; ++i) {
                    count += connection.exchange(chat("x")).status == 200 ? 1 : 0;
                }
            });
        }
    }
    int sum = 0;
    for (const int count : given) {
        sum += count;
    }
    CHECK(sum == 300);
    CHECK(mock.stats().at("offered") == 600);
    CHECK(mock.stats().at("rate_limited") == 300);
    // A sanitizer's finding in the program is its exit code.
    CHECK(mock.stop());
}

TEST_CASE("messages are answered in their own words") {
    const MockProvider mock(R"({"limits": {"rpm": {"amount": 5}}})");
    HttpRequest request = chat("hello");
    request.target = "/v1/messages";
    request.headers = {{"x-api-key", "k"}};
    request.body.insert(1, R"("max_tokens":100,)");
    const HttpAnswer answer = exchange(mock.port(), request);
    CHECK(answer.status == 200);
    CHECK(Json::parse(answer.body).at("content").at(0).at("text") == "hello");
    CHECK(answer.header("anthropic-ratelimit-requests-remaining") == "4");
}

TEST_CASE("a streamed answer arrives in its chunks") {
    const MockProvider mock(R"({"stream": {"chunk_tokens": 1, "interval_ms": 1}})");
    HttpConnection connection(mock.port(), kLimit);
    const HttpAnswer answer = connection.exchange(chat("hello world", true));
    CHECK(answer.header("content-type") == "text/event-stream; charset=utf-8");
    CHECK(answer.body.ends_with("data: [DONE]\n\n"));
    CHECK(answer.body.find(R"("content":"hell")") != std::string::npos);
    // The connection is still good.
    CHECK(connection.exchange(chat("again")).status == 200);
}

TEST_CASE("a call in latency is in flight, beside others") {
    const MockProvider mock(R"({"latency": {"ms": 3600000}})");
    HttpConnection first(mock.port(), kLimit);
    HttpConnection second(mock.port(), kLimit);
    first.send(chat("x"));
    second.send(chat("y"));
    CHECK(wait_until([&] { return mock.stats().at("in_flight").at("now") == 2; }, kLimit));
    CHECK(mock.stats().at("given") == 2);
    CHECK(mock.stats().at("completed") == 0);
}

TEST_CASE("faults of the connection look to a client as they should") {
    using End = HttpConnection::Rest::End;
    MockProvider mock(R"({"faults": {"f": {"kind": "garbage"}}})");
    const HttpConnection::Rest garbage = rest_of(mock);
    CHECK(garbage.end == End::closed);
    CHECK(garbage.bytes.size() == 25);

    mock.configure(R"({"faults": {"f": {"kind": "half_closed"}}})");
    const HttpConnection::Rest half = rest_of(mock);
    CHECK(half.end == End::closed);
    CHECK(half.bytes.empty());

    mock.configure(R"({"faults": {"f": {"kind": "reset"}}})");
    CHECK(rest_of(mock).end == End::reset);

    mock.configure(R"({"faults": {"f": {"kind": "closed_in_body"}}})");
    const HttpConnection::Rest cut = rest_of(mock);
    CHECK(cut.end == End::closed);
    CHECK(cut.bytes.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK_THROWS_WITH(exchange(mock.port(), chat("hello world"), kLimit),
                      Catch::Matchers::Contains("the connection closed after"));

    mock.configure(
        R"({"faults": {"f": null, "drip": {"kind": "slow_drip", "bytes": 50, "interval_ms": 1}}})");
    CHECK(content_of(exchange(mock.port(), chat("drip"), kLimit)) == "drip");

    mock.configure(R"({"faults": {"drip": null, "large": {"kind": "large_answer", "mib": 2}}})");
    CHECK(content_of(exchange(mock.port(), chat("x"), kLimit)).size() == 2UL * 1024 * 1024);
    CHECK(mock.stop());
}

TEST_CASE("a call that is never answered is in flight until its client goes") {
    const MockProvider mock(R"({"faults": {"f": {"kind": "never_answers"}}})");
    {
        HttpConnection connection(mock.port(), std::chrono::milliseconds(50));
        connection.send(chat("x"));
        const HttpConnection::Rest rest = connection.receive_to_end();
        CHECK(rest.end == HttpConnection::Rest::End::still_open);
        CHECK(rest.bytes.empty());
        CHECK(mock.stats().at("in_flight").at("now") == 1);
    }
    CHECK(wait_until([&] { return mock.stats().at("in_flight").at("now") == 0; }, kLimit));
}

TEST_CASE("a body that is too large is refused without being read to its end") {
    const MockProvider mock;
    const HttpAnswer answer =
        exchange(mock.port(), chat(std::string(17UL * 1024 * 1024, 'x')), kLimit);
    CHECK(answer.status == 413);
    CHECK(answer.header("Connection") == "close");
}

TEST_CASE("a client that asks whether to go on is told to") {
    const MockProvider mock;
    HttpConnection connection(mock.port(), kLimit);
    HttpRequest request = chat("hello");
    request.headers = {{"Expect", "100-continue"}, {"Connection", "close"}};
    connection.send(request);
    CHECK(connection.receive_to_end().bytes.starts_with(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

TEST_CASE("a configuration that is wrong is refused with its reason") {
    const MockProvider mock;
    CHECK_THROWS_WITH(mock.configure(R"({"latencies": {}})"),
                      Catch::Matchers::Contains("latencies: unknown key; did you mean latency?"));
    mock.configure(R"({"limits": {"rpm": {"amount": 0}}})");
    CHECK(exchange(mock.port(), chat("x")).status == 429);
    mock.reset();
    CHECK(mock.stats().at("offered") == 0);
}

TEST_CASE("the mock does not start with a wrong scenario or option") {
    CHECK_THROWS_WITH(MockProvider(R"({"fautls": {}})"),
                      Catch::Matchers::Contains("fautls: unknown key; did you mean faults?"));
    const std::string program = fleet::test_support::bin_dir() / "mock_provider";
    const auto ended = fleet::test_support::run_program({{program, "--prot", "0"}});
    CHECK(ended.exit_code == 2);
    CHECK(ended.err.find("did you mean --port?") != std::string::npos);
    CHECK(fleet::test_support::run_program({{program, "--until-stdin-closes"}}).exit_code == 1);
    const MockProvider mock;
    const auto taken =
        fleet::test_support::run_program({{program, "--port", std::to_string(mock.port())}});
    CHECK(taken.exit_code == 1);
    CHECK(taken.err.find("127.0.0.1:" + std::to_string(mock.port())) != std::string::npos);
}

TEST_CASE("the mock ends when its stdin closes") {
    const TemporaryFolder folder;
    const std::string pipe = folder / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const std::string program = fleet::test_support::bin_dir() / "mock_provider";
    ChildProgram child({{"sh", "-c", "exec \"$0\" --until-stdin-closes < \"$1\"", program, pipe}});
    // Opening waits for the reader.
    fleet::base::UniqueFd writing(::open(pipe.c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(writing);
    CHECK(wait_until([&] { return child.out().starts_with("listening on http://127.0.0.1:"); },
                     kLimit));
    CHECK_FALSE(child.wait(std::chrono::milliseconds(0)).has_value());
    writing.reset();
    const auto end = child.wait(kLimit);
    REQUIRE(end.has_value());
    CHECK(end->exit_code == 0);
}

TEST_CASE("the mock ends with the process that it is told to watch") {
    ChildProgram watched({{"sleep", "3600"}});
    const std::string program = fleet::test_support::bin_dir() / "mock_provider";
    ChildProgram child({{program, "--until-process-ends", std::to_string(watched.pid())}});
    CHECK(wait_until([&] { return child.out().starts_with("listening on "); }, kLimit));
    CHECK_FALSE(child.wait(std::chrono::milliseconds(0)).has_value());
    watched.kill(SIGKILL);
    REQUIRE(watched.wait(kLimit).has_value());
    const auto end = child.wait(kLimit);
    REQUIRE(end.has_value());
    CHECK(end->exit_code == 0);
}
