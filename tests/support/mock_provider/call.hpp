// A call as a provider understands it, and how its tokens are counted: one token for every 4 bytes
// of UTF-8 text, rounded up, at least one. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace fleet::mock_provider {

enum class Endpoint { chat_completions, messages };

struct Call {
    Endpoint endpoint = Endpoint::chat_completions;
    std::string model;
    std::string key;          ///< empty: none was sent
    std::string user_text;    ///< of the last message of the user that has any text
    bool after_tool = false;  ///< the last message is a tool's result
    bool streamed = false;
    bool usage_in_stream = false;  ///< chat completions: stream_options.include_usage
    std::int64_t input_tokens = 0;
    std::optional<std::int64_t> max_tokens{};
};

/// It cannot be understood: what a 400 says.
struct BadCall {
    std::string reason;
};

/// Paths that end with "/chat/completions" or "/v1/messages", whatever stands before and after '?'.
[[nodiscard]] std::optional<Endpoint> endpoint_of(std::string_view target);

[[nodiscard]] std::variant<Call, BadCall> read_call(Endpoint endpoint, std::string key,
                                                    std::string_view body);

/// A call that asks for more is taken to ask for so much: sums of tokens do not overflow.
constexpr std::int64_t kMaximumMaxTokens = 1'000'000'000;

constexpr std::int64_t kBytesPerToken = 4;
[[nodiscard]] std::int64_t tokens_of_bytes(std::size_t bytes);
/// The longest beginning that is at most so many tokens and cuts no character.
[[nodiscard]] std::string_view first_tokens(std::string_view text, std::int64_t tokens);

}  // namespace fleet::mock_provider
