// Runs one attempt of one claimed execution, whatever its machine is: the only header of this
// folder that a worker's slot needs.
//
//   AttemptRunner runner(options, clock);                       one per worker process
//   auto prepared = runner.prepare(*store.work().spec(number)); once per spec number, then kept
//   StepOutcome outcome = runner.run(claimed, spec, stop);      per attempt, on the slot's thread
//
// Nothing here touches the store: the caller commits `next` and `record` under the claimed lease.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/store_url.hpp"
#include "common/base/time.hpp"
#include "common/contracts/work.hpp"
#include "common/model/execution.hpp"
#include "common/model/step_commit.hpp"
#include "common/model/work_spec.hpp"

namespace fleet::calls {

/// What all attempts of one worker process have in common.
struct RunnerOptions {
    std::filesystem::path data_folder;  ///< log files go below its `logs/`
    base::StoreUrl store_url;           ///< FLEET_STORE of the commands
    std::string host;
    std::string worker_id;
    /// FLEET_PROCESS_MARK of every command: what process::kill_marked_processes finds them by.
    /// Unique to the worker process; must not be empty.
    std::string process_mark;
    /// What commands inherit, as "NAME=value"; normally process::own_environment().
    std::vector<std::string> environment;
    /// The store's clock for the times in records and log headers; called twice an attempt, from
    /// any slot's thread.
    std::function<base::StoreTime()> now;
};

/// A work spec made ready once: machine checked, argument templates compiled, environment merged.
/// Immutable, so it may be shared between threads.
class PreparedSpec {
  public:
    struct Parts;
    explicit PreparedSpec(std::unique_ptr<const Parts> parts);
    PreparedSpec(PreparedSpec&&) noexcept;
    PreparedSpec& operator=(PreparedSpec&&) noexcept;
    ~PreparedSpec();

    [[nodiscard]] const model::WorkSpec& spec() const;
    /// True for machines that run inside the worker in no time (noop, echo): a slot may run many of
    /// them before their commits return. False for commands and for `sleep`.
    [[nodiscard]] bool is_instant() const;
    [[nodiscard]] const Parts& parts() const { return *parts_; }

  private:
    std::unique_ptr<const Parts> parts_;
};

struct StepOutcome {
    /// NextDone or NextFailed (its retry delay filled in). Not meaningful when `aborted`.
    model::Next next;
    /// The evidence, for commands; machines inside the worker leave none when they succeed.
    std::optional<model::Attempt> record;
    /// How long the slot worked on it, for StepCommit::service_time.
    base::Millis service_time{0};
    /// The stop token ended it before it had a result: commit nothing, hand the lease back (or let
    /// it go, if it is lost). Everything that the attempt had started is dead.
    bool aborted = false;
};

/// Thread-safe: `run` is called by all slots at once. The calling thread must outlive the call (it
/// does, `run` blocks), because the kernel ties a command's death signal to the spawning thread.
/// The process should be a child subreaper (process::become_subreaper), so that what a command
/// leaves behind can be found.
class AttemptRunner {
  public:
    /// `clock` must outlive the runner. Throws base::ConfigError if the options are incomplete.
    AttemptRunner(RunnerOptions options, const base::Clock& clock);
    AttemptRunner(const AttemptRunner&) = delete;
    AttemptRunner& operator=(const AttemptRunner&) = delete;
    ~AttemptRunner();

    /// An error (kind config) when this program cannot run the spec: fail its executions with it,
    /// as `model::FailureClass::permanent`.
    [[nodiscard]] std::variant<PreparedSpec, model::ExecutionError> prepare(
        model::WorkSpec spec) const;

    /// Blocks until the attempt has ended. A stop request kills it at once, without grace; the
    /// attempt's own timeout gives TERM, then after the spec's grace KILL. Never throws for what a
    /// command or an input does; failures of this machine (no descriptors, a full disk) become
    /// transient failures that say so.
    [[nodiscard]] StepOutcome run(const contracts::Claimed& claimed, const PreparedSpec& prepared,
                                  const std::stop_token& kill_now);

    /// Kills everything that carries the process mark, until nothing does: to be called before work
    /// is handed back when the worker ends, while no attempt runs. Returns how many were killed.
    std::size_t kill_leftovers();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace fleet::calls
