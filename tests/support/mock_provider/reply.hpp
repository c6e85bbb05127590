// What is written to a connection, and when: the whole of an HTTP answer or of what a fault makes
// of it. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/mock_provider/time.hpp"

namespace fleet::mock_provider {

/// Bytes and the pause before them.
struct Piece {
    Nanos pause{};
    std::string bytes{};
    std::uint64_t repeat = 1;  ///< written so many times
    std::size_t slice = 0;     ///< so many bytes at a time, the pause before each; 0: all at once
};

/// What comes after the last piece.
enum class Ending {
    next_request,  ///< the connection stays open for another one
    close,
    half_close,  ///< our sending side closes; stays until the client closes
    reset,       ///< the client's next read fails
    hold,        ///< nothing, until the client closes
};

struct Reply {
    std::vector<Piece> pieces{};
    Ending ending = Ending::next_request;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// An answer before it is put on the wire.
struct Draft {
    int status = 200;
    Headers headers{};  ///< besides Date, Content-Type, Content-Length and the like
    std::string content_type = "application/json";
    std::string body{};
    std::vector<std::string> events{};  ///< instead of the body, streamed
    Nanos latency{};                    ///< before the first byte
    Nanos interval{};                   ///< between two events
    Instant date{};                     ///< what Date says
    bool keep_alive = true;
};

struct Fault;

[[nodiscard]] Reply reply_of(const Draft& draft);
/// What a fault that spoils answers makes of one.
[[nodiscard]] Reply spoiled_reply(const Draft& draft, const Fault& fault);
/// What a fault sends that stands for an answer and is no HTTP: garbage, silence, a reset.
[[nodiscard]] Reply broken_reply(const Fault& fault, Nanos latency);

/// A large answer's text is this, repeated; its form has it once where the text belongs.
constexpr std::size_t kLargePieceBytes = 65'536;

}  // namespace fleet::mock_provider
