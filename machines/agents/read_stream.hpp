// A streamed answer, event by event, whatever its form. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "machines/agents/chat.hpp"
#include "machines/agents/event_stream.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::agents {

/// What OpenAI's form ends with; the other form has no such event.
inline constexpr std::string_view kStreamEnd = "[DONE]";

/// A reader has `take(value)` for each event and `finish()` for the reply. An event that tells a
/// fault is the reply. nullopt: an event is not JSON, or as `finish` says.
template <class Reader>
[[nodiscard]] std::optional<ChatReply> read_stream(Reader reader, std::string_view text) {
    for (const StreamEvent& event : parse_events(text)) {
        if (event.data == kStreamEnd) {
            break;
        }
        try {
            const expression::Value value = expression::from_json(event.data);
            if (auto fault = fault_in(value)) {
                ChatReply reply;
                reply.fault = std::move(fault);
                return reply;
            }
            reader.take(value);
        } catch (const expression::EvaluationError&) {
            return std::nullopt;
        }
    }
    return reader.finish();
}

}  // namespace fleet::agents
