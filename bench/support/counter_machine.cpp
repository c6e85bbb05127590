#include "bench/support/counter_machine.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include "machines/config/machine_bundle.hpp"

namespace fleet::bench {
namespace {

using expression::Value;

class CounterHooks final : public calls::Hooks {
  public:
    [[nodiscard]] bool leaves_process(std::string_view /*method*/) const override { return false; }
    Value on_action(const calls::CallScope& /*scope*/, const std::string& /*action*/,
                    Value context) override {
        context.set("n", Value::integer(context.find("n")->as_integer() + 1));
        return context;
    }
};

}  // namespace

std::shared_ptr<const engine::Program> counter_program(bool persists) {
    const auto file =
        std::filesystem::temp_directory_path() / ("counter-" + std::to_string(::getpid()) + ".yml");
    std::ofstream(file) << R"(
spec: flatmachine
spec_version: "4.2.1"
data:
  name: counter
  context: {n: 0, limit: input.limit}
  settings: {max_steps: 0}
  persistence: {enabled: )"
                        << (persists ? "true" : "false")
                        << R"(, checkpoint_on: [state_exit, machine_end]}
  states:
    start:
      action: increment
      hooks: counter
      transitions: [{condition: "context.n < context.limit", to: start}, {to: end}]
    end: {type: final, output: {n: context.n}}
)";
    auto loaded = config::load_machine(file);
    std::filesystem::remove(file);
    if (!loaded.bundle) {
        throw std::runtime_error(loaded.diagnostics.front().line());
    }
    return engine::Program::compile(std::move(*loaded.bundle));
}

void BareSurroundings::checkpoint(const engine::RunIdentity& /*run*/,
                                  const engine::MachineSnapshot& /*snapshot*/, bool /*kept*/) {}
void BareSurroundings::amend(const engine::RunIdentity& /*run*/,
                             const engine::MachineSnapshot& /*snapshot*/, bool /*kept*/) {}
std::unique_ptr<calls::Hooks> BareSurroundings::hooks(const engine::RunIdentity& /*run*/,
                                                      const std::string& /*name*/,
                                                      const Value& /*args*/) {
    return counter_hooks();
}
std::shared_ptr<calls::Agent> BareSurroundings::agent(const engine::RunIdentity& /*run*/,
                                                      const config::AgentDefinition& definition) {
    throw std::runtime_error("there are no agents here: " + definition.name);
}
std::optional<Value> BareSurroundings::receive(const engine::RunIdentity& /*run*/,
                                               const std::string& /*channel*/,
                                               std::optional<base::Millis> /*timeout*/) {
    return std::nullopt;
}
std::string BareSurroundings::new_execution_id() {
    return "child";
}

std::unique_ptr<calls::Hooks> counter_hooks() {
    return std::make_unique<CounterHooks>();
}

}  // namespace fleet::bench
