// Agents against real HTTP servers: what is sent, what is made of answers, and of those that are
// none.
#include <catch2/catch.hpp>

#include "machines/agents/model_endpoint.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/agents/agent_bench.hpp"
#include "tests/unit/calls/hook_http_server.hpp"
#include "tests/unit/http/raw_server.hpp"

namespace {

using namespace fleet;
using namespace fleet::agents_test;
using agents::ProviderWait;
using Catch::Matchers::Contains;
using expression::from_json;
using expression::to_json;
using hook_test::http_answer;
using hook_test::HttpRequest;
using hook_test::HttpServer;
using http_test::RawServer;
using model::CallEnd;

std::string chat_answer(const std::string& content, const std::string& more = {}) {
    return R"({"id":"r-1","model":"m1-2025","choices":[{"finish_reason":"stop","message":)"
           R"({"role":"assistant","content":)" +
           to_json(expression::Value::string(content)) +
           R"(}}],"usage":{"prompt_tokens":12,"completion_tokens":5)" + more + "}}";
}

/// A status with headers ("Name: value\r\n") and a body.
std::string answer(int status, const std::string& headers, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Failed {
    calls::AgentError error;
    std::string code;
};

Failed failed(calls::Agent& agent) {
    const auto result = agent.call({}, saying("hello"));
    REQUIRE(result.error);
    CHECK(result.finish_reason == "error");
    return {*result.error, result.provider_data.find("error_code")->as_string()};
}

struct Waited {
    base::Millis delay{0};
    std::string message;
    std::string provider;
};

Waited waited(calls::Agent& agent) {
    try {
        (void)agent.call({}, saying("hello"));
    } catch (const ProviderWait& wait) {
        return {wait.delay(), wait.what(), wait.provider()};
    }
    FAIL("the call did not have to wait");
    return {};
}

}  // namespace

TEST_CASE("an agent asks its model and returns all that the answer says") {
    const HttpServer server([](const HttpRequest&) {
        return answer(200,
                      "x-ratelimit-limit-requests: 60\r\nx-ratelimit-remaining-requests: 59\r\n"
                      "x-ratelimit-reset-requests: 1s\r\nX-Request-Id: q-7\r\n"
                      "Set-Cookie: session=secret\r\n",
                      chat_answer("Hello there"));
    });
    agents::ProviderTable providers;
    providers["acme"].prices["m1"] = {2.0, 10.0};
    Bench bench(providers);
    const auto agent = bench.agent(
        agent_at(server.url("/v1"), "      temperature: 0.5\n      max_tokens: 100\n",
                 "system: \"You are {{ model.name }}\"\n    user: \"Say {{ input.word }}\"\n"
                 "    instruction_suffix: Now.\n    post_history_instructions: Stay calm."));
    const auto result = agent->call({}, saying("hello"));
    CHECK_FALSE(result.error);
    CHECK(result.content == "Hello there");
    CHECK(result.output.is_null());
    CHECK(result.finish_reason == "stop");
    CHECK(result.rendered_user_prompt == "Say hello\n\nNow.");
    CHECK(to_json(result.usage) ==
          R"({"input_tokens":12,"output_tokens":5,"total_tokens":17,"cache_read_tokens":0,)"
          R"("cache_write_tokens":0,"api_calls":1})");
    CHECK(result.cost.find("total")->as_floating() == Approx(0.000074));
    CHECK_THAT(to_json(result.rate_limit),
               Contains(R"({"limited":false,"windows":[{"name":"requests_per_minute",)"
                        R"("resource":"requests","remaining":59,"limit":60,"resets_in":1.0,)"));
    const std::string data = to_json(result.provider_data);
    CHECK_THAT(data, Contains(R"("provider":"acme","model":"m1-2025","request_id":"q-7")") &&
                         Contains(R"("x-ratelimit-limit-requests":"60")") && !Contains("secret"));

    const auto requests = server.requests();
    REQUIRE(requests.size() == 1);
    CHECK_THAT(requests[0].head, Contains("POST /v1/chat/completions HTTP/1.1") &&
                                     Contains(std::string("Authorization: Bearer ") + kKey));
    CHECK(requests[0].body ==
          R"({"model":"m1","messages":[{"role":"system","content":"You are acme/m1"},)"
          R"({"role":"user","content":"Say hello\n\nNow."},)"
          R"({"role":"system","content":"Stay calm."}],"temperature":0.5,"max_tokens":100})");

    const auto plans = bench.gate.plans();
    REQUIRE(plans.size() == 1);
    CHECK(plans[0].provider == "acme/m1");
    CHECK(plans[0].phase == "expensive");
    CHECK(plans[0].estimate.input_tokens ==
          static_cast<std::int64_t>((requests[0].body.size() + 3) / 4));
    CHECK(plans[0].estimate.output_tokens == 100);
    CHECK(plans[0].estimate.cost_micros == plans[0].estimate.input_tokens * 2 + 1'000);
    CHECK(bench.gate.begun() == 1);
    const auto outcomes = bench.gate.outcomes();
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].end == CallEnd::answered);
    CHECK(outcomes[0].usage_known);
    CHECK(outcomes[0].usage == model::CallUsage{12, 5, 74});
    CHECK(outcomes[0].rate_limit.windows.size() == 1);
}

TEST_CASE("a streamed answer is the same result") {
    const HttpServer server([](const HttpRequest&) {
        return answer(200, "Content-Type: text/event-stream\r\n",
                      "data: {\"id\":\"s\",\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n"
                      ": comment\n\n"
                      "data: {\"choices\":[{\"delta\":{\"content\":\"lo\"},\"finish_reason\":"
                      "\"stop\"}]}\n\n"
                      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,"
                      "\"completion_tokens\":2}}\n\ndata: [DONE]\n\n");
    });
    Bench bench;
    const auto result =
        bench.agent(agent_at(server.url("/v1"), "      stream: true\n"))->call({}, saying("hello"));
    CHECK(result.content == "Hello");
    CHECK(result.usage.find("output_tokens")->as_integer() == 2);
    CHECK_THAT(server.requests().at(0).body,
               Contains(R"("stream":true,"stream_options":{"include_usage":true})"));

    const HttpServer cut([](const HttpRequest&) {
        return answer(200, "Content-Type: text/event-stream\r\n",
                      "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n");
    });
    const auto half = failed(*bench.agent(agent_at(cut.url("/v1"), "      stream: true\n")));
    CHECK(half.error.type == "ServerError");
    CHECK_THAT(half.error.message, Contains("no whole stream of events"));
}

TEST_CASE("Anthropic's messages are asked in their own form") {
    const HttpServer server([](const HttpRequest&) {
        return http_answer(
            200, R"({"id":"msg_1","model":"claude-x","stop_reason":"tool_use","content":[)"
                 R"({"type":"text","text":"I look"},{"type":"tool_use","id":"t1","name":"look",)"
                 R"("input":{"q":1}}],"usage":{"input_tokens":10,"output_tokens":4,)"
                 R"("cache_read_input_tokens":6}})");
    });
    Bench bench;
    const auto agent = bench.agent(agent_at(server.url("/v1"), "      api: anthropic\n",
                                            "system: Be good.\n    user: \"{{ input.word }}\""));
    calls::AgentRequest request;
    request.input = from_json("{}");
    request.in_tool_loop = true;
    request.messages = from_json(
        R"([{"role":"user","content":"hi"},{"role":"assistant","content":"","tool_calls":)"
        R"([{"id":"t0","type":"function","function":{"name":"look","arguments":"{\"q\": 0}"}}]},)"
        R"({"role":"tool","tool_call_id":"t0","content":"nothing"}])");
    request.tools = {{"look", from_json(R"({"type":"function","function":{"name":"look",)"
                                        R"("parameters":{"type":"object"}}})")}};
    const auto result = agent->call({}, request);
    CHECK_FALSE(result.error);
    CHECK(result.content == "I look");
    CHECK(result.finish_reason == "tool_use");
    REQUIRE(result.tool_calls.size() == 1);
    CHECK(result.tool_calls[0].name == "look");
    CHECK(to_json(result.tool_calls[0].arguments) == R"({"q":1})");
    CHECK(result.usage.find("input_tokens")->as_integer() == 16);
    CHECK(result.usage.find("cache_read_tokens")->as_integer() == 6);
    CHECK(result.rendered_user_prompt.empty());
    const auto sent = server.requests().at(0);
    CHECK_THAT(sent.head, Contains("POST /v1/messages ") && Contains("anthropic-version:") &&
                              Contains(std::string("x-api-key: ") + kKey));
    CHECK(sent.body ==
          R"({"model":"m1","max_tokens":4096,"system":"Be good.","messages":[{"role":"user",)"
          R"("content":[{"type":"text","text":"hi"}]},{"role":"assistant","content":[{"type":)"
          R"("tool_use","id":"t0","name":"look","input":{"q":0}}]},{"role":"user","content":)"
          R"([{"type":"tool_result","tool_use_id":"t0","content":"nothing"}]}],"tools":)"
          R"([{"name":"look","input_schema":{"type":"object"}}]})");
}

TEST_CASE("tools are offered, and calls of tools come back with their arguments") {
    const HttpServer server([](const HttpRequest&) {
        return http_answer(
            200, R"({"choices":[{"finish_reason":"tool_calls","message":{"content":null,)"
                 R"("tool_calls":[{"id":"c1","type":"function","function":{"name":"look",)"
                 R"("arguments":"{\"q\": 2}"}},{"id":"c2","function":{"name":"odd",)"
                 R"("arguments":"not json"}}]}}]})");
    });
    Bench bench;
    const auto result =
        bench
            .agent(agent_at(server.url("/v1"), "",
                            "user: x\n    tools: [{type: function, function: {name: look}}]"))
            ->call({}, saying("hello"));
    CHECK(result.finish_reason == "tool_use");
    REQUIRE(result.tool_calls.size() == 2);
    CHECK(to_json(result.tool_calls[0].arguments) == R"({"q":2})");
    CHECK(to_json(result.tool_calls[1].arguments) == R"("not json")");
    CHECK_THAT(server.requests().at(0).body,
               Contains(R"("tools":[{"type":"function","function":{"name":"look"}}])"));
    // Nothing says what it used: it is charged what was reserved.
    CHECK_FALSE(bench.gate.outcomes().at(0).usage_known);
}

TEST_CASE("an answer that does not fit its schema is sent back once") {
    const std::string prompt = "user: x\n    output: {n: {type: int}}";
    int count = 0;
    const HttpServer server([&](const HttpRequest&) {
        return http_answer(200, chat_answer(++count == 1 ? "about seven" : R"({"n": 7})"));
    });
    Bench bench;
    const auto agent = bench.agent(agent_at(server.url("/v1"), "", prompt));
    const auto result = agent->call({}, saying("hello"));
    CHECK_FALSE(result.error);
    CHECK(to_json(result.output) == R"({"n":7})");
    CHECK(result.usage.find("api_calls")->as_integer() == 2);
    CHECK(result.usage.find("input_tokens")->as_integer() == 24);
    CHECK(bench.gate.plans().size() == 2);
    CHECK(bench.gate.outcomes().size() == 2);
    CHECK_THAT(server.requests().at(0).body,
               Contains(R"("response_format":{"type":"json_object"})") &&
                   Contains("- \\\"n\\\": an integer"));
    CHECK_THAT(server.requests().at(1).body,
               Contains("about seven") && Contains("there is no JSON object in it"));

    const HttpServer stubborn(
        [](const HttpRequest&) { return http_answer(200, chat_answer(R"({"n": "x"})")); });
    const auto twice = failed(*bench.agent(agent_at(stubborn.url("/v1"), "", prompt)));
    CHECK(twice.error.type == "OutputError");
    CHECK(twice.code == "invalid_output");
    CHECK(twice.error.retryable);
    CHECK_THAT(twice.error.message, Contains("acme/m1") && Contains("also not the second one") &&
                                        Contains("`n` must be an integer, and it is x"));
    CHECK(stubborn.requests().size() == 2);
}

TEST_CASE("a provider that says not now makes the execution wait, and the gate is told") {
    struct Row {
        std::string answer;
        model::Refusal refusal;
        std::int64_t delay_ms;
        std::string text;
    };
    const std::vector<Row> rows = {
        {answer(429, "", "slow down"), model::Refusal::per_minute, 1'000, "429 (per_minute): slow"},
        {answer(429, "Retry-After: 7\r\n", ""), model::Refusal::per_minute, 7'000, "429"},
        {answer(429, "Retry-After: 31536000\r\n", ""), model::Refusal::per_minute, 86'400'000, ""},
        {answer(429, "Retry-After: -20\r\nx-ratelimit-remaining-tokens: -1\r\n", ""),
         model::Refusal::per_minute, 1'000, ""},
        {answer(429,
                "Date: Fri, 24 Oct 2025 12:00:00 GMT\r\n"
                "Retry-After: Fri, 24 Oct 2025 12:00:20 GMT\r\n",
                ""),
         model::Refusal::per_minute, 20'000, ""},
        {answer(429, "", "Limit on tokens per day. Please try again in 2h0m0s."),
         model::Refusal::per_day, 7'200'000, "per_day"},
        {answer(503, "", ""), model::Refusal::overloaded, 1'000, "overloaded"},
        {answer(402, "", "pay first"), model::Refusal::billing, 60'000, "billing"},
        {answer(401, "", std::string("Incorrect API key provided: ") + kKey), model::Refusal::auth,
         60'000, "Incorrect API key provided: [key]"},
        {answer(403, "", ""), model::Refusal::auth, 60'000, "403"},
        {http_answer(200, R"({"error":{"code":429,"message":"upstream is rate-limited"}})"),
         model::Refusal::per_minute, 1'000, "upstream is rate-limited"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.answer);
        const HttpServer server([&](const HttpRequest&) { return row.answer; });
        Bench bench;
        const auto agent = bench.agent(agent_at(server.url("/v1")));
        const Waited wait = waited(*agent);
        CHECK(wait.delay.count() == row.delay_ms);
        CHECK(wait.provider == "acme/m1");
        CHECK_THAT(wait.message, Contains("waiting for acme/m1: it answered") &&
                                     Contains(row.text) && !Contains(kKey));
        const auto outcomes = bench.gate.outcomes();
        REQUIRE(outcomes.size() == 1);
        CHECK(outcomes[0].end == CallEnd::refused);
        CHECK(outcomes[0].rate_limit.refusal == row.refusal);
        CHECK(outcomes[0].usage_known);
        CHECK(outcomes[0].usage == model::CallUsage{});
    }
}

TEST_CASE("what a provider will never take, and what it could not do, are errors of the agent") {
    struct Row {
        std::string answer;
        std::string type;
        std::string code;
        bool retryable;
        CallEnd end;
        std::string text;
    };
    const std::vector<Row> rows = {
        {answer(400, "", "no such parameter"), "InvalidRequestError", "invalid_request", false,
         CallEnd::refused, "status 400 (bad_request): no such parameter"},
        {answer(404, "", "no model"), "ModelUnavailableError", "model_unavailable", false,
         CallEnd::refused, "404"},
        {answer(413, "", ""), "InvalidRequestError", "invalid_request", false, CallEnd::refused,
         "413"},
        {answer(400, "", R"({"error":{"code":"context_length_exceeded"}})"), "ContextLengthError",
         "context_length", false, CallEnd::refused, "too_long"},
        {answer(302, "Location: http://elsewhere/\r\n", ""), "InvalidRequestError",
         "invalid_request", false, CallEnd::server_error, "check the base_url"},
        {answer(500, "", "boom"), "ServerError", "server_error", true, CallEnd::server_error,
         "status 500: boom"},
        {answer(200, "Content-Type: application/json\r\n", R"({"choices":[{"mess)"), "ServerError",
         "server_error", true, CallEnd::server_error, "no whole JSON"},
        {answer(200, "Content-Type: text/html\r\n", "<html>maintenance"), "ServerError",
         "server_error", true, CallEnd::server_error, "<html>maintenance"},
        {answer(200, "", ""), "ServerError", "server_error", true, CallEnd::server_error,
         "it is empty"},
        {answer(200, "X-RateLimit-Limit: \xff\xfe\r\n", "\xff\xfe\x01 rubbish"), "ServerError",
         "server_error", true, CallEnd::server_error, "\xef\xbf\xbd\xef\xbf\xbd  rubbish"},
        {answer(200, "", "[]"), "ServerError", "server_error", true, CallEnd::server_error, ""},
        {http_answer(200, R"({"error":{"message":"upstream fell over"}})"), "ServerError",
         "server_error", true, CallEnd::server_error, "upstream fell over"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.answer);
        const HttpServer server([&](const HttpRequest&) { return row.answer; });
        Bench bench;
        const auto failure = failed(*bench.agent(agent_at(server.url("/v1"))));
        CHECK(failure.error.type == row.type);
        CHECK(failure.code == row.code);
        CHECK(failure.error.retryable == row.retryable);
        CHECK_THAT(failure.error.message,
                   Contains("calling acme/m1 at " + server.url("/v1/chat/completions")) &&
                       Contains(row.text));
        CHECK(bench.gate.outcomes().at(0).end == row.end);
    }
}

TEST_CASE("a wrong content type around a good answer does no harm") {
    const HttpServer server([](const HttpRequest&) {
        return answer(200, "Content-Type: text/plain\r\n", chat_answer("fine"));
    });
    Bench bench;
    CHECK(bench.agent(agent_at(server.url("/v1")))->call({}, saying("x")).content == "fine");
}

TEST_CASE("an endpoint that cannot be reached, proves nothing or goes away is an error") {
    Bench bench;
    std::string gone;
    {
        const RawServer closed("");
        gone = closed.url();
    }
    const auto down = failed(*bench.agent(agent_at(gone)));
    CHECK(down.error.type == "ConnectionError");
    CHECK(down.error.retryable);
    CHECK_THAT(down.error.message, Contains("Failed to connect"));

    const auto unknown = failed(*bench.agent(agent_at("http://no-such-host.invalid/v1")));
    CHECK(unknown.error.type == "ConnectionError");
    CHECK_THAT(unknown.error.message, Contains("no-such-host.invalid"));

    const RawServer no_tls("220 smtp\r\n");
    CHECK(failed(*bench.agent(agent_at(no_tls.url("https")))).error.type == "ConnectionError");
    for (const auto& outcome : bench.gate.outcomes()) {
        CHECK(outcome.end == CallEnd::unreachable);
        CHECK(outcome.usage_known);  // nothing was sent
    }

    const RawServer closing("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":");
    const auto half = failed(*bench.agent(agent_at(closing.url())));
    CHECK(half.error.type == "ServerError");
    CHECK(bench.gate.outcomes().back().end == CallEnd::server_error);
    CHECK_FALSE(bench.gate.outcomes().back().usage_known);
    CHECK(failed(*bench.agent(agent_at(no_tls.url()))).error.type == "ServerError");
}

TEST_CASE("an answer that is too slow or too large is an error within its limits") {
    agents::ProviderTable providers;
    providers["acme"].timeout = base::Millis{200};
    providers["acme"].max_answer_bytes = 1'000'000;
    Bench bench(providers);
    const RawServer mute("", RawServer::Then::keep_open);
    const auto late = failed(*bench.agent(agent_at(mute.url())));
    CHECK(late.error.type == "TimeoutError");
    CHECK(late.code == "timeout");
    CHECK(late.error.retryable);
    CHECK_THAT(late.error.message, Contains("no whole answer within 200ms"));
    CHECK(bench.gate.outcomes().back().end == CallEnd::timed_out);
    CHECK_FALSE(bench.gate.outcomes().back().usage_known);

    const RawServer huge("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n{",
                         RawServer::Then::keep_open);
    const auto large = failed(*bench.agent(agent_at(huge.url())));
    CHECK(large.error.type == "ServerError");
    CHECK_FALSE(large.error.retryable);
    CHECK_THAT(large.error.message, Contains("more than the 1000000 bytes"));
}

TEST_CASE("a stopped call ends at once and leaves its permit unreported") {
    const RawServer mute("", RawServer::Then::keep_open);
    Bench bench;
    const auto agent = bench.agent(agent_at(mute.url()));
    std::stop_source stop;
    calls::CallScope scope;
    scope.stop = stop.get_token();
    std::jthread stopper([&] {
        (void)test_support::wait_until([&] { return bench.gate.begun() == 1; });
        stop.request_stop();
    });
    CHECK_THROWS_AS(agent->call(scope, saying("hello")), base::Cancelled);
    CHECK(bench.gate.outcomes().empty());
}

TEST_CASE("an agent whose key or profile is missing is refused by name, without the key") {
    Bench bench;
    const auto refusal = [&](const std::string& text) {
        try {
            (void)bench.agent(text);
        } catch (const base::ConfigError& error) {
            return error.full_text();
        }
        FAIL("the agent was made");
        return std::string();
    };
    const std::string begin =
        "spec: flatagent\nspec_version: \"4.2.1\"\ndata:\n  prompt: {user: hi}\n  profile: ";
    CHECK_THAT(refusal(begin + "{provider: openai, name: gpt-4o}\n"),
               Contains("the key for openai: the variable OPENAI_API_KEY is not set"));
    CHECK_THAT(
        refusal(begin + "{provider: nowhere, name: m}\n"),
        Contains("the provider `nowhere` of its profile is not known") && Contains("`base_url`"));
    CHECK_THAT(refusal(begin + "missing\n"), Contains("the agent `writer` cannot be used:") &&
                                                 Contains("agent.yml:5:12: error: the profile "
                                                          "`missing` cannot be found"));
    CHECK(bench.adapter("smolagents", "{}") == nullptr);
}

TEST_CASE("a template that fails names its file and its text") {
    Bench bench;
    const auto agent =
        bench.agent(agent_at("http://127.0.0.1:1/v1", "", "user: \"{{ input.a.b.c }}\""));
    try {
        (void)agent->call({}, saying("x"));
        FAIL("it was rendered");
    } catch (const calls::CallError& error) {
        CHECK(error.type() == "UndefinedError");
        CHECK_THAT(error.what(), Contains("agent.yml: rendering `user`"));
    }
    CHECK(bench.gate.plans().empty());
}
