// What stands between an agent and its provider: the fleet's pace, circuits and budgets. Agents
// pass it before each call and tell it what became of the call.
//
// Thread safety: a gate may be passed by any number of threads at once; a permit belongs to one.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "common/base/errors.hpp"
#include "common/base/time.hpp"
#include "common/model/provider_call.hpp"

namespace fleet::agents {

/// The call cannot be made now, and waiting in place would hold a slot for nothing: the execution
/// goes back to pending at that time, with its checkpoint and without using up a retry. No state's
/// `on_error` sees it.
class ProviderWait final : public base::Error {
  public:
    /// `reason`: "its circuit is open: 4 of 10 calls were answered 429".
    ProviderWait(std::string provider, base::Millis delay, const std::string& reason);
    [[nodiscard]] const std::string& provider() const noexcept { return provider_; }
    /// From now on.
    [[nodiscard]] base::Millis delay() const noexcept { return delay_; }

  private:
    std::string provider_;
    base::Millis delay_;
};

struct CallPlan {
    std::string provider;  ///< "provider/model"
    std::string phase;     ///< the stage, for the day's sums; may be empty
    model::CallEstimate estimate;
};

/// The right to make one call. A permit that is destroyed before `begin` gives back what it held;
/// one that was begun and is destroyed without a report is charged in full, as "nobody knows".
class CallPermit {
  public:
    CallPermit() = default;
    CallPermit(const CallPermit&) = delete;
    CallPermit& operator=(const CallPermit&) = delete;
    virtual ~CallPermit() = default;
    /// Immediately before the call's first byte leaves: what was held is spent from here on. May
    /// block for a moment. Throws ProviderWait when the permit has run out meanwhile and
    /// base::Cancelled.
    virtual void begin() = 0;
    /// Once, after begin. Never throws for what the provider did.
    virtual void report(const model::CallOutcome& outcome) = 0;
};

class ProviderGate {
  public:
    ProviderGate() = default;
    ProviderGate(const ProviderGate&) = delete;
    ProviderGate& operator=(const ProviderGate&) = delete;
    virtual ~ProviderGate() = default;
    /// Waits for its turn if that is near. Throws ProviderWait when it is not, base::Cancelled
    /// within 100 ms of a stop request.
    [[nodiscard]] virtual std::unique_ptr<CallPermit> enter(const CallPlan& plan,
                                                            const std::stop_token& stop) = 0;
};

/// Lets every call pass at once: for single runs without a fleet, and for tests.
class OpenGate final : public ProviderGate {
  public:
    [[nodiscard]] std::unique_ptr<CallPermit> enter(const CallPlan& plan,
                                                    const std::stop_token& stop) override;
};

}  // namespace fleet::agents
