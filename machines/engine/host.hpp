// What a running machine needs from the world around it. The engine decides what happens next; the
// host makes it durable, runs children, makes hooks and agents, and keeps signals. A host serves
// one run and is called from that run's thread only, unless a method says otherwise.
//
// What a host throws that is no failure of the machine (a lost lease, a stopped worker, a store
// that is gone) passes through the engine unchanged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "common/base/time.hpp"
#include "machines/calls/agents.hpp"
#include "machines/calls/hooks.hpp"
#include "machines/engine/failure.hpp"
#include "machines/engine/program.hpp"
#include "machines/engine/snapshot.hpp"

namespace fleet::engine {

struct ChildCall {
    std::string name;         ///< by which the parent calls it
    std::size_t machine = 0;  ///< into the program's machines
    expression::Value input;  ///< an object
    /// Why it cannot be started: the child's end.
    std::optional<Failure> failure;
};

/// Children of one state, made on demand: when they exist already, nobody asks.
class ChildSource {
  public:
    ChildSource() = default;
    ChildSource(const ChildSource&) = delete;
    ChildSource& operator=(const ChildSource&) = delete;
    virtual ~ChildSource() = default;
    [[nodiscard]] virtual std::size_t size() const = 0;
    /// Throws what rendering its input throws.
    [[nodiscard]] virtual ChildCall call(std::size_t ordinal) const = 0;
};

struct ChildrenRequest {
    const ChildSource& source;
    config::Mode mode = config::Mode::settled;
    bool cancel_rest = false;  ///< any: the others are cancelled when the first has ended
    /// `machine: name`: runs in the parent's place; its failure is the parent's.
    bool single = false;
    std::optional<base::Millis> timeout;
};

struct ChildEnd {
    std::optional<expression::Value> output;
    std::optional<Failure> failure;  ///< one of the two
};

struct ChildrenEnd {
    /// By ordinal; those that have not ended are absent (mode any).
    std::vector<std::optional<ChildEnd>> ends;
    std::optional<std::size_t> first;  ///< mode any: the first that ended
    bool timed_out = false;
};

/// The run is over here; the host has made durable that it goes on when its children have ended.
struct Parked {};

class Host {
  public:
    Host() = default;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    virtual ~Host() = default;

    /// At every point of a run, in order. `kept`: the machine's `checkpoint_on` names the event (or
    /// it is `waiting`, which is always kept). The snapshot is the run's own and changes after the
    /// call; its created_at is not set.
    virtual void checkpoint(const MachineSnapshot& snapshot, bool kept) = 0;
    /// Replaces the last checkpoint: machine_end with the output that on_machine_end made of it, or
    /// the state that another stage is to enter.
    virtual void amend(const MachineSnapshot& snapshot, bool kept) = 0;
    /// Work is about to leave the process: what was done before is durable when this returns.
    virtual void before_call() {}

    /// Throws MachineError (unknown_hook, config).
    [[nodiscard]] virtual std::unique_ptr<calls::Hooks> hooks(const std::string& name,
                                                              const expression::Value& args) = 0;
    /// Throws MachineError (unknown_agent_type, config).
    [[nodiscard]] virtual std::shared_ptr<calls::Agent> agent(
        const Machine& machine, const config::AgentDefinition& definition) = 0;

    /// Creates the children of this step, or finds those that a run before this one had created at
    /// this same step. The snapshot is the resume point: `execute`, with the context as it is now.
    [[nodiscard]] virtual std::variant<ChildrenEnd, Parked> children(
        const MachineSnapshot& snapshot, const ChildrenRequest& request) = 0;
    /// A machine nobody waits for, under this id; durable with the next checkpoint at the latest.
    /// Throws MachineError when it cannot be started.
    virtual void launch(const MachineSnapshot& snapshot, const ChildCall& call,
                        const std::string& execution_id) = 0;
    /// A launch that a snapshot holds and that was not done: nothing when its result is there.
    virtual void relaunch(const LaunchIntent& intent) = 0;
    /// The id of the machine that is launched next: the same one when a run that was cut off is
    /// resumed and launches it again.
    [[nodiscard]] virtual std::string launch_id(const MachineSnapshot& snapshot) = 0;

    /// A signal of the channel, consumed with the next checkpoint; nullopt: there is none, the run
    /// ends as waiting. `timeout` is the state's. Throws CallError TimeoutError when it has passed.
    [[nodiscard]] virtual std::optional<expression::Value> receive(
        const std::string& channel, std::optional<base::Millis> timeout) = 0;

    /// Whether the run may go on here in that stage; if not it ends as handed over before it enters
    /// the state.
    [[nodiscard]] virtual bool may_enter_stage(const std::string& /*stage*/) { return true; }

    /// What a person should know and no state can: a key that an action dropped.
    virtual void warn(const std::string& /*message*/) {}
};

}  // namespace fleet::engine
