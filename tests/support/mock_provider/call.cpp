#include "tests/support/mock_provider/call.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"

namespace fleet::mock_provider {
namespace {

using base::Json;

const Json* member(const Json& object, const char* key) {
    if (!object.is_object()) {
        return nullptr;
    }
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

std::string_view word(const Json& object, const char* key) {
    const Json* found = member(object, key);
    return found != nullptr && found->is_string()
               ? std::string_view(found->get_ref<const std::string&>())
               : std::string_view();
}

bool flag(const Json& object, const char* key) {
    const Json* found = member(object, key);
    return found != nullptr && found->is_boolean() && found->get<bool>();
}

/// A content is a text or a list of parts, of which some are texts.
std::string text_of(const Json& content) {
    if (content.is_string()) {
        return content.get<std::string>();
    }
    std::string text;
    if (content.is_array()) {
        for (const Json& part : content) {
            if (part.is_string()) {
                text += part.get_ref<const std::string&>();
            } else {
                text += word(part, "text");
                if (const Json* inner = member(part, "content")) {
                    text += text_of(*inner);
                }
            }
        }
    }
    return text;
}

bool is_tool_result(const Json& message) {
    if (word(message, "role") == "tool") {
        return true;
    }
    const Json* content = member(message, "content");
    return content != nullptr && content->is_array() &&
           std::ranges::any_of(
               *content, [](const Json& part) { return word(part, "type") == "tool_result"; });
}

/// What of a message counts as input besides its content: calls of tools that are sent back.
std::size_t tool_bytes(const Json& message) {
    const Json* calls = member(message, "tool_calls");
    return calls == nullptr ? 0 : base::dump_json(*calls).size();
}

std::optional<std::int64_t> max_tokens_of(const Json& body) {
    for (const char* key : {"max_completion_tokens", "max_tokens"}) {
        const Json* found = member(body, key);
        if (found != nullptr && found->is_number_integer()) {
            const bool huge = found->is_number_unsigned() &&
                              found->get<std::uint64_t>() > std::uint64_t{kMaximumMaxTokens};
            return huge ? kMaximumMaxTokens : std::max<std::int64_t>(0, found->get<std::int64_t>());
        }
    }
    return std::nullopt;
}

std::variant<Call, BadCall> call_of(Call call, const Json& body) {
    if (!body.is_object()) {
        return BadCall{"the body has to be a JSON object"};
    }
    call.model = word(body, "model");
    const Json* messages = member(body, "messages");
    if (call.model.empty()) {
        return BadCall{"you must provide a model parameter"};
    }
    if (messages == nullptr || !messages->is_array() || messages->empty()) {
        return BadCall{"messages: a list of at least one message is required"};
    }
    call.max_tokens = max_tokens_of(body);
    if (call.endpoint == Endpoint::messages && !call.max_tokens) {
        return BadCall{"max_tokens: Field required"};
    }
    std::size_t bytes = 0;
    if (const Json* system = member(body, "system")) {
        bytes += text_of(*system).size();
    }
    for (const Json& message : *messages) {
        const Json* content = member(message, "content");
        std::string text = content == nullptr ? std::string() : text_of(*content);
        bytes += text.size() + tool_bytes(message);
        if (word(message, "role") == "user" && !is_tool_result(message) && !text.empty()) {
            call.user_text = std::move(text);
        }
    }
    if (const Json* tools = member(body, "tools")) {
        bytes += base::dump_json(*tools).size();
    }
    call.input_tokens = tokens_of_bytes(bytes);
    call.after_tool = is_tool_result(messages->back());
    call.streamed = flag(body, "stream");
    if (const Json* options = member(body, "stream_options")) {
        call.usage_in_stream = flag(*options, "include_usage");
    }
    return call;
}

}  // namespace

std::optional<Endpoint> endpoint_of(std::string_view target) {
    const std::string_view path = target.substr(0, target.find('?'));
    if (path.ends_with("/chat/completions")) {
        return Endpoint::chat_completions;
    }
    if (path.ends_with("/v1/messages")) {
        return Endpoint::messages;
    }
    return std::nullopt;
}

std::variant<Call, BadCall> read_call(Endpoint endpoint, std::string key, std::string_view body) {
    Call call;
    call.endpoint = endpoint;
    call.key = std::move(key);
    try {
        return call_of(std::move(call), base::parse_json(body, "the body"));
    } catch (const base::ConfigError& error) {
        return BadCall{error.what()};
    }
}

std::int64_t tokens_of_bytes(std::size_t bytes) {
    return std::max<std::int64_t>(
        1, (static_cast<std::int64_t>(bytes) + kBytesPerToken - 1) / kBytesPerToken);
}

std::string_view first_tokens(std::string_view text, std::int64_t tokens) {
    if (tokens >= tokens_of_bytes(text.size())) {
        return text;
    }
    auto end = static_cast<std::size_t>(tokens * kBytesPerToken);
    const auto continues = [&](std::size_t at) {
        return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
    };
    while (end > 0 && continues(end)) {
        --end;
    }
    return text.substr(0, end);
}

}  // namespace fleet::mock_provider
