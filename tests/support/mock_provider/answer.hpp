// What a provider answers: the content by the scenario's rules, and its forms on the wire, whole or
// as server-sent events. Deterministic: the same call gets the same answer. Pure; safe from any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/mock_provider/call.hpp"
#include "tests/support/mock_provider/scenario.hpp"

namespace fleet::mock_provider {

struct Answer {
    std::string text{};  ///< empty when tools are called
    std::vector<ToolCall> tools{};
    std::string finish_reason{};  ///< in the words of the endpoint's family
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
};

/// By the first rule that fits, or an echo of the user text. An answer longer than the call's
/// `max_tokens` is cut there and says so in its finish reason.
[[nodiscard]] Answer answer_to(const Call& call, const std::vector<AnswerRule>& rules);

/// The body of an answer; `id` distinguishes answers, `created_s` is in Unix seconds.
struct AnswerIdentity {
    std::uint64_t number = 0;
    std::int64_t created_s = 0;
};
[[nodiscard]] std::string answer_body(const Call& call, const Answer& answer,
                                      const AnswerIdentity& identity);

/// The server-sent events of a streamed answer, each with its empty line. Texts come in pieces of
/// `chunk_tokens`.
[[nodiscard]] std::vector<std::string> answer_events(const Call& call, const Answer& answer,
                                                     const AnswerIdentity& identity,
                                                     std::int64_t chunk_tokens);

}  // namespace fleet::mock_provider
