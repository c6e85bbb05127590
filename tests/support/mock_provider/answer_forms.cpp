// The forms of answers on the wire, as the two documented interfaces have them.
#include <array>
#include <cstdio>
#include <string_view>

#include "tests/support/mock_provider/answer.hpp"

namespace fleet::mock_provider {
namespace {

using base::Json;

std::string numbered(std::string_view prefix, std::uint64_t number) {
    std::array<char, 24> digits{};
    const int length = std::snprintf(digits.data(), digits.size(), "%016llx",
                                     static_cast<unsigned long long>(number));
    return std::string(prefix) + std::string(digits.data(), static_cast<std::size_t>(length));
}

/// Tools of one answer are numbered by their place in it.
std::string tool_id(std::string_view prefix, const AnswerIdentity& identity, std::size_t place) {
    return numbered(prefix, identity.number) + "_" + std::to_string(place);
}

Json usage(const Answer& answer) {
    return {{"prompt_tokens", answer.input_tokens},
            {"completion_tokens", answer.output_tokens},
            {"total_tokens", answer.input_tokens + answer.output_tokens}};
}

Json function_of(const ToolCall& tool) {
    return {{"name", tool.name}, {"arguments", tool.arguments}};
}

Json completion(const Call& call, const Answer& answer, const AnswerIdentity& identity) {
    Json message = {{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}};
    if (!answer.tools.empty()) {
        message["content"] = nullptr;
        for (std::size_t i = 0; i < answer.tools.size(); ++i) {
            message["tool_calls"].push_back({{"id", tool_id("call_", identity, i)},
                                             {"type", "function"},
                                             {"function", function_of(answer.tools[i])}});
        }
    }
    Json choice = {{"index", 0},
                   {"message", std::move(message)},
                   {"logprobs", nullptr},
                   {"finish_reason", answer.finish_reason}};
    return {{"id", numbered("chatcmpl-", identity.number)},
            {"object", "chat.completion"},
            {"created", identity.created_s},
            {"model", call.model},
            {"choices", Json::array({std::move(choice)})},
            {"usage", usage(answer)},
            {"system_fingerprint", "fp_mock"}};
}

Json message(const Call& call, const Answer& answer, const AnswerIdentity& identity) {
    Json content = Json::array();
    if (answer.tools.empty()) {
        content.push_back({{"type", "text"}, {"text", answer.text}});
    }
    for (std::size_t i = 0; i < answer.tools.size(); ++i) {
        content.push_back({{"type", "tool_use"},
                           {"id", tool_id("toolu_", identity, i)},
                           {"name", answer.tools[i].name},
                           {"input", Json::parse(answer.tools[i].arguments)}});
    }
    return {{"id", numbered("msg_", identity.number)},
            {"type", "message"},
            {"role", "assistant"},
            {"model", call.model},
            {"content", std::move(content)},
            {"stop_reason", answer.finish_reason},
            {"stop_sequence", nullptr},
            {"usage",
             {{"input_tokens", answer.input_tokens}, {"output_tokens", answer.output_tokens}}}};
}

std::vector<std::string_view> chunks_of(std::string_view text, std::int64_t chunk_tokens) {
    std::vector<std::string_view> chunks;
    while (!text.empty()) {
        std::string_view chunk = first_tokens(text, chunk_tokens);
        if (chunk.empty()) {
            chunk = text;  // bytes that are no UTF-8 have no character to end at
        }
        chunks.push_back(chunk);
        text.remove_prefix(chunk.size());
    }
    return chunks;
}

std::string data_event(const Json& data) {
    return "data: " + base::dump_json(data) + "\n\n";
}

/// An event of the messages interface has its type as its name too.
std::string named_event(const Json& data) {
    return "event: " + data.at("type").get<std::string>() + "\n" + data_event(data);
}

std::vector<std::string> completion_events(const Call& call, const Answer& answer,
                                           const AnswerIdentity& identity,
                                           std::int64_t chunk_tokens) {
    const auto chunk = [&](const Json& delta, const Json& reason) {
        Json data = {{"id", numbered("chatcmpl-", identity.number)},
                     {"object", "chat.completion.chunk"},
                     {"created", identity.created_s},
                     {"model", call.model},
                     {"choices", Json::array({{{"index", 0},
                                               {"delta", delta},
                                               {"logprobs", nullptr},
                                               {"finish_reason", reason}}})}};
        if (call.usage_in_stream) {
            data["usage"] = nullptr;
        }
        return data;
    };
    std::vector<std::string> events;
    events.push_back(data_event(chunk({{"role", "assistant"}, {"content", ""}}, nullptr)));
    for (const std::string_view text : chunks_of(answer.text, chunk_tokens)) {
        events.push_back(data_event(chunk({{"content", text}}, nullptr)));
    }
    for (std::size_t i = 0; i < answer.tools.size(); ++i) {
        const ToolCall& tool = answer.tools[i];
        Json start = {{"index", i},
                      {"id", tool_id("call_", identity, i)},
                      {"type", "function"},
                      {"function", {{"name", tool.name}, {"arguments", ""}}}};
        events.push_back(data_event(chunk({{"tool_calls", Json::array({start})}}, nullptr)));
        for (const std::string_view piece : chunks_of(tool.arguments, chunk_tokens)) {
            Json part = {{"index", i}, {"function", {{"arguments", piece}}}};
            events.push_back(data_event(chunk({{"tool_calls", Json::array({part})}}, nullptr)));
        }
    }
    events.push_back(data_event(chunk(Json::object(), answer.finish_reason)));
    if (call.usage_in_stream) {
        Json last = chunk(Json::object(), nullptr);
        last["choices"] = Json::array();
        last["usage"] = usage(answer);
        events.push_back(data_event(last));
    }
    events.emplace_back("data: [DONE]\n\n");
    return events;
}

void add_block(std::vector<std::string>& events, std::size_t index, const Json& block,
               const std::vector<std::string_view>& pieces, const char* delta_type,
               const char* delta_key) {
    events.push_back(
        named_event({{"type", "content_block_start"}, {"index", index}, {"content_block", block}}));
    for (const std::string_view piece : pieces) {
        events.push_back(named_event({{"type", "content_block_delta"},
                                      {"index", index},
                                      {"delta", {{"type", delta_type}, {delta_key, piece}}}}));
    }
    events.push_back(named_event({{"type", "content_block_stop"}, {"index", index}}));
}

std::vector<std::string> message_events(const Call& call, const Answer& answer,
                                        const AnswerIdentity& identity, std::int64_t chunk_tokens) {
    Json start = message(call, answer, identity);
    start["content"] = Json::array();
    start["stop_reason"] = nullptr;
    start["usage"]["output_tokens"] = 1;
    std::vector<std::string> events;
    events.push_back(named_event({{"type", "message_start"}, {"message", start}}));
    events.push_back(named_event({{"type", "ping"}}));
    if (answer.tools.empty()) {
        add_block(events, 0, {{"type", "text"}, {"text", ""}}, chunks_of(answer.text, chunk_tokens),
                  "text_delta", "text");
    }
    for (std::size_t i = 0; i < answer.tools.size(); ++i) {
        const Json block = {{"type", "tool_use"},
                            {"id", tool_id("toolu_", identity, i)},
                            {"name", answer.tools[i].name},
                            {"input", Json::object()}};
        add_block(events, i, block, chunks_of(answer.tools[i].arguments, chunk_tokens),
                  "input_json_delta", "partial_json");
    }
    events.push_back(
        named_event({{"type", "message_delta"},
                     {"delta", {{"stop_reason", answer.finish_reason}, {"stop_sequence", nullptr}}},
                     {"usage", {{"output_tokens", answer.output_tokens}}}}));
    events.push_back(named_event({{"type", "message_stop"}}));
    return events;
}

}  // namespace

std::string answer_body(const Call& call, const Answer& answer, const AnswerIdentity& identity) {
    return base::dump_json(call.endpoint == Endpoint::messages
                               ? message(call, answer, identity)
                               : completion(call, answer, identity));
}

std::vector<std::string> answer_events(const Call& call, const Answer& answer,
                                       const AnswerIdentity& identity, std::int64_t chunk_tokens) {
    return call.endpoint == Endpoint::messages
               ? message_events(call, answer, identity, chunk_tokens)
               : completion_events(call, answer, identity, chunk_tokens);
}

}  // namespace fleet::mock_provider
