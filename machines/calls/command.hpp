// Runs one attempt of `builtin:command`: a process with its own group, its own two log files and
// our environment, watched until it ends, its time limit passes, or the worker must let go of it.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "common/base/clock.hpp"
#include "common/base/fd.hpp"
#include "common/base/json_text.hpp"
#include "common/base/time.hpp"
#include "common/contracts/work.hpp"
#include "common/model/execution.hpp"
#include "common/model/work_spec.hpp"
#include "common/process/log_files.hpp"
#include "common/process/strays.hpp"
#include "machines/calls/command_report.hpp"
#include "machines/calls/placeholder.hpp"

namespace fleet::calls {

struct CommandContext {
    std::filesystem::path data_folder;
    std::string store_without_secrets;  ///< for log headers
    std::string host;
    std::string worker_id;
    std::function<base::StoreTime()> now;
};

struct CommandAttempt {
    const contracts::Claimed& claimed;
    const model::WorkSpec& spec;
    const ArgvTemplate& argv;
    std::span<const std::string> environment;  ///< from command_environment
};

struct CommandOutcome {
    model::Attempt attempt;
    /// nullopt: it succeeded. Else `attempt.error` says why.
    std::optional<model::FailureClass> failure;
    base::JsonText output;  ///< of a success
    bool aborted =
        false;  ///< killed (or not started) because of the stop token; nothing else counts
};

/// Thread-safe; one for all slots of a worker.
class CommandRunner {
  public:
    /// `clock` must outlive the runner. Throws base::StoreError internal without /dev/null.
    CommandRunner(CommandContext context, const base::Clock& clock);

    /// Blocks until everything that the attempt started has ended. At a stop request the command's
    /// group is killed at once. Never throws for what the command or its input does.
    [[nodiscard]] CommandOutcome run(const CommandAttempt& attempt,
                                     const std::stop_token& kill_now);

  private:
    struct Prepared;
    [[nodiscard]] std::optional<Failure> prepare(const CommandAttempt& attempt,
                                                 Prepared& prepared) const;
    [[nodiscard]] std::optional<Failure> open_files(const CommandAttempt& attempt,
                                                    Prepared& prepared);
    [[nodiscard]] std::optional<Failure> execute(const CommandAttempt& attempt,
                                                 const Prepared& prepared,
                                                 const std::stop_token& kill_now,
                                                 EndedCommand& ended, model::Attempt& record);

    CommandContext context_;
    const base::Clock& clock_;
    base::UniqueFd null_;
    process::LogFolder logs_;
    process::StrayReaper strays_;
};

}  // namespace fleet::calls
