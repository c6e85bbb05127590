// Hooks that somebody else answers: a command that is kept running, or an HTTP endpoint.
#pragma once

#include <memory>

#include "machines/calls/hook_protocol.hpp"
#include "machines/calls/hooks.hpp"

namespace fleet::calls {

/// Thread-safe: one peer serves all executions of a worker process that name it.
class HookPeer {
  public:
    HookPeer() = default;
    HookPeer(const HookPeer&) = delete;
    HookPeer& operator=(const HookPeer&) = delete;
    virtual ~HookPeer() = default;

    /// What the peer says about itself; it is started, or asked, when that is not known yet. Throws
    /// as `call` does.
    [[nodiscard]] virtual std::shared_ptr<const HookHello> hello(const CallScope& scope) = 0;
    /// What it has said so far; nullptr when that is not known. Does not block.
    [[nodiscard]] virtual std::shared_ptr<const HookHello> known_hello() const = 0;
    /// Blocks until the answer is here. `members` is an object. `timeout` 0: the peer's own.
    /// Throws CallError and, within 100 ms of a stop request, base::Cancelled.
    [[nodiscard]] virtual expression::Value call(const CallScope& scope, const std::string& method,
                                                 expression::Value members,
                                                 base::Millis timeout) = 0;
    /// No call is made any more: begins what the destructor waits for, so that many peers end at
    /// the same time. Does not block.
    virtual void begin_end() = 0;
};

/// One run's hooks. Shared: the peer outlives the run, for the next one, and a run outlives the
/// registry's interest in its peer.
[[nodiscard]] std::unique_ptr<Hooks> make_peer_hooks(std::shared_ptr<HookPeer> peer);

}  // namespace fleet::calls
