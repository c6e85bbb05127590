// A machine that counts, with one action a step, and everything around it that a run in one process
// needs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "machines/engine/inline_runner.hpp"

namespace fleet::bench {

/// Counts `context.n` up to `input.limit`; a step is one state with an action and a condition.
[[nodiscard]] std::shared_ptr<const engine::Program> counter_program(bool persists);

/// Keeps nothing; its hooks know the action `increment`.
class BareSurroundings final : public engine::Surroundings {
  public:
    void checkpoint(const engine::RunIdentity& run, const engine::MachineSnapshot& snapshot,
                    bool kept) override;
    void amend(const engine::RunIdentity& run, const engine::MachineSnapshot& snapshot,
               bool kept) override;
    [[nodiscard]] std::unique_ptr<calls::Hooks> hooks(const engine::RunIdentity& run,
                                                      const std::string& name,
                                                      const expression::Value& args) override;
    [[nodiscard]] std::shared_ptr<calls::Agent> agent(
        const engine::RunIdentity& run, const config::AgentDefinition& definition) override;
    [[nodiscard]] std::optional<expression::Value> receive(
        const engine::RunIdentity& run, const std::string& channel,
        std::optional<base::Millis> timeout) override;
    [[nodiscard]] std::string new_execution_id() override;
};

[[nodiscard]] std::unique_ptr<calls::Hooks> counter_hooks();

}  // namespace fleet::bench
