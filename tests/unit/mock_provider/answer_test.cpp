#include "tests/support/mock_provider/answer.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

using namespace fleet::mock_provider;
using fleet::base::Json;

namespace {

std::vector<AnswerRule> rules(const std::string& json) {
    Json scenario = Json::object();
    scenario["answers"] = Json::parse(json);
    return read_scenario(scenario, "the test").answers;
}

Call call(Endpoint endpoint, std::string text) {
    Call made;
    made.endpoint = endpoint;
    made.model = "m";
    made.user_text = std::move(text);
    made.input_tokens = tokens_of_bytes(made.user_text.size());
    return made;
}

Call chat(std::string text) {
    return call(Endpoint::chat_completions, std::move(text));
}

/// The JSON of the data lines.
std::vector<Json> data_of(const std::vector<std::string>& events) {
    std::vector<Json> data;
    for (const std::string& event : events) {
        const std::size_t at = event.find("data: ");
        REQUIRE(at != std::string::npos);
        REQUIRE(event.ends_with("\n\n"));
        const std::string text = event.substr(at + 6, event.size() - at - 8);
        if (text != "[DONE]") {
            data.push_back(Json::parse(text));
        }
    }
    return data;
}

constexpr AnswerIdentity kIdentity{7, 1'700'000'000};

}  // namespace

TEST_CASE("without a rule the user text is echoed") {
    const Answer answer = answer_to(chat("hello there"), {});
    CHECK(answer.text == "hello there");
    CHECK(answer.finish_reason == "stop");
    CHECK(answer.input_tokens == 3);
    CHECK(answer.output_tokens == 3);
}

TEST_CASE("the first rule that fits is answered") {
    const auto table = rules(R"({
        "other": {"model": "other", "text": "no"},
        "shout": {"contains": "loud", "echo": "upper"},
        "back": {"contains": "back", "echo": "reversed"},
        "plan": {"contains": "plan", "json": {"of": "{text}", "by": ["{model}", 1]}},
        "rest": {"text": "{model} {says}: {text}", "finish_reason": "content_filter",
                 "input_tokens": 1000, "output_tokens": 500}})");
    CHECK(answer_to(chat("be loud"), table).text == "BE LOUD");
    CHECK(answer_to(chat("back \xc3\xa4"), table).text == "\xc3\xa4 kcab");
    CHECK(answer_to(chat("plan"), table).text == R"({"of":"plan","by":["m",1]})");
    const Answer rest = answer_to(chat("x"), table);
    CHECK(rest.text == "m {says}: x");
    CHECK(rest.finish_reason == "content_filter");
    CHECK(rest.input_tokens == 1000);
    CHECK(rest.output_tokens == 500);
}

TEST_CASE("an answer is cut at max_tokens and says so") {
    Call made = chat("abcdefghij");
    made.max_tokens = 2;
    const Answer answer = answer_to(made, {});
    CHECK(answer.text == "abcdefgh");
    CHECK(answer.output_tokens == 2);
    CHECK(answer.finish_reason == "length");
    made.endpoint = Endpoint::messages;
    CHECK(answer_to(made, {}).finish_reason == "max_tokens");
}

TEST_CASE("tools are called until their result is there") {
    const auto table =
        rules(R"({"t": {"tool_calls": [{"name": "look", "arguments": {"at": 1}}]}})");
    Call made = chat("x");
    const Answer answer = answer_to(made, table);
    const Json body = Json::parse(answer_body(made, answer, kIdentity));
    const Json& choice = body.at("choices").at(0);
    CHECK(choice.at("finish_reason") == "tool_calls");
    CHECK(choice.at("message").at("content").is_null());
    CHECK(choice.at("message").at("tool_calls").at(0).at("function").at("name") == "look");
    CHECK(choice.at("message").at("tool_calls").at(0).at("function").at("arguments") ==
          R"({"at":1})");
    made.after_tool = true;
    CHECK(answer_to(made, table).text == "x");

    const Call messages = call(Endpoint::messages, "x");
    const Json message = Json::parse(answer_body(messages, answer_to(messages, table), kIdentity));
    CHECK(message.at("stop_reason") == "tool_use");
    CHECK(message.at("content").at(0).at("type") == "tool_use");
    CHECK(message.at("content").at(0).at("input").at("at") == 1);
}

TEST_CASE("whole answers have the documented forms") {
    const Call made = chat("hello");
    const Json body = Json::parse(answer_body(made, answer_to(made, {}), kIdentity));
    CHECK(body.at("object") == "chat.completion");
    CHECK(body.at("created") == 1'700'000'000);
    CHECK(body.at("choices").at(0).at("message").at("content") == "hello");
    CHECK(body.at("usage").at("total_tokens") == 4);

    const Call messages = call(Endpoint::messages, "hello");
    const Json message = Json::parse(answer_body(messages, answer_to(messages, {}), kIdentity));
    CHECK(message.at("type") == "message");
    CHECK(message.at("content").at(0).at("text") == "hello");
    CHECK(message.at("usage").at("output_tokens") == 2);
    CHECK(message.at("stop_reason") == "end_turn");
}

TEST_CASE("streamed chat completions add up to the whole answer") {
    REQUIRE(rc::check("any text in any pieces", [] {
        Call made = chat(*rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
        made.streamed = true;
        made.usage_in_stream = *rc::gen::arbitrary<bool>();
        const Answer answer = answer_to(made, {});
        const auto events =
            answer_events(made, answer, kIdentity, *rc::gen::inRange<std::int64_t>(1, 5));
        RC_ASSERT(events.back() == "data: [DONE]\n\n");
        std::string text;
        std::string reason;
        std::int64_t used = 0;
        for (const Json& data : data_of(events)) {
            RC_ASSERT(data.at("object") == "chat.completion.chunk");
            if (data.at("choices").empty()) {
                used = data.at("usage").at("completion_tokens").get<std::int64_t>();
                continue;
            }
            const Json& choice = data.at("choices").at(0);
            text += choice.at("delta").value("content", "");
            reason = choice.at("finish_reason").is_string() ? choice.at("finish_reason") : "";
        }
        RC_ASSERT(text == answer.text);
        RC_ASSERT(reason == "stop");
        RC_ASSERT(used == (made.usage_in_stream ? answer.output_tokens : 0));
    }));
}

TEST_CASE("streamed messages come as the documented events") {
    Call made = call(Endpoint::messages, "hello streaming world");
    made.streamed = true;
    const auto events = answer_events(made, answer_to(made, {}), kIdentity, 2);
    CHECK(events.front().starts_with("event: message_start\ndata: "));
    std::vector<std::string> types;
    std::string text;
    for (const Json& data : data_of(events)) {
        types.push_back(data.at("type"));
        if (types.back() == "content_block_delta") {
            CHECK(data.at("delta").at("type") == "text_delta");
            text += data.at("delta").at("text").get<std::string>();
        }
    }
    CHECK(text == "hello streaming world");
    CHECK(types == std::vector<std::string>{"message_start", "ping", "content_block_start",
                                            "content_block_delta", "content_block_delta",
                                            "content_block_delta", "content_block_stop",
                                            "message_delta", "message_stop"});
}

TEST_CASE("streamed tool calls carry their arguments in pieces") {
    const auto table = rules(
        R"({"t": {"tool_calls": [{"name": "look", "arguments": {"place": "behind the door"}}]}})");
    Call made = chat("x");
    std::string arguments;
    for (const Json& data : data_of(answer_events(made, answer_to(made, table), kIdentity, 1))) {
        for (const Json& tool :
             data.at("choices").at(0).at("delta").value("tool_calls", Json::array())) {
            arguments += tool.at("function").at("arguments").get<std::string>();
        }
    }
    CHECK(arguments == R"({"place":"behind the door"})");

    made.endpoint = Endpoint::messages;
    arguments.clear();
    for (const Json& data : data_of(answer_events(made, answer_to(made, table), kIdentity, 1))) {
        if (data.at("type") == "content_block_delta") {
            arguments += data.at("delta").at("partial_json").get<std::string>();
        }
    }
    CHECK(arguments == R"({"place":"behind the door"})");
}
