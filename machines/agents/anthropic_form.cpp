// Requests and answers of Anthropic's messages.
#include <map>
#include <utility>

#include "machines/agents/chat.hpp"
#include "machines/agents/read_stream.hpp"
#include "machines/expression/print.hpp"

namespace fleet::agents {
namespace {

using expression::List;
using expression::Value;

Value text_block(std::string_view text) {
    Value block = Value::dict({});
    block.set("type", text_value("text"));
    block.set("text", text_value(text));
    return block;
}

/// What an assistant has said, with the tools that it called.
List assistant_blocks(const Value& message) {
    List blocks;
    // An empty text block is refused.
    if (const std::string text = text_in(message, "content"); !text.empty()) {
        blocks.push_back(text_block(text));
    }
    const Value* const calls = message.find("tool_calls");
    if (calls != nullptr && calls->is_list_like()) {
        for (const Value& call : calls->as_list()) {
            const Value* const function = call.find("function");
            if (function == nullptr) {
                continue;
            }
            Value input = arguments_of(text_in(*function, "arguments"));
            Value block = Value::dict({});
            block.set("type", text_value("tool_use"));
            block.set("id", text_value(text_in(call, "id")));
            block.set("name", text_value(text_in(*function, "name")));
            block.set("input", input.is_dict() ? std::move(input) : Value::dict({}));
            blocks.push_back(std::move(block));
        }
    }
    return blocks;
}

List tool_blocks(const Value& message) {
    Value block = Value::dict({});
    block.set("type", text_value("tool_result"));
    block.set("tool_use_id", text_value(text_in(message, "tool_call_id")));
    block.set("content", text_value(text_in(message, "content")));
    return {std::move(block)};
}

List user_blocks(const Value& message) {
    const Value* const content = message.find("content");
    if (content != nullptr && content->is_list_like()) {
        return content->as_list();
    }
    const std::string text = text_in(message, "content");
    return text.empty() ? List{} : List{text_block(text)};
}

/// Messages of one side after another become one: the two sides have to take turns.
List turns_of(const List& messages) {
    struct Turn {
        std::string role;
        List blocks;
    };
    std::vector<Turn> turns;
    for (const Value& message : messages) {
        const std::string role = text_in(message, "role");
        const bool is_assistant = role == "assistant";
        List blocks = is_assistant     ? assistant_blocks(message)
                      : role == "tool" ? tool_blocks(message)
                                       : user_blocks(message);
        if (blocks.empty()) {
            continue;
        }
        const std::string side = is_assistant ? "assistant" : "user";
        if (turns.empty() || turns.back().role != side) {
            turns.push_back({side, {}});
        }
        turns.back().blocks.insert(turns.back().blocks.end(), blocks.begin(), blocks.end());
    }
    List result;
    for (Turn& turn : turns) {
        Value message = Value::dict({});
        message.set("role", text_value(turn.role));
        message.set("content", Value::list(std::move(turn.blocks)));
        result.push_back(std::move(message));
    }
    return result;
}

Value empty_schema() {
    Value schema = Value::dict({});
    schema.set("type", text_value("object"));
    schema.set("properties", Value::dict({}));
    return schema;
}

List tools_of(const List& tools) {
    List result;
    for (const Value& tool : tools) {
        const Value* const function = tool.find("function");
        if (function == nullptr) {
            continue;
        }
        const Value* const parameters = function->find("parameters");
        Value one = Value::dict({});
        one.set("name", text_value(text_in(*function, "name")));
        if (const std::string text = text_in(*function, "description"); !text.empty()) {
            one.set("description", text_value(text));
        }
        one.set("input_schema",
                parameters != nullptr && parameters->is_dict() ? *parameters : empty_schema());
        result.push_back(std::move(one));
    }
    return result;
}

/// A conversation with tools in it needs their definitions, also where none may be used any more.
List tools_used(const List& messages) {
    std::map<std::string, bool> seen;
    List result;
    for (const Value& message : messages) {
        const Value* const calls = message.find("tool_calls");
        if (calls == nullptr || !calls->is_list_like()) {
            continue;
        }
        for (const Value& call : calls->as_list()) {
            const Value* const function = call.find("function");
            std::string name = function == nullptr ? std::string() : text_in(*function, "name");
            if (!name.empty() && seen.emplace(name, true).second) {
                Value one = Value::dict({});
                one.set("name", text_value(name));
                one.set("input_schema", empty_schema());
                result.push_back(std::move(one));
            }
        }
    }
    return result;
}

std::string finish_reason_of(const std::string& stated) {
    static const std::map<std::string, std::string> names{{"end_turn", "stop"},
                                                          {"stop_sequence", "stop"},
                                                          {"max_tokens", "length"},
                                                          {"refusal", "content_filter"}};
    const auto found = names.find(stated);
    return found == names.end() ? stated : found->second;
}

/// Later figures replace earlier ones: a stream states its output at its end.
void read_usage(const Value& usage, ChatUsage& counted) {
    if (usage.find("input_tokens") != nullptr) {
        counted.cache_read_tokens = count_in(usage, "cache_read_input_tokens");
        counted.cache_write_tokens = count_in(usage, "cache_creation_input_tokens");
        counted.input_tokens = count_in(usage, "input_tokens") + counted.cache_read_tokens +
                               counted.cache_write_tokens;
    }
    if (usage.find("output_tokens") != nullptr) {
        counted.output_tokens = count_in(usage, "output_tokens");
    }
}

class StreamReader {
  public:
    void take(const Value& event) {
        const std::string type = text_in(event, "type");
        if (type == "message_start") {
            if (const Value* const message = event.find("message")) {
                reply_.id = text_in(*message, "id");
                reply_.model = text_in(*message, "model");
                take_usage(*message);
            }
        } else if (type == "content_block_start") {
            if (const Value* const block = event.find("content_block")) {
                take_block(count_in(event, "index"), *block);
            }
        } else if (type == "content_block_delta") {
            if (const Value* const delta = event.find("delta")) {
                if (text_in(*delta, "type") == "text_delta") {
                    reply_.content = reply_.content.value_or("") + text_in(*delta, "text");
                }
                if (const auto found = calls_.find(count_in(event, "index"));
                    found != calls_.end()) {
                    found->second.arguments += text_in(*delta, "partial_json");
                }
            }
        } else if (type == "message_delta") {
            if (const Value* const delta = event.find("delta")) {
                reply_.finish_reason = finish_reason_of(text_in(*delta, "stop_reason"));
            }
            take_usage(event);
        } else if (type == "message_stop") {
            is_whole_ = true;
        }
    }

    std::optional<ChatReply> finish() {
        if (!is_whole_) {
            return std::nullopt;
        }
        for (auto& [index, call] : calls_) {
            reply_.tool_calls.push_back(
                {std::move(call.id), std::move(call.name), arguments_of(call.arguments)});
        }
        return std::move(reply_);
    }

  private:
    struct Call {
        std::string id;
        std::string name;
        std::string arguments;
    };

    void take_block(std::int64_t index, const Value& block) {
        if (text_in(block, "type") == "tool_use") {
            calls_[index] = {text_in(block, "id"), text_in(block, "name"), {}};
        } else if (text_in(block, "type") == "text") {
            reply_.content = reply_.content.value_or("") + text_in(block, "text");
        }
    }
    void take_usage(const Value& holder) {
        if (const Value* const usage = holder.find("usage"); usage != nullptr) {
            ChatUsage counted = reply_.usage.value_or(ChatUsage{});
            read_usage(*usage, counted);
            reply_.usage = counted;
        }
    }

    ChatReply reply_;
    std::map<std::int64_t, Call> calls_;
    bool is_whole_ = false;
};

}  // namespace

Value anthropic_body(const ChatRequest& request) {
    const ModelConfig& model = request.model;
    Value body = Value::dict({});
    body.set("model", text_value(model.name));
    body.set("max_tokens", Value::integer(model.max_tokens.value_or(kDefaultOutputTokens)));
    if (!request.system.empty()) {
        body.set("system", text_value(request.system));
    }
    body.set("messages", Value::list(turns_of(request.messages)));
    if (model.temperature) {
        body.set("temperature", Value::floating(*model.temperature));
    }
    if (model.top_p) {
        body.set("top_p", Value::floating(*model.top_p));
    }
    if (model.top_k) {
        body.set("top_k", Value::integer(*model.top_k));
    }
    List tools = tools_of(request.tools);
    if (tools.empty()) {
        tools = tools_used(request.messages);
        if (!tools.empty()) {
            Value choice = Value::dict({});
            choice.set("type", text_value("none"));
            body.set("tool_choice", std::move(choice));
        }
    }
    if (!tools.empty()) {
        body.set("tools", Value::list(std::move(tools)));
    }
    if (model.stream) {
        body.set("stream", Value::boolean(true));
    }
    return body;
}

std::optional<ChatReply> anthropic_reply(const Value& answer) {
    ChatReply reply;
    reply.fault = fault_in(answer);
    if (reply.fault) {
        return reply;
    }
    const Value* const content = answer.find("content");
    if (content == nullptr || !content->is_list_like()) {
        return std::nullopt;
    }
    reply.id = text_in(answer, "id");
    reply.model = text_in(answer, "model");
    reply.finish_reason = finish_reason_of(text_in(answer, "stop_reason"));
    for (const Value& block : content->as_list()) {
        const std::string type = text_in(block, "type");
        if (type == "text") {
            reply.content = reply.content.value_or("") + text_in(block, "text");
        } else if (type == "tool_use") {
            const Value* const input = block.find("input");
            reply.tool_calls.push_back({text_in(block, "id"), text_in(block, "name"),
                                        input == nullptr ? Value::dict({}) : *input});
        }
    }
    if (const Value* const usage = answer.find("usage"); usage != nullptr) {
        ChatUsage counted;
        read_usage(*usage, counted);
        reply.usage = counted;
    }
    return reply;
}

std::optional<ChatReply> anthropic_stream(std::string_view text) {
    return read_stream(StreamReader(), text);
}

}  // namespace fleet::agents
