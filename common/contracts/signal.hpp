// Signals: data for whoever waits on a channel.
//
// Thread safety and errors as in work.hpp.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/base/json_text.hpp"
#include "common/model/execution.hpp"
#include "common/model/signal.hpp"

namespace fleet::contracts {

struct SendResult {
    std::size_t woken = 0;  ///< executions that got a copy and are pending, resume-first
    bool kept = false;      ///< nobody waited: kept for the first that comes
};
/// The most that one transaction wakes. When more wait, this call goes on with the rest in further
/// transactions; what a sender that died left, or a commit that signals, is gone on with by claims.
/// Who begins to wait on the channel in between may get a copy too.
inline constexpr std::size_t kMaxWoken = 1'000;

enum class Addressed {
    woken,      ///< it waited on the channel and is pending, resume-first
    kept,       ///< for it alone, until it waits on the channel or ends
    ended,      ///< done, failed or cancelled: not kept
    not_found,  ///< no such execution
};

class SignalBackend {
  public:
    SignalBackend() = default;
    SignalBackend(const SignalBackend&) = delete;
    SignalBackend& operator=(const SignalBackend&) = delete;
    virtual ~SignalBackend() = default;

    /// A copy to every execution that waits on the channel now, or kept if nobody does.
    virtual SendResult send(const std::string& channel, const base::JsonText& payload) = 0;
    /// One transaction. For one execution alone; nobody else that waits on the channel gets it.
    virtual Addressed send_to(const model::ExecutionId& execution, const std::string& channel,
                              const base::JsonText& payload) = 0;
    /// The oldest kept signal of the channel, removed; nullopt if there is none.
    virtual std::optional<model::Signal> consume(const std::string& channel) = 0;
    /// Oldest first, not removed.
    [[nodiscard]] virtual std::vector<model::Signal> peek(const std::string& channel,
                                                          std::size_t limit) = 0;
    /// Channels with kept signals, by name. Addressed ones are in none of these three.
    [[nodiscard]] virtual std::vector<model::ChannelCount> channels() = 0;
};

}  // namespace fleet::contracts
