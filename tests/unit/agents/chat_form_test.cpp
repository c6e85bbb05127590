#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "machines/agents/chat.hpp"
#include "machines/agents/event_stream.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace {

using namespace fleet;
using namespace fleet::agents;
using expression::from_json;
using expression::to_json;

/// Everything that reads answers, on one text.
void read_all(const std::string& text) {
    (void)openai_stream(text);
    (void)anthropic_stream(text);
    try {
        const auto value = from_json(text);
        (void)openai_reply(value);
        (void)anthropic_reply(value);
    } catch (const expression::EvaluationError&) {
        return;  // no JSON
    }
}

}  // namespace

TEST_CASE("events of a stream are read with their names, and one that is cut off is left out") {
    const auto events =
        parse_events("event: a\r\ndata: 1\r\n\r\ndata:2\ndata: 3\n\n: nothing\n\ndata: half");
    REQUIRE(events.size() == 2);
    CHECK(events[0].name == "a");
    CHECK(events[0].data == "1");
    CHECK(events[1].name.empty());
    CHECK(events[1].data == "2\n3");
}

TEST_CASE("tools of a streamed answer are joined from their pieces in both forms") {
    const auto openai =
        openai_stream(R"(data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c",)"
                      R"("function":{"name":"look","arguments":"{\"q\""}}]}}]})"
                      "\n\n"
                      R"(data: {"choices":[{"delta":{"tool_calls":[{"index":0,)"
                      R"("function":{"arguments":": 1}"}}]},"finish_reason":"tool_calls"}]})"
                      "\n\n");
    REQUIRE(openai);
    CHECK(openai->finish_reason == "tool_use");
    REQUIRE(openai->tool_calls.size() == 1);
    CHECK(openai->tool_calls[0].id == "c");
    CHECK(openai->tool_calls[0].name == "look");
    CHECK(to_json(openai->tool_calls[0].arguments) == R"({"q":1})");

    const std::string begin =
        R"(data: {"type":"message_start","message":{"id":"m","usage":{"input_tokens":5}}})"
        "\n\n"
        R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use",)"
        R"("id":"t","name":"look"}})"
        "\n\n"
        R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta",)"
        R"("partial_json":"{\"q\": 2}"}})"
        "\n\n"
        R"(data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},)"
        R"("usage":{"output_tokens":7}})"
        "\n\n";
    CHECK_FALSE(anthropic_stream(begin));
    const auto anthropic = anthropic_stream(begin + "data: {\"type\":\"message_stop\"}\n\n");
    REQUIRE(anthropic);
    REQUIRE(anthropic->tool_calls.size() == 1);
    CHECK(to_json(anthropic->tool_calls[0].arguments) == R"({"q":2})");
    CHECK(anthropic->usage->input_tokens == 5);
    CHECK(anthropic->usage->output_tokens == 7);
}

TEST_CASE("an error in a stream is found, with its status") {
    const auto overloaded = anthropic_stream(
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
        "\"message\":\"busy\"}}\n\n");
    REQUIRE(overloaded);
    REQUIRE(overloaded->fault);
    CHECK(overloaded->fault->status == 529);
    CHECK(overloaded->fault->message == "overloaded_error: busy");
    CHECK(fault_in(from_json(R"({"error":"plain"})"))->message == "plain");
    CHECK_FALSE(fault_in(from_json(R"({"error":null})")));
}

TEST_CASE("a conversation with tools is told of them even when none may be used any more") {
    ModelConfig model;
    model.name = "m";
    ChatRequest request{.model = model,
                        .system = {},
                        .messages = from_json(R"([{"role":"assistant","content":"","tool_calls":)"
                                              R"([{"id":"1","function":{"name":"look",)"
                                              R"("arguments":"{}"}}]},{"role":"tool",)"
                                              R"("tool_call_id":"1","content":"x"}])")
                                        .as_list(),
                        .tools = {}};
    const auto body = anthropic_body(request);
    CHECK(to_json(*body.find("tool_choice")) == R"({"type":"none"})");
    CHECK(to_json(*body.find("tools")) ==
          R"([{"name":"look","input_schema":{"type":"object","properties":{}}}])");
}

TEST_CASE("no answer makes reading it throw") {
    rc::check([](const std::string& text) { read_all(text); });
    rc::check([] {
        const auto piece = rc::gen::element<std::string>(
            "{", "}", "[", "]", ",", ":", "\"choices\"", "\"message\"", "\"delta\"",
            "\"tool_calls\"", "\"function\"", "\"content\"", "\"usage\"", "\"error\"", "\"type\"",
            "null", "1e999", "-1", "\"x\"", "true", "data: ", "\n\n", "\n");
        std::string text;
        for (const std::string& one : *rc::gen::container<std::vector<std::string>>(piece)) {
            text += one;
        }
        read_all(text);
    });
    // Whole documents with members of the wrong kinds.
    rc::check([] {
        const auto value = [] {
            return *rc::gen::element<std::string>("null", "1", "\"x\"", "[]", "{}", "true", "[{}]",
                                                  "[null]", "{\"function\":1}");
        };
        read_all("{\"choices\":[{\"message\":{\"content\":" + value() + ",\"tool_calls\":[" +
                 value() + "," + value() + "]},\"finish_reason\":" + value() +
                 "}],\"usage\":" + value() + ",\"id\":" + value() + ",\"content\":[" + value() +
                 "],\"error\":" + value() + "}");
    });
}
