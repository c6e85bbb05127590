// The messages between an execution and a hook peer (a command that is kept running, or an HTTP
// endpoint), as docs/hooks.md describes them: one JSON object a line. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "machines/calls/hooks.hpp"
#include "machines/expression/value.hpp"

namespace fleet::calls {

inline constexpr std::int64_t kHookProtocolVersion = 1;
/// No request and no answer may be longer.
inline constexpr std::size_t kMaxHookMessageBytes = std::size_t{64} << 20U;
/// The first request, which no other shares.
inline constexpr std::uint64_t kHelloId = 1;

/// What a hook peer may say that it handles.
inline constexpr std::array<std::string_view, 9> kHookMethods{
    "on_machine_start", "on_machine_end", "on_state_enter", "on_state_exit", "on_transition",
    "on_error",         "on_action",      "on_tool_calls",  "on_tool_result"};

struct HookRequest {
    std::uint64_t id = 0;
    std::string method;
    expression::Value members;  ///< an object: everything else that the request says
};
/// One line with its end. Throws CallError HookRequestError when a value has no JSON form (NaN) or
/// the line would be too long.
[[nodiscard]] std::string encode_request(const HookRequest& request);

/// An error that the peer answered.
struct HookFailure {
    std::string type;
    std::string message;
};
struct HookAnswer {
    std::uint64_t id = 0;
    std::variant<expression::Value, HookFailure> outcome;
};
/// Throws CallError HookProtocolError, which quotes the beginning of the line.
[[nodiscard]] HookAnswer parse_answer(std::string_view line);

/// What the peer says about itself.
struct HookHello {
    std::vector<std::string> methods;  ///< of kHookMethods
    std::vector<ToolDefinition> tools;
    bool concurrent = false;  ///< several requests may be in flight

    [[nodiscard]] bool handles(std::string_view method) const;
};
/// Throws CallError: the peer's own, when it answered with an error, else HookProtocolError.
[[nodiscard]] HookHello parse_hello(std::string_view line);

/// `at most 200 bytes` of a line, in quotes, control characters made visible.
[[nodiscard]] std::string quoted_beginning(std::string_view line);

}  // namespace fleet::calls
