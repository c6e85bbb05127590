#include "machines/calls/command.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <variant>

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/statvfs.h>

#include "common/base/errors.hpp"
#include "common/process/memory_file.hpp"
#include "common/process/spawn.hpp"
#include "common/process/utf8.hpp"
#include "machines/calls/environment.hpp"

namespace fleet::calls {
namespace {

using model::ErrorKind;
using model::FailureClass;

/// Longer limits are cut to it, so that no sum overflows.
constexpr base::Millis kLongestTimeout = std::chrono::hours(24 * 3660);

Failure permanent(ErrorKind kind, std::string message) {
    return {FailureClass::permanent, {kind, std::move(message), {}}};
}

/// The machine lacks something; the same attempt may work later.
Failure transient(std::string message) {
    return {FailureClass::transient, {ErrorKind::internal, std::move(message), {}}};
}

/// A descriptor that becomes readable when stop is requested.
class StopSignal {
  public:
    explicit StopSignal(const std::stop_token& token)
        : event_(token.stop_possible() ? ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1),
          usable_(event_ || !token.stop_possible()),
          callback_(token, Raise{event_.get()}) {}

    [[nodiscard]] bool usable() const { return usable_; }
    [[nodiscard]] int fd() const { return event_.get(); }

  private:
    struct Raise {
        int fd;
        void operator()() const noexcept {
            if (fd >= 0) {
                ::eventfd_write(fd, 1);
            }
        }
    };
    base::UniqueFd event_;
    bool usable_;
    std::stop_callback<Raise> callback_;  // after `event_`: gone before it is closed
};

std::optional<Failure> check_arguments(const std::vector<std::string>& argv) {
    for (std::size_t i = 0; i < argv.size(); ++i) {
        const std::string which = "argument " + std::to_string(i) + " of the command ";
        if (argv[i].find('\0') != std::string::npos) {
            return permanent(ErrorKind::config,
                             which +
                                 "has a NUL byte, which no argument can hold; pass the item on "
                                 "standard input (--stdin)");
        }
        if (argv[i].size() > kMaxArgumentBytes) {
            return permanent(ErrorKind::spawn, which + "has " + std::to_string(argv[i].size()) +
                                                   " bytes, the system takes up to " +
                                                   std::to_string(kMaxArgumentBytes) +
                                                   "; pass the item on standard input (--stdin)");
        }
    }
    return std::nullopt;
}

Ending wait_for_end(const process::Child& child, const base::Clock& clock,
                    const model::WorkSpec& spec, base::BootTime start, int stop_fd) {
    using Wait = process::Child::Wait;
    std::optional<base::BootTime> deadline;
    if (spec.timeout) {
        deadline = start + std::min(*spec.timeout, kLongestTimeout);
    }
    Ending ending = Ending::by_itself;
    Wait wait = child.wait(clock, deadline, stop_fd);
    if (wait == Wait::deadline) {
        ending = Ending::timeout;
        child.signal_group(SIGTERM);
        child.signal_group(SIGCONT);  // a stopped process gets no SIGTERM
        wait = child.wait(clock, clock.boot_now() + std::min(spec.grace, kLongestTimeout), stop_fd);
        if (wait == Wait::deadline) {
            ending = Ending::timeout_killed;
        }
    }
    if (wait == Wait::stopped) {
        ending = Ending::aborted;
    }
    if (wait != Wait::exited) {
        child.signal_group(SIGKILL);
    }
    return ending;
}

process::Tail tail_of(const base::UniqueFd& file, std::int64_t offset) {
    try {
        return process::read_tail(file.get(), offset, kInlineOutputBytes);
    } catch (const base::StoreError&) {
        // The command has ended as it has; that its log cannot be read is said in the record.
        process::Tail unreadable;
        unreadable.truncated = true;
        return unreadable;
    }
}

bool is_disk_full(const base::UniqueFd& log) {
    struct statvfs info {};
    return ::fstatvfs(log.get(), &info) == 0 && info.f_bavail == 0;
}

/// A command that cannot write its output fails for a reason that will pass.
void blame_full_disk(std::optional<Failure>& failure, const base::UniqueFd& log) {
    if (failure && failure->error.kind == ErrorKind::exit_code && is_disk_full(log)) {
        failure->failure = FailureClass::transient;
        failure->error.message += "; the disk of its log files is full, it runs again";
    }
}

}  // namespace

/// Everything that an attempt needs before its process starts.
struct CommandRunner::Prepared {
    std::vector<std::string> argv;
    std::vector<std::string> variables;  ///< FLEET_*, those of this attempt
    std::string note;
    std::string item;  ///< for standard input
    process::LogFiles logs;
    base::UniqueFd input;  ///< unset: /dev/null
    base::StoreTime started_at{};
};

CommandRunner::CommandRunner(CommandContext context, const base::Clock& clock)
    : context_(std::move(context)),
      clock_(clock),
      null_(process::open_null()),
      logs_(context_.data_folder) {}

std::optional<Failure> CommandRunner::prepare(const CommandAttempt& attempt,
                                              Prepared& prepared) const {
    const contracts::Claimed& claimed = attempt.claimed;
    if (context_.data_folder.empty()) {
        return permanent(ErrorKind::config,
                         "commands need a store with a data folder for their log files; " +
                             context_.store_without_secrets + " has none");
    }
    std::string item_text;
    bool has_item = false;
    try {
        const Item item(claimed.input, claimed.item_number);
        auto expanded = attempt.argv.expand(item);
        if (const auto* error = std::get_if<TemplateError>(&expanded)) {
            return permanent(ErrorKind::config, error->message);
        }
        prepared.argv = std::move(std::get<std::vector<std::string>>(expanded));
        has_item = item.text().has_value();
        item_text = item.text().value_or("");
    } catch (const base::ConfigError& error) {
        return permanent(ErrorKind::config, error.full_text());
    }
    if (auto wrong = check_arguments(prepared.argv)) {
        return wrong;
    }
    prepared.variables = {"FLEET_EXECUTION_ID=" + claimed.lease.execution.text(),
                          "FLEET_ATTEMPT=" + std::to_string(claimed.attempt),
                          "FLEET_FENCING_TOKEN=" + std::to_string(claimed.lease.token),
                          "FLEET_BATCH=" + claimed.batch};
    if (has_item) {
        std::string variable = "FLEET_ITEM=" + item_text;
        if (variable.size() > kMaxArgumentBytes) {
            prepared.note = "FLEET_ITEM is not set: the item has " +
                            std::to_string(item_text.size()) +
                            " bytes, more than a variable can hold";
        } else if (variable.find('\0') != std::string::npos) {
            prepared.note = "FLEET_ITEM is not set: the item has a NUL byte";
        } else {
            prepared.variables.push_back(std::move(variable));
        }
    }
    prepared.item = attempt.spec.item_on_stdin ? std::move(item_text) : std::string();
    return std::nullopt;
}

std::optional<Failure> CommandRunner::open_files(const CommandAttempt& attempt,
                                                 Prepared& prepared) {
    const contracts::Claimed& claimed = attempt.claimed;
    const std::string execution = claimed.lease.execution.text();
    auto opened = logs_.open(claimed.batch, claimed.lease.execution, claimed.attempt,
                             process::header_text({.store = context_.store_without_secrets,
                                                   .execution = execution,
                                                   .attempt = claimed.attempt,
                                                   .host = context_.host,
                                                   .worker = context_.worker_id,
                                                   .argv = prepared.argv,
                                                   .directory = attempt.spec.directory,
                                                   .started_at = prepared.started_at,
                                                   .note = prepared.note}));
    if (auto* failed = std::get_if<process::LogFailure>(&opened)) {
        return transient(std::move(failed->message));
    }
    prepared.logs = std::move(std::get<process::LogFiles>(opened));
    if (attempt.spec.item_on_stdin) {
        prepared.input = process::memory_file(prepared.item);
        if (!prepared.input) {
            return transient(base::describe_errno(
                "holding " + std::to_string(prepared.item.size()) + " bytes of standard input",
                errno));
        }
    }
    return std::nullopt;
}

std::optional<Failure> CommandRunner::execute(const CommandAttempt& attempt,
                                              const Prepared& prepared,
                                              const std::stop_token& kill_now, EndedCommand& ended,
                                              model::Attempt& record) {
    const StopSignal stop(kill_now);
    if (!stop.usable()) {
        return transient(base::describe_errno("watching a command for a stop request", errno));
    }
    process::StrayReaper::Attempt scope(strays_, prepared.variables.front());
    const base::BootTime start = clock_.boot_now();
    auto spawned = process::spawn({.argv = prepared.argv,
                                   .directory = attempt.spec.directory,
                                   .environment = attempt.environment,
                                   .more_environment = prepared.variables,
                                   .stdin_fd = (prepared.input ? prepared.input : null_).get(),
                                   .stdout_fd = prepared.logs.stdout_fd.get(),
                                   .stderr_fd = prepared.logs.stderr_fd.get(),
                                   .keep_fds = {},
                                   .die_with_parent = true,
                                   .new_group = true});
    if (auto* failed = std::get_if<process::SpawnFailure>(&spawned)) {
        return Failure{failed->transient ? FailureClass::transient : FailureClass::permanent,
                       {ErrorKind::spawn, std::move(failed->message), record.stdout_path}};
    }
    auto& child = std::get<process::Child>(spawned);
    scope.started(child.pid());
    ended.ending = wait_for_end(child, clock_, attempt.spec, start, stop.fd());
    record.duration = std::chrono::round<base::Millis>(clock_.boot_now() - start);
    ended.status = child.finish();
    scope.end();
    return std::nullopt;
}

CommandOutcome CommandRunner::run(const CommandAttempt& attempt, const std::stop_token& kill_now) {
    CommandOutcome outcome;
    model::Attempt& record = outcome.attempt;
    record.number = attempt.claimed.attempt;
    record.worker_id = context_.worker_id;
    record.host = context_.host;
    Prepared prepared;
    record.started_at = prepared.started_at = context_.now();
    if (kill_now.stop_requested()) {
        outcome.aborted = true;
        return outcome;
    }
    EndedCommand ended;
    ended.timeout = attempt.spec.timeout;
    ended.grace = attempt.spec.grace;

    std::optional<Failure> failure = prepare(attempt, prepared);
    if (!failure) {
        failure = open_files(attempt, prepared);
        record.stdout_path = prepared.logs.stdout_path;
        record.stderr_path = prepared.logs.stderr_path;
        record.stdout_offset = prepared.logs.stdout_offset;
    }
    if (!failure) {
        failure = execute(attempt, prepared, kill_now, ended, record);
        if (!failure) {
            ended.standard_output = tail_of(prepared.logs.stdout_fd, record.stdout_offset);
            ended.standard_error = tail_of(prepared.logs.stderr_fd, record.stderr_offset);
            record.exit_code = ended.status.exit_code;
            record.signal = ended.status.signal;
            record.cpu_time = ended.status.cpu_time;
            record.max_rss_bytes = ended.status.max_rss_bytes;
            record.stderr_excerpt =
                process::utf8_suffix(ended.standard_error.text, model::kExcerptBytes);
            record.suspicious = ended.standard_output.truncated || ended.standard_error.truncated;
            outcome.aborted = ended.ending == Ending::aborted;
            failure = outcome.aborted ? std::nullopt : failure_of(ended, record);
            blame_full_disk(failure, prepared.logs.stdout_fd);
        }
    }
    record.finished_at = context_.now();
    if (failure) {
        outcome.failure = failure->failure;
        record.error = std::move(failure->error);
    } else if (!outcome.aborted) {
        outcome.output = output_json(ended, record);
    }
    return outcome;
}

}  // namespace fleet::calls
