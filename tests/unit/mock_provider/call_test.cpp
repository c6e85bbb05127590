#include "tests/support/mock_provider/call.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace fleet::mock_provider;

namespace {

Call call_of(Endpoint endpoint, const std::string& body) {
    auto read = read_call(endpoint, "k", body);
    REQUIRE(std::holds_alternative<Call>(read));
    return std::get<Call>(std::move(read));
}

std::string reason_of(Endpoint endpoint, const std::string& body) {
    const auto read = read_call(endpoint, "k", body);
    REQUIRE(std::holds_alternative<BadCall>(read));
    return std::get<BadCall>(read).reason;
}

}  // namespace

TEST_CASE("the endpoints are known by the end of their path, whatever the base") {
    CHECK(endpoint_of("/v1/chat/completions") == Endpoint::chat_completions);
    CHECK(endpoint_of("/api/v1/chat/completions?x=1") == Endpoint::chat_completions);
    CHECK(endpoint_of("/v1beta/openai/chat/completions") == Endpoint::chat_completions);
    CHECK(endpoint_of("/v1/messages") == Endpoint::messages);
    CHECK_FALSE(endpoint_of("/v1/completions").has_value());
    CHECK_FALSE(endpoint_of("/?/v1/messages").has_value());
}

TEST_CASE("a chat completion's call is read") {
    const Call call = call_of(Endpoint::chat_completions, R"({
        "model": "m", "stream": true, "max_tokens": 9,
        "stream_options": {"include_usage": true},
        "messages": [{"role": "system", "content": "be brief"},
                     {"role": "user", "content": [{"type": "text", "text": "one "},
                                                  {"type": "text", "text": "two"}]}]})");
    CHECK(call.model == "m");
    CHECK(call.user_text == "one two");
    CHECK(call.streamed);
    CHECK(call.usage_in_stream);
    CHECK(call.max_tokens == 9);
    CHECK(call.input_tokens == 4);  // 8 + 7 bytes
    CHECK_FALSE(call.after_tool);
}

TEST_CASE("the last user text counts, and a tool's result is told from it") {
    CHECK(call_of(Endpoint::chat_completions, R"({"model": "m", "messages": [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": null, "tool_calls": []},
        {"role": "tool", "tool_call_id": "c", "content": "result"}]})")
              .after_tool);
    const Call call = call_of(Endpoint::messages, R"({"model": "m", "max_tokens": 5, "messages": [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": [{"type": "tool_use"}]},
        {"role": "user", "content": [{"type": "tool_result", "content": "result"}]}]})");
    CHECK(call.after_tool);
    CHECK(call.user_text == "first");
}

TEST_CASE("max_tokens beyond all bounds is taken as very many") {
    const auto max_tokens = [](const std::string& value) {
        return call_of(
                   Endpoint::chat_completions,
                   R"({"model": "m", "messages": [{"role": "user"}], "max_tokens": )" + value + "}")
            .max_tokens;
    };
    CHECK(max_tokens("18446744073709551615") == kMaximumMaxTokens);
    CHECK(max_tokens("9223372036854775807") == kMaximumMaxTokens);
    CHECK(max_tokens("-3") == 0);
    CHECK(max_tokens("1.5") == std::nullopt);
}

TEST_CASE("what cannot be understood says why") {
    CHECK(reason_of(Endpoint::chat_completions, "{").starts_with("the body: not valid JSON"));
    CHECK(reason_of(Endpoint::chat_completions, "[]") == "the body has to be a JSON object");
    CHECK(reason_of(Endpoint::chat_completions, R"({"messages": []})") ==
          "you must provide a model parameter");
    CHECK(reason_of(Endpoint::chat_completions, R"({"model": "m", "messages": []})") ==
          "messages: a list of at least one message is required");
    CHECK(reason_of(Endpoint::messages,
                    R"({"model": "m", "messages": [{"role": "user", "content": "x"}]})") ==
          "max_tokens: Field required");
}

TEST_CASE("four bytes are a token, and texts are cut between characters") {
    CHECK(tokens_of_bytes(0) == 1);
    CHECK(tokens_of_bytes(4) == 1);
    CHECK(tokens_of_bytes(5) == 2);
    CHECK(first_tokens("abcdefghij", 2) == "abcdefgh");
    CHECK(first_tokens("abc\xc3\xa4", 1) == "abc");
    CHECK(first_tokens("abc", 7) == "abc");
    CHECK(first_tokens("abcde", 0).empty());
}
