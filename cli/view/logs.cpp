#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/find_execution.hpp"
#include "cli/core/interrupts.hpp"
#include "cli/view/log_place.hpp"
#include "cli/view/log_reader.hpp"

namespace fleet::cli {
namespace {

/// Between looks at the execution while its logs are followed; growth of a file is seen at once.
constexpr base::Millis kLook{1000};
/// The same while its files are not there yet.
constexpr base::Millis kSoon{100};

struct LogOptions {
    std::string id;
    int attempt = 0;  ///< 0: the last
    bool only_stdout = false;
    bool only_stderr = false;
    bool header = false;
    bool follow = false;
};

/// The readers of one attempt's files, those that were asked for.
class AttemptLogs {
  public:
    AttemptLogs(const LogPlace& place, const LogOptions& options) {
        if (!options.only_stderr && !place.stdout_path.empty()) {
            stdout_.emplace(place.stdout_path,
                            options.header ? std::optional<std::int64_t>(0) : place.stdout_offset);
        }
        if (!options.only_stdout && !place.stderr_path.empty()) {
            stderr_.emplace(place.stderr_path, 0);
        }
    }

    void copy_new(CommandContext& context) {
        if (stdout_) {
            stdout_->copy_new(context.out);
        }
        if (stderr_) {
            // With --stderr it is what was asked for, so it goes where pipes take it from.
            stderr_->copy_new(stdout_ ? context.err : context.out);
        }
    }

    void watch(GrowthWatch& watch) const {
        for (const auto& reader : {std::cref(stdout_), std::cref(stderr_)}) {
            if (reader.get()) {
                watch.add(reader.get()->path());
            }
        }
    }

    /// Throws when a file is missing or was cut: what was printed is not what the command wrote.
    void require_whole() const {
        for (const auto& reader : {std::cref(stdout_), std::cref(stderr_)}) {
            if (reader.get() && !reader.get()->is_open()) {
                throw base::Error(
                    "reading the log file " + reader.get()->path() + ": it is not there",
                    "it may have been removed, or lie on the host that ran the attempt "
                    "(`fleet show ID` names it)");
            }
            if (reader.get() && reader.get()->is_truncated()) {
                throw base::Error("reading the log file " + reader.get()->path() +
                                      ": it was truncated, the output's beginning is gone",
                                  "--header shows what is left");
            }
        }
    }

  private:
    std::optional<LogReader> stdout_;
    std::optional<LogReader> stderr_;
};

[[noreturn]] void refuse_without_logs(const model::Execution& execution, int number) {
    const std::string id = execution.id.text();
    if (execution.counters.attempt == 0) {
        throw base::ConfigError("reading the logs of execution " + id + ": it has not begun yet",
                                "`fleet why " + id + "` says what it waits for");
    }
    if (number > execution.counters.attempt) {
        throw base::ConfigError(
            "reading the logs of execution " + id + ": it has no attempt " + std::to_string(number),
            "the last one is " + std::to_string(execution.counters.attempt));
    }
    throw base::ConfigError(
        "reading the logs of execution " + id + ": attempt " + std::to_string(number) +
            " has left no log files",
        "work that runs inside the worker writes none; see `fleet show " + id + "`");
}

std::optional<LogPlace> locate(contracts::Store& store, const model::Execution& execution,
                               int number) {
    return locate_logs(store.data_folder(), execution, store.work().attempts(execution.id), number);
}

bool attempt_is_over(const model::Execution& execution, int number) {
    return model::is_terminal(execution.status) || execution.counters.attempt > number ||
           execution.status != model::Status::running;
}

/// Copies as it comes, from attempt to attempt, until the execution (or the named attempt) has
/// ended.
int follow(CommandContext& context, contracts::Store& store, const LogOptions& options,
           model::Execution execution, Interrupts& interrupts) {
    int number = options.attempt > 0 ? options.attempt : execution.counters.attempt;
    std::optional<AttemptLogs> logs;
    GrowthWatch watch;
    const auto end_of = [&](const model::Execution& seen) {
        return model::is_terminal(seen.status) ||
               (options.attempt > 0 && attempt_is_over(seen, number) &&
                seen.counters.attempt >= number);
    };
    for (;;) {
        // Looked at before the files: what the attempt wrote before its end was known is copied.
        execution = find_execution(store, execution.id.text());
        if (!logs) {
            if (const auto place = locate(store, execution, number)) {
                logs.emplace(*place, options);
                logs->watch(watch);
            }
        }
        if (logs) {
            logs->copy_new(context);
        }
        if (end_of(execution) &&
            (!logs || execution.counters.attempt <= number || options.attempt > 0)) {
            if (!logs) {
                refuse_without_logs(execution, number);
            }
            return kExitDone;
        }
        if (options.attempt == 0 && execution.counters.attempt > number) {
            if (logs) {
                context.err << context.terminal.paint_err(
                                   "fleet: attempt " + std::to_string(execution.counters.attempt) +
                                       " begins",
                                   Colour::dim)
                            << std::endl;
            }
            number = execution.counters.attempt;
            logs.reset();
            continue;
        }
        if (interrupts.wait(logs ? kLook : kSoon, logs ? watch.fd() : -1) != 0) {
            return kExitInterrupted;
        }
        watch.drain();
    }
}

int show_logs(CommandContext& context, const LogOptions& options) {
    if (options.attempt < 0) {
        throw UsageError("--attempt: attempts are numbered from 1");
    }
    // Before the store, which has threads.
    std::optional<Interrupts> interrupts;
    if (options.follow) {
        interrupts.emplace();
    }
    const auto store = context.open_store(store::Missing::refuse);
    const model::Execution execution = find_execution(*store, options.id);
    if (interrupts) {
        return follow(context, *store, options, execution, *interrupts);
    }
    const int number = options.attempt > 0 ? options.attempt : execution.counters.attempt;
    const std::optional<LogPlace> place = locate(*store, execution, number);
    if (!place) {
        refuse_without_logs(execution, number);
    }
    AttemptLogs logs(*place, options);
    logs.copy_new(context);
    logs.require_whole();
    return kExitDone;
}

}  // namespace

void add_logs_command(Commands& commands) {
    CLI::App& app = commands.add(
        "logs", Group::seeing, "what an execution's command wrote",
        {.description =
             "Of the last attempt, unless --attempt names another. What the command wrote on its\n"
             "standard output goes to standard output, what it wrote on standard error to "
             "standard\n"
             "error; --stdout and --stderr choose one, which then goes to standard output. Bytes "
             "are\n"
             "passed on as they are. --follow goes on until the execution has ended, through all\n"
             "its further attempts.",
         .examples = "  fleet logs last\n"
                     "  fleet logs 0193d2c4-1111-7222-8333-444455556666 --stderr | tail\n"
                     "  fleet logs 20261121-075030-abcd#12 --attempt 1 --header\n"
                     "  fleet logs last --follow\n",
         .exit_codes = "  0    done\n  1    an error, told on standard error\n  2    bad usage\n"
                       "  130  interrupted while following\n"});
    const auto options = std::make_shared<LogOptions>();
    app.add_option("ID", options->id, "an id, its beginning, `last`, or BATCH#N")->required();
    app.add_option("--attempt", options->attempt, "this attempt, from 1 (default: the last)")
        ->type_name("N");
    CLI::Option* only_stdout =
        app.add_flag("--stdout", options->only_stdout, "only the command's standard output");
    app.add_flag("--stderr", options->only_stderr, "only its standard error")
        ->excludes(only_stdout);
    app.add_flag("--header", options->header,
                 "with the header: store, host, worker, arguments, directory, time");
    app.add_flag("-f,--follow", options->follow, "go on until the execution has ended");
    commands.on(app, [options](CommandContext& context) { return show_logs(context, *options); });
}

}  // namespace fleet::cli
