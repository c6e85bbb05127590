// Runs machines and all their children inside one process, without a backlog: the fleet's own
// machines, machines without persistence, and the conformance cases. A child runs on a thread of
// its own while its parent waits; launched machines and the slower ones of `mode: any` go on beside
// their parents.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "common/base/time.hpp"
#include "machines/calls/agents.hpp"
#include "machines/calls/hooks.hpp"
#include "machines/engine/program.hpp"
#include "machines/engine/run.hpp"
#include "machines/engine/snapshot.hpp"

namespace fleet::engine {

struct RunIdentity {
    std::string execution_id;
    std::string parent_execution_id;  ///< empty: none
    const Machine* machine = nullptr;
    std::int64_t depth = 0;  ///< 0: the first machine
};

/// What all runs of one process share. Every method is called by several threads at once.
class Surroundings {
  public:
    Surroundings() = default;
    Surroundings(const Surroundings&) = delete;
    Surroundings& operator=(const Surroundings&) = delete;
    virtual ~Surroundings() = default;

    /// As Host::checkpoint and Host::amend.
    virtual void checkpoint(const RunIdentity& run, const MachineSnapshot& snapshot, bool kept) = 0;
    virtual void amend(const RunIdentity& run, const MachineSnapshot& snapshot, bool kept) = 0;
    [[nodiscard]] virtual std::unique_ptr<calls::Hooks> hooks(const RunIdentity& run,
                                                              const std::string& name,
                                                              const expression::Value& args) = 0;
    [[nodiscard]] virtual std::shared_ptr<calls::Agent> agent(
        const RunIdentity& run, const config::AgentDefinition& definition) = 0;
    [[nodiscard]] virtual std::optional<expression::Value> receive(
        const RunIdentity& run, const std::string& channel,
        std::optional<base::Millis> timeout) = 0;
    [[nodiscard]] virtual std::string new_execution_id() = 0;
    /// Whether a launch intent's machine has left a result already.
    [[nodiscard]] virtual bool has_result(const std::string& /*execution_id*/) { return false; }
    /// What a run knew when it was over, its totals among it; not when it was torn down.
    virtual void run_ended(const RunIdentity& /*run*/, const MachineSnapshot& /*last*/) {}
    /// Around the run of every child (not of the first machine).
    virtual void child_began(const RunIdentity& /*child*/, const expression::Value& /*input*/) {}
    virtual void child_ended(const RunIdentity& /*child*/, const Outcome& /*outcome*/) {}
    virtual void warn(const RunIdentity& /*run*/, const std::string& /*message*/) {}
};

class InlineRunner {
  public:
    /// The most children of one state that run at once; the others wait for a free thread.
    static constexpr std::size_t kMostThreads = 32;

    /// `surroundings` outlives the runner.
    InlineRunner(std::shared_ptr<const Program> program, Surroundings& surroundings);
    InlineRunner(const InlineRunner&) = delete;
    InlineRunner& operator=(const InlineRunner&) = delete;
    /// Stops what still runs and waits for it.
    ~InlineRunner();

    /// Each as MachineRun. What is thrown inside a child that is no failure of a machine (a torn
    /// down process, a stop) is thrown by the run that waits for the child.
    [[nodiscard]] Outcome start(std::size_t machine, RunOptions options,
                                const expression::Value& input);
    [[nodiscard]] Outcome resume(std::size_t machine, RunOptions options, MachineSnapshot snapshot);
    /// Returns when everything that runs beside has ended.
    void wait();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fleet::engine
