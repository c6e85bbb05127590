// One exchange with a model, in the form of no provider: what is asked, what came back, and how
// both are written in the two forms that providers speak. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/agents/agent_config.hpp"
#include "machines/calls/agents.hpp"
#include "machines/expression/value.hpp"

namespace fleet::agents {

/// The longest answer that is counted on, and asked for where a provider wants a figure, when the
/// profile has no `max_tokens`.
inline constexpr std::int64_t kDefaultOutputTokens = 4'096;

struct ChatRequest {
    const ModelConfig& model;
    std::string system;         ///< empty: none
    expression::List messages;  ///< in OpenAI's form: {role, content, tool_calls, tool_call_id}
    expression::List tools;     ///< {type: function, function: {...}}
    bool wants_json = false;
    /// "max_completion_tokens" where a provider no longer takes "max_tokens".
    std::string_view max_tokens_name = "max_tokens";
};

struct ChatUsage {
    std::int64_t input_tokens = 0;  ///< all of them, cached ones too
    std::int64_t output_tokens = 0;
    std::int64_t cache_read_tokens = 0;
    std::int64_t cache_write_tokens = 0;
};

/// An error that stands in an answer's body.
struct ChatFault {
    std::optional<int> status;  ///< that it names
    std::string message;
};

struct ChatReply {
    std::optional<std::string> content;
    std::vector<calls::ToolCall> tool_calls;
    std::string finish_reason;  ///< "stop", "length", "tool_use", "content_filter", or as stated
    std::optional<ChatUsage> usage;
    std::optional<double> cost;  ///< where the provider states it
    std::string model;
    std::string id;
    std::optional<ChatFault> fault;
};

/// The request's body.
[[nodiscard]] expression::Value openai_body(const ChatRequest& request);
[[nodiscard]] expression::Value anthropic_body(const ChatRequest& request);

/// A whole answer, or the text of an event stream. nullopt: it is none of that form, or it ends
/// before its end.
[[nodiscard]] std::optional<ChatReply> openai_reply(const expression::Value& answer);
[[nodiscard]] std::optional<ChatReply> openai_stream(std::string_view text);
[[nodiscard]] std::optional<ChatReply> anthropic_reply(const expression::Value& answer);
[[nodiscard]] std::optional<ChatReply> anthropic_stream(std::string_view text);

/// The error in a body, whichever form it has; nullopt: none.
[[nodiscard]] std::optional<ChatFault> fault_in(const expression::Value& answer);

// What both forms need.
[[nodiscard]] std::string text_in(const expression::Value& object, std::string_view key);
/// 0 when it is no number or negative.
[[nodiscard]] std::int64_t count_in(const expression::Value& object, std::string_view key);
[[nodiscard]] expression::Value text_value(std::string_view text);
/// A tool's arguments as the model wrote them: JSON where it is JSON, else its text.
[[nodiscard]] expression::Value arguments_of(const std::string& text);

}  // namespace fleet::agents
