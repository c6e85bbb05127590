// Requests and answers of OpenAI's chat completions, which most providers speak.
#include <map>
#include <utility>

#include "machines/agents/chat.hpp"
#include "machines/agents/read_stream.hpp"
#include "machines/expression/print.hpp"

namespace fleet::agents {
namespace {

using expression::List;
using expression::Value;

template <typename Number>
void set_number(Value& body, std::string_view key, const std::optional<Number>& number) {
    if (number) {
        if constexpr (std::is_same_v<Number, double>) {
            body.set(key, Value::floating(*number));
        } else {
            body.set(key, Value::integer(*number));
        }
    }
}

std::string finish_reason_of(const std::string& stated) {
    if (stated == "tool_calls" || stated == "function_call") {
        return "tool_use";
    }
    return stated;
}

ChatUsage usage_of(const Value& usage) {
    ChatUsage counted;
    counted.input_tokens = count_in(usage, "prompt_tokens");
    counted.output_tokens = count_in(usage, "completion_tokens");
    if (const Value* const details = usage.find("prompt_tokens_details")) {
        counted.cache_read_tokens = count_in(*details, "cached_tokens");
    }
    return counted;
}

void read_usage(const Value& answer, ChatReply& reply) {
    const Value* const usage = answer.find("usage");
    if (usage == nullptr || !usage->is_dict()) {
        return;
    }
    reply.usage = usage_of(*usage);
    const Value* const cost = usage->find("cost");
    if (cost != nullptr && cost->is_number() && cost->as_floating() >= 0) {
        reply.cost = cost->as_floating();
    }
}

const Value* first_choice(const Value& answer) {
    const Value* const choices = answer.find("choices");
    const bool is_there =
        choices != nullptr && choices->is_list_like() && !choices->as_list().empty();
    return is_there ? &choices->as_list().front() : nullptr;
}

/// A text, or the texts of a list of parts.
std::optional<std::string> content_of(const Value& message) {
    const Value* const content = message.find("content");
    if (content == nullptr || content->is_null()) {
        return std::nullopt;
    }
    if (content->is_string()) {
        return content->as_string();
    }
    std::string text;
    if (content->is_list_like()) {
        for (const Value& part : content->as_list()) {
            text += text_in(part, "text");
        }
    }
    return text;
}

/// Joins the pieces of a streamed answer.
class StreamReader {
  public:
    void take(const Value& chunk) {
        if (reply_.id.empty()) {
            reply_.id = text_in(chunk, "id");
            reply_.model = text_in(chunk, "model");
        }
        read_usage(chunk, reply_);
        const Value* const choice = first_choice(chunk);
        if (choice == nullptr) {
            return;
        }
        if (const std::string reason = text_in(*choice, "finish_reason"); !reason.empty()) {
            reply_.finish_reason = finish_reason_of(reason);
        }
        if (const Value* const delta = choice->find("delta")) {
            if (const auto text = content_of(*delta)) {
                reply_.content = reply_.content.value_or("") + *text;
            }
            take_tools(*delta);
        }
    }

    std::optional<ChatReply> finish() {
        if (reply_.finish_reason.empty()) {
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

    void take_tools(const Value& delta) {
        const Value* const calls = delta.find("tool_calls");
        if (calls == nullptr || !calls->is_list_like()) {
            return;
        }
        for (const Value& piece : calls->as_list()) {
            Call& call = calls_[count_in(piece, "index")];
            call.id += text_in(piece, "id");
            if (const Value* const function = piece.find("function")) {
                call.name += text_in(*function, "name");
                call.arguments += text_in(*function, "arguments");
            }
        }
    }

    ChatReply reply_;
    std::map<std::int64_t, Call> calls_;
};

}  // namespace

Value openai_body(const ChatRequest& request) {
    const ModelConfig& model = request.model;
    List messages;
    if (!request.system.empty()) {
        Value message = Value::dict({});
        message.set("role", text_value("system"));
        message.set("content", text_value(request.system));
        messages.push_back(std::move(message));
    }
    messages.insert(messages.end(), request.messages.begin(), request.messages.end());
    Value body = Value::dict({});
    body.set("model", text_value(model.name));
    body.set("messages", Value::list(std::move(messages)));
    set_number(body, "temperature", model.temperature);
    set_number(body, request.max_tokens_name, model.max_tokens);
    set_number(body, "top_p", model.top_p);
    set_number(body, "top_k", model.top_k);
    set_number(body, "frequency_penalty", model.frequency_penalty);
    set_number(body, "presence_penalty", model.presence_penalty);
    set_number(body, "seed", model.seed);
    if (!request.tools.empty()) {
        body.set("tools", Value::list(request.tools));
    }
    if (request.wants_json) {
        Value format = Value::dict({});
        format.set("type", text_value("json_object"));
        body.set("response_format", std::move(format));
    }
    if (model.stream) {
        Value options = Value::dict({});
        options.set("include_usage", Value::boolean(true));
        body.set("stream", Value::boolean(true));
        body.set("stream_options", std::move(options));
    }
    return body;
}

std::optional<ChatReply> openai_reply(const Value& answer) {
    ChatReply reply;
    reply.fault = fault_in(answer);
    if (reply.fault) {
        return reply;
    }
    const Value* const choice = first_choice(answer);
    const Value* const message = choice == nullptr ? nullptr : choice->find("message");
    if (message == nullptr || !message->is_dict()) {
        return std::nullopt;
    }
    reply.id = text_in(answer, "id");
    reply.model = text_in(answer, "model");
    reply.content = content_of(*message);
    reply.finish_reason = finish_reason_of(text_in(*choice, "finish_reason"));
    read_usage(answer, reply);
    const Value* const calls = message->find("tool_calls");
    if (calls != nullptr && calls->is_list_like()) {
        for (const Value& call : calls->as_list()) {
            const Value* const function = call.find("function");
            if (function != nullptr) {
                const Value* const arguments = function->find("arguments");
                reply.tool_calls.push_back({text_in(call, "id"), text_in(*function, "name"),
                                            arguments != nullptr && arguments->is_dict()
                                                ? *arguments
                                                : arguments_of(text_in(*function, "arguments"))});
            }
        }
    }
    if (!reply.tool_calls.empty()) {
        reply.finish_reason = "tool_use";  // some providers say "stop"
    }
    return reply;
}

std::optional<ChatReply> openai_stream(std::string_view text) {
    return read_stream(StreamReader(), text);
}

}  // namespace fleet::agents
