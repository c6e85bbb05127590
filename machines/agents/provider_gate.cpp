#include "machines/agents/provider_gate.hpp"

#include <utility>

#include "common/model/provider_wait.hpp"

namespace fleet::agents {
namespace {

class OpenPermit final : public CallPermit {
  public:
    void begin() override {}
    void report(const model::CallOutcome& /*outcome*/) override {}
};

}  // namespace

ProviderWait::ProviderWait(std::string provider, base::Millis delay, const std::string& reason)
    : Error(model::provider_wait_beginning(provider) + reason),
      provider_(std::move(provider)),
      delay_(delay) {}

std::unique_ptr<CallPermit> OpenGate::enter(const CallPlan& /*plan*/, const std::stop_token& stop) {
    if (stop.stop_requested()) {
        throw base::Cancelled("waiting for a provider: stopped");
    }
    return std::make_unique<OpenPermit>();
}

}  // namespace fleet::agents
