// A hook command that is kept running and answers requests on its standard streams
// (docs/hooks.md). It is started by the first call and again by the next one after it died.
//
//          call                    hello                  answer
//   idle ----------> greeting ----------------> ready <------------> busy
//    ^   (after the pause   | dies, says rubbish,  | dies, says rubbish,  |
//    |    that failures     v is late              v is late              v
//    +----- in a row ask for) <---- killed with its group: the calls in flight fail
//
// One thread of its own starts the process and moves all bytes, so that the process lives exactly
// as long as its owner wants, and not shorter.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/logging.hpp"
#include "machines/calls/hook_peer.hpp"

namespace fleet::calls {

inline constexpr base::Millis kHookTimeout{60'000};
inline constexpr base::Millis kHookGrace{2'000};
/// The longest pause before a command that keeps failing is started again.
inline constexpr base::Millis kLongestHookPause{5'000};
/// In flight with one command; more wait for their turn.
inline constexpr std::size_t kMaxHookCalls = 256;

struct HookCommand {
    std::string name;  ///< for messages
    std::vector<std::string> argv;
    std::string directory;                      ///< empty: the caller's own
    std::vector<std::string> environment;       ///< the whole of it, "NAME=value"
    base::Millis timeout = kHookTimeout;        ///< of one call, from when it was sent
    base::Millis start_timeout = kHookTimeout;  ///< of the hello; `timeout` when that is longer
    std::optional<bool> concurrent;             ///< unset: as its hello says
    base::Millis grace = kHookGrace;            ///< at its end, before each signal
    /// For stderr that belongs to no single call; empty: it is not kept.
    std::string stderr_path;
};

/// Errors of a call, by the type of the CallError:
/// - HookStartError: the program could not be started
/// - HookDied: it ended meanwhile; with its exit code or signal and its last lines on stderr
/// - TimeoutError: no answer in time; it was killed with its process group
/// - HookProtocolError: what it wrote is no answer; it was killed
/// - HookRequestError: the request cannot be written as JSON, or is too large
/// - any other: the error that the command answered
///
/// A stopped call throws Cancelled. The process is killed then, unless other calls are in flight: a
/// late answer is dropped, and without one the call's timeout kills the process.
class HookProcess final : public HookPeer {
  public:
    /// `args` go with the hello. Both references must outlive it. Starts nothing yet.
    HookProcess(HookCommand command, const expression::Value& args, const base::Clock& clock,
                base::Log& log);
    /// Ends the process: end of its stdin, after the grace SIGTERM, after the grace SIGKILL.
    ~HookProcess() override;

    [[nodiscard]] std::shared_ptr<const HookHello> hello(const CallScope& scope) override;
    [[nodiscard]] std::shared_ptr<const HookHello> known_hello() const override;
    [[nodiscard]] expression::Value call(const CallScope& scope, const std::string& method,
                                         expression::Value members, base::Millis timeout) override;
    void begin_end() override;

  private:
    class Owner;
    std::unique_ptr<Owner> owner_;
};

}  // namespace fleet::calls
