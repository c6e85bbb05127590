// One run of one machine: the state machine itself. It computes, asks its host for everything else
// and is over when it returns; whatever it knows is in the snapshots that it gave the host.
//
//   MachineRun run(program, machine, host, options);
//   Outcome outcome = run.start(input);          or   run.resume(snapshot, resume_at)
//
// Per step: state_enter, enter hook, execute, the state's work, state_exit, exit hook, transition.
// The work comes in this order: wait_for (alone), action, launch, machine, agent, final output.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "common/base/time.hpp"
#include "machines/engine/host.hpp"
#include "machines/engine/program.hpp"
#include "machines/engine/snapshot.hpp"

namespace fleet::engine {

struct RunOptions {
    std::string execution_id;
    std::string parent_execution_id;        ///< empty: none
    std::optional<std::int64_t> max_steps;  ///< overrides the machine's; 0: unlimited
    std::optional<std::int64_t> max_agent_calls;
    std::int64_t depth = 0;  ///< of the machine below its root
    /// A run that goes on from a state's exit runs that state again, as the family's SDK does.
    bool reenter_after_exit = false;
    std::string log_path;  ///< for hooks, see calls::CallScope
    std::stop_token stop;
};

struct Finished {
    expression::Value output;  ///< an object
};
struct Waiting {
    std::string channel;
    std::optional<base::Millis> timeout;
};
struct HandedOver {
    std::string stage;
};
/// Waiting, HandedOver and Parked runs go on from their last checkpoint.
using Outcome = std::variant<Finished, Failure, Waiting, Parked, HandedOver>;

enum class ResumeAt {
    checkpoint,  ///< after what the snapshot's event says
    children,    ///< at the children of the snapshot's step, which exist
};

class MachineRun {
  public:
    /// All references outlive the run. Throws MachineError when its lifecycle hooks are unknown.
    MachineRun(const Program& program, const Machine& machine, Host& host, RunOptions options);
    MachineRun(const MachineRun&) = delete;
    MachineRun& operator=(const MachineRun&) = delete;
    ~MachineRun();

    /// Each blocks until the run is over; once per object. Throws base::Cancelled when stopped, and
    /// what the host throws.
    [[nodiscard]] Outcome start(const expression::Value& input);
    [[nodiscard]] Outcome resume(MachineSnapshot snapshot, ResumeAt at = ResumeAt::checkpoint);

    /// Totals so far.
    [[nodiscard]] const MachineSnapshot& snapshot() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fleet::engine
