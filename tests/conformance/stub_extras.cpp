#include "tests/conformance/stub_extras.hpp"

#include "tests/conformance/stub_agent.hpp"
#include "tests/conformance/stub_hooks.hpp"

namespace fleet::conformance {
namespace {

class StubAgents final : public worker::AgentMaker {
  public:
    explicit StubAgents(StubState& state) : state_(state) {}

    std::shared_ptr<calls::Agent> make(const worker::AgentPlace& /*place*/,
                                       const config::AgentDefinition& definition) override {
        return make_stub_agent(definition, state_,
                               [](const std::string&, const calls::AgentRequest&) {});
    }

  private:
    StubState& state_;
};

}  // namespace

worker::MachineExtras scripted_extras(StubState& state) {
    worker::MachineExtras extras;
    extras.hooks["stub"] = [&state](const expression::Value& args) {
        return make_stub_hooks(args, state, [](const std::string&) {});
    };
    extras.agents = std::make_shared<StubAgents>(state);
    return extras;
}

}  // namespace fleet::conformance
