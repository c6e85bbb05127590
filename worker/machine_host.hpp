// What a machine that runs on a slot needs from the fleet: its checkpoints and children are rows of
// the store. `machine: one` runs in its parent's place; lists and `foreach` park the parent until
// their children, which any worker may run, have ended.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "common/base/logging.hpp"
#include "common/contracts/store.hpp"
#include "common/contracts/work.hpp"
#include "machines/calls/agents.hpp"
#include "machines/calls/hooks.hpp"
#include "machines/engine/host.hpp"
#include "machines/engine/run.hpp"
#include "worker/machine_steps.hpp"
#include "worker/prepared_machine.hpp"

namespace fleet::worker {

/// Where an agent is called from.
struct AgentPlace {
    const engine::Program& program;
    const engine::Machine& machine;
    const std::string& stage;
};

/// Makes agents of the types that this worker knows. Thread-safe.
class AgentMaker {
  public:
    AgentMaker() = default;
    AgentMaker(const AgentMaker&) = delete;
    AgentMaker& operator=(const AgentMaker&) = delete;
    virtual ~AgentMaker() = default;
    /// nullptr: no agent of that type. Throws base::ConfigError when its files are wrong.
    [[nodiscard]] virtual std::shared_ptr<calls::Agent> make(
        const AgentPlace& place, const config::AgentDefinition& definition) = 0;
};

/// What the runs of one attempt have in common. All outlives them.
struct MachineScene {
    contracts::Store& store;
    base::Log& log;
    calls::HooksRegistry& hooks;
    AgentMaker& agents;
    MachineSteps& steps;
    const contracts::Claimed& claimed;
    const PreparedMachine& prepared;
    std::string log_path;
    std::stop_token stop;
    bool children_elsewhere = false;  ///< see MachineExtras
};

class MachineHost final : public engine::Host {
  public:
    /// How the run began.
    struct Run {
        model::ExecutionId id;
        model::ExecutionId parent;
        std::int64_t depth = 0;
        bool is_root = true;  ///< the claimed execution, not a child in its place
        /// Its children of the first step may exist already.
        bool is_at_children = false;
        /// `persistence: {enabled: false}`: the run leaves nothing in the store but its end.
        bool is_kept = true;
    };

    MachineHost(MachineScene& scene, Run run);

    void checkpoint(const engine::MachineSnapshot& snapshot, bool kept) override;
    void amend(const engine::MachineSnapshot& snapshot, bool kept) override;
    void before_call() override;
    [[nodiscard]] std::unique_ptr<calls::Hooks> hooks(const std::string& name,
                                                      const expression::Value& args) override;
    [[nodiscard]] std::shared_ptr<calls::Agent> agent(
        const engine::Machine& machine, const config::AgentDefinition& definition) override;
    [[nodiscard]] std::variant<engine::ChildrenEnd, engine::Parked> children(
        const engine::MachineSnapshot& snapshot, const engine::ChildrenRequest& request) override;
    void launch(const engine::MachineSnapshot& snapshot, const engine::ChildCall& call,
                const std::string& execution_id) override;
    void relaunch(const engine::LaunchIntent& intent) override;
    [[nodiscard]] std::string launch_id(const engine::MachineSnapshot& snapshot) override;
    [[nodiscard]] std::optional<expression::Value> receive(
        const std::string& channel, std::optional<base::Millis> timeout) override;
    [[nodiscard]] bool may_enter_stage(const std::string& stage) override;
    void warn(const std::string& message) override;

  private:
    using Answer = std::variant<engine::ChildrenEnd, engine::Parked>;

    [[nodiscard]] Answer fan_out(const engine::MachineSnapshot& snapshot,
                                 const engine::ChildrenRequest& request);
    [[nodiscard]] Answer collect(const engine::MachineSnapshot& snapshot,
                                 const engine::ChildrenRequest& request);
    [[nodiscard]] Answer park(const engine::MachineSnapshot& snapshot,
                              const engine::ChildrenRequest& request);
    [[nodiscard]] Answer run_in_place(const engine::MachineSnapshot& snapshot,
                                      const engine::ChildrenRequest& request, bool resumed);
    /// The deadline of the wait at which it goes on has ended that wait.
    [[nodiscard]] bool is_late() const;
    [[nodiscard]] Answer late_or_parked(const engine::MachineSnapshot& snapshot,
                                        const engine::ChildrenRequest& request);
    [[nodiscard]] Answer run_child(const engine::MachineSnapshot& snapshot,
                                   const engine::ChildrenRequest& request,
                                   const model::ExecutionId& id, std::size_t entry,
                                   const expression::Value& input,
                                   const base::JsonText& resume_point);
    [[nodiscard]] model::NewChild new_child(const engine::MachineSnapshot& snapshot,
                                            const engine::ChildCall& call, std::int64_t ordinal,
                                            model::ChildKind kind) const;
    /// Refuses what needs the store to a machine without persistence.
    void require_kept(const std::string& what) const;
    void set_child_next(const model::ExecutionId& id, model::Next next);
    [[nodiscard]] std::vector<model::ChildState> existing(const engine::MachineSnapshot& snapshot);

    MachineScene& scene_;
    const Run run_;
    bool is_at_children_;
    bool is_woken_ = false;  ///< what woke the claimed execution was used up
};

/// Runs one machine, the claimed one or one in its parent's place, from its beginning or its resume
/// point (empty: none).
[[nodiscard]] engine::Outcome run_machine_in(MachineScene& scene, const engine::Machine& machine,
                                             MachineHost::Run run, engine::RunOptions options,
                                             const expression::Value& input,
                                             const base::JsonText& resume_point);

/// What the store keeps of a machine's failure.
[[nodiscard]] model::ExecutionError error_of(const engine::Failure& failure);
/// How a run that is over here goes on: NextDone, NextFailed, NextWaiting, NextPending. nullopt for
/// a parked one, whose steps say it.
[[nodiscard]] std::optional<model::Next> next_of(const engine::Outcome& outcome);

}  // namespace fleet::worker
