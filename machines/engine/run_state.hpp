// What the parts of the engine that work on one run share. Only for the engine's sources.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "machines/calls/agents.hpp"
#include "machines/calls/hooks.hpp"
#include "machines/engine/host.hpp"
#include "machines/engine/program.hpp"
#include "machines/engine/run.hpp"
#include "machines/engine/snapshot.hpp"
#include "machines/template/template.hpp"

namespace fleet::engine {

class RunState {
  public:
    using Value = expression::Value;

    RunState(const Program& the_program, const Machine& the_machine, Host& the_host,
             RunOptions the_options);
    RunState(const RunState&) = delete;
    RunState& operator=(const RunState&) = delete;

    /// Writes context.machine anew.
    void set_machine(const Value& state_name);
    void checkpoint(Event event, std::string_view state, Value output = {});

    /// nullptr: the state has no hooks. Made at the first call.
    [[nodiscard]] calls::Hooks* hooks_of(const State& state);
    /// Made durable what was done, if the method leaves the process.
    void before_hook(const calls::Hooks& hooks, std::string_view method);
    /// Throws MachineError (unknown_agent, ...).
    [[nodiscard]] calls::Agent& agent(const std::string& name);
    /// Of the state's calls, empty for the machine's own. Valid until the next call.
    [[nodiscard]] const calls::CallScope& scope(const std::string& state,
                                                const std::stop_token& stop);

    /// `context` and its alias `input`. Valid until the context changes.
    [[nodiscard]] templates::Variables variables() const;
    /// An object; empty without a text.
    [[nodiscard]] Value render_object(const Text& text) const;
    /// Runs `output_to_context` in its order; each entry sees the ones before.
    void map_output(const State& state, const Value& output);
    /// Adds to the totals.
    void count(const Value& calls, double cost);

    const Program& program;
    const Machine& machine;
    Host& host;
    const RunOptions options;
    MachineSnapshot snapshot;
    Value last_output;  ///< of the last state's work; what conditions of CEL see as `output`
    std::unique_ptr<calls::Hooks> lifecycle;  ///< nullptr: none

  private:
    [[nodiscard]] std::unique_ptr<calls::Hooks> make_hooks(const std::vector<HookUse>& uses);

    std::vector<std::unique_ptr<calls::Hooks>> hooks_;  ///< by state
    std::map<std::string, std::shared_ptr<calls::Agent>> agents_;
    Value machine_values_;  ///< context.machine as it was set last
    Value total_calls_;     ///< in it
    double total_cost_ = 0;
    calls::CallScope scope_;
};

/// What a state's work came to.
using Work = std::variant<expression::Value, Waiting, Parked>;

/// Where a state's work begins: what comes before was done by a run that ended in the middle.
enum class WorkFrom { beginning, children, agent };

/// wait_for, action, launch, machine, agent and final output, in this order. Throws failures of
/// every kind.
[[nodiscard]] Work execute_state(RunState& run, const State& state, WorkFrom from);
/// The agent's part of it.
[[nodiscard]] expression::Value call_agent(RunState& run, const State& state,
                                           const std::stop_token& stop);
[[nodiscard]] expression::Value run_tool_loop(RunState& run, const State& state,
                                              const std::stop_token& stop);
/// The children's part. nullopt: the run is parked.
[[nodiscard]] std::optional<expression::Value> run_children(RunState& run, const State& state);

/// The first transition whose condition is true; `conditional_only` leaves out those without one.
/// nullopt: none.
[[nodiscard]] std::optional<std::size_t> find_transition(const RunState& run, const State& state,
                                                         bool conditional_only);

/// Writes last_error and last_error_type, and finds the state to which the failure leads: the
/// definition's on_error first, then the hook's. nullopt: nobody handles it.
[[nodiscard]] std::optional<std::size_t> recover(RunState& run, const State& state,
                                                 const Failure& failure);

}  // namespace fleet::engine
