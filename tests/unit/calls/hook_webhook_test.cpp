#include <csignal>
#include <future>

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "machines/calls/webhook_hooks.hpp"
#include "machines/expression/print.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/calls/hook_http_server.hpp"

namespace {

using namespace fleet;
using namespace fleet::hook_test;
using calls::CallError;
using calls::CallScope;
using calls::WebhookClient;
using Catch::Matchers::Contains;
using expression::from_json;
using expression::to_json;
using test_support::wait_until;

constexpr base::Millis kAmple{30'000};

CallScope scope_of_run() {
    CallScope scope;
    scope.execution_id = "e-1";
    scope.machine_name = "m";
    scope.state = "here";
    return scope;
}

std::unique_ptr<calls::Hooks> webhook(const std::string& url, base::Millis timeout = kAmple) {
    return calls::make_webhook(
        std::make_shared<WebhookClient>(
            std::make_shared<http::Client>(), url,
            std::vector<std::pair<std::string, std::string>>{{"Authorization", "Bearer k-123"}}),
        timeout);
}

struct Failed {
    std::string type;
    std::string message;
};

Failed failed_start(calls::Hooks& hooks) {
    try {
        (void)hooks.on_machine_start(scope_of_run(), from_json("{}"));
    } catch (const CallError& error) {
        return {error.type(), error.what()};
    }
    FAIL("the call did not fail");
    return {};
}

/// The answer to an event, as the family's webhook understands it.
std::string family_answer(const HttpRequest& request) {
    const auto body = from_json(request.body);
    const std::string event = body.find("event")->as_string();
    if (event == "transition") {
        return http_answer(200, R"({"to_state": "elsewhere"})");
    }
    if (event == "error") {
        return http_answer(200, R"({"recovery_state": "rescue"})");
    }
    if (event == "machine_end" || event == "state_exit") {
        return http_answer(200, R"({"output": {"from": "webhook"}})");
    }
    if (event == "state_enter") {
        return http_answer(204, "");
    }
    return http_answer(200, R"({"context": {"from": ")" + event + R"("}})");
}

}  // namespace

TEST_CASE("the built-in webhook is told of every event, and its answers count") {
    const HttpServer server([](const HttpRequest& request) { return family_answer(request); });
    const auto hooks = webhook(server.url());
    const CallScope scope = scope_of_run();
    const auto context = from_json(R"({"n":1})");
    CHECK(to_json(hooks->on_machine_start(scope, context)) == R"({"from":"machine_start"})");
    CHECK(to_json(hooks->on_state_enter(scope, context)) == R"({"n":1})");
    CHECK(to_json(hooks->on_action(scope, "count", context)) == R"({"from":"action"})");
    CHECK(to_json(hooks->on_state_exit(scope, context, from_json("1"))) == R"({"from":"webhook"})");
    CHECK(hooks->on_transition(scope, "there", context) == "elsewhere");
    CHECK(hooks->on_error(scope, "ValueError", "bad", context) == "rescue");
    CHECK(to_json(hooks->on_machine_end(scope, context, from_json("{}"))) ==
          R"({"from":"webhook"})");

    const auto requests = server.requests();
    REQUIRE(requests.size() == 7);
    CHECK_THAT(requests[0].head, Contains("POST /hook ") && Contains("Bearer k-123") &&
                                     Contains("Content-Type: application/json"));
    CHECK(requests[2].body == R"({"event":"action","action":"count","context":{"n":1},)"
                              R"("execution_id":"e-1","machine":"m"})");
    CHECK(requests[5].body ==
          R"({"event":"error","state":"here","error":"bad","error_type":"ValueError",)"
          R"("context":{"n":1},"execution_id":"e-1","machine":"m"})");
    CHECK(server.connections() == 1);  // kept open between the requests
}

TEST_CASE("a webhook that is down, fails or answers garbage is an error that names it") {
    std::string gone;
    {
        const HttpServer server([](const HttpRequest&) { return http_answer(200, ""); });
        gone = server.url();
    }
    const Failed down = failed_start(*webhook(gone));
    CHECK(down.type == "WebhookError");
    CHECK_THAT(down.message,
               Contains("webhook machine_start: POST " + gone) && Contains("Failed to connect"));

    const HttpServer broken(
        [](const HttpRequest&) { return http_answer(500, "the database is on fire"); });
    const Failed status = failed_start(*webhook(broken.url("/hook?token=s3cret")));
    CHECK(status.type == "WebhookError");
    CHECK_THAT(status.message, Contains("status 500") && Contains("the database is on fire") &&
                                   Contains(broken.url()) && !Contains("s3cret") &&
                                   !Contains("k-123"));

    const HttpServer garbage([](const HttpRequest&) { return http_answer(200, "<html>hello"); });
    CHECK_THAT(failed_start(*webhook(garbage.url())).message,
               Contains("is not JSON: \"<html>hello\""));
    const HttpServer list([](const HttpRequest&) { return http_answer(200, "[1]"); });
    CHECK_THAT(failed_start(*webhook(list.url())).message, Contains("no JSON object"));

    const HttpServer no_http([](const HttpRequest&) { return std::string("220 smtp\r\n"); });
    CHECK(failed_start(*webhook(no_http.url())).type == "WebhookError");
}

TEST_CASE("a webhook that is too slow is a timeout, and the next request works") {
    int count = 0;
    const HttpServer server([&](const HttpRequest&) {
        return ++count == 1 ? std::nullopt : std::optional(http_answer(200, "{}"));
    });
    const auto hooks = webhook(server.url(), base::Millis{1'500});
    const Failed late = failed_start(*hooks);
    CHECK(late.type == "TimeoutError");
    CHECK_THAT(late.message, Contains("no answer within 1.5s"));
    CHECK(to_json(hooks->on_machine_start(scope_of_run(), from_json("{}"))) == "{}");
}

TEST_CASE("a stop request ends a webhook's call") {
    const HttpServer server([](const HttpRequest&) { return std::nullopt; });
    const auto hooks = webhook(server.url());
    std::stop_source stop;
    CallScope scope = scope_of_run();
    scope.stop = stop.get_token();
    auto call = std::async(std::launch::async,
                           [&] { return hooks->on_machine_start(scope, from_json("{}")); });
    REQUIRE(wait_until([&] { return server.requests().size() == 1; }));
    stop.request_stop();
    CHECK_THROWS_AS(call.get(), base::Cancelled);
}

TEST_CASE("an endpoint is sent the requests of hook commands") {
    const HttpServer server([](const HttpRequest& request) {
        const auto body = from_json(request.body);
        const std::string id = to_json(*body.find("id"));
        const std::string method = body.find("method")->as_string();
        if (method == "hello") {
            return http_answer(200, R"({"hello": {"version": 1, "methods": ["on_action"]}})");
        }
        const std::string action = body.find("action")->as_string();
        if (action == "wrong id") {
            return http_answer(200, R"({"id": 12345, "result": {}})");
        }
        if (action == "error") {
            return http_answer(
                200, R"({"id": )" + id + R"(, "error": {"type": "Sold", "message": "x"}})");
        }
        return http_answer(200, R"({"id": )" + id + R"(, "result": {"args": true}})");
    });
    const auto hooks = calls::make_peer_hooks(calls::make_endpoint(
        std::make_shared<http::Client>(),
        {.name = "shop", .url = server.url(), .headers = {{"X-Team", "a"}}}, {}));
    const CallScope scope = scope_of_run();
    const auto context = from_json("{}");
    CHECK(to_json(hooks->on_action(scope, "go", context)) == R"({"args":true})");
    CHECK(to_json(hooks->on_state_enter(scope, context)) == "{}");
    REQUIRE(server.requests().size() == 2);  // hello and the action
    CHECK_THAT(server.requests()[1].head, Contains("X-Team: a"));
    CHECK_THROWS_WITH(hooks->on_action(scope, "error", context), "x");
    CHECK_THROWS_WITH(hooks->on_action(scope, "wrong id", context),
                      Contains("it answered the request 12345"));
}

TEST_CASE("what is no http URL is refused, and secrets of a URL are not shown") {
    CHECK_THROWS_AS(WebhookClient(nullptr, "ftp://x/y", {}), base::ConfigError);
    CHECK_THROWS_AS(WebhookClient(nullptr, "file:///etc/passwd", {}), base::ConfigError);
    CHECK(WebhookClient(nullptr, "https://me:pw@h.example:81/a?key=1#x", {}).shown_url() ==
          "https://h.example:81/a");
    CHECK(WebhookClient(nullptr, "HTTP://h.example", {}).shown_url() == "HTTP://h.example");
}
