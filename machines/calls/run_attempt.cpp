#include "machines/calls/run_attempt.hpp"

#include <algorithm>
#include <utility>

#include "common/base/errors.hpp"
#include "common/base/random_share.hpp"
#include "common/process/tree.hpp"
#include "machines/calls/builtins.hpp"
#include "machines/calls/command.hpp"
#include "machines/calls/environment.hpp"
#include "machines/calls/placeholder.hpp"

namespace fleet::calls {
namespace {

/// A machine that lacks descriptors or disk gets some time, whatever the spec says.
constexpr base::Millis kShortestTransientDelay{1000};

base::Millis retry_delay(const model::WorkSpec& spec, model::FailureClass failure, int failures) {
    switch (failure) {
        case model::FailureClass::counting:
            return spec.backoff.delay(failures + 1, base::random_share());
        case model::FailureClass::transient:
        case model::FailureClass::rate_limited:
            return std::max(kShortestTransientDelay, spec.backoff.delay(1, base::random_share()));
        case model::FailureClass::permanent:
            break;
    }
    return base::Millis{0};
}

CommandContext command_context(const RunnerOptions& options) {
    return {options.data_folder, options.store_url.text_without_secrets(), options.host,
            options.worker_id, options.now};
}

/// What a machine in the worker did wrong has no log; the record says it all.
model::Attempt in_process_record(const RunnerOptions& options, const contracts::Claimed& claimed,
                                 const model::NextFailed& failed) {
    model::Attempt record;
    record.number = claimed.attempt;
    record.worker_id = options.worker_id;
    record.host = options.host;
    record.started_at = record.finished_at = options.now();
    record.error = failed.error;
    return record;
}

}  // namespace

struct PreparedSpec::Parts {
    model::WorkSpec spec;
    Machine machine = Machine::command;
    std::optional<ArgvTemplate> argv;      ///< of commands
    std::vector<std::string> environment;  ///< of commands
};

PreparedSpec::PreparedSpec(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
PreparedSpec::PreparedSpec(PreparedSpec&&) noexcept = default;
PreparedSpec& PreparedSpec::operator=(PreparedSpec&&) noexcept = default;
PreparedSpec::~PreparedSpec() = default;

const model::WorkSpec& PreparedSpec::spec() const {
    return parts_->spec;
}
bool PreparedSpec::is_instant() const {
    return parts_->machine == Machine::noop || parts_->machine == Machine::echo;
}

struct AttemptRunner::State {
    State(RunnerOptions given, const base::Clock& the_clock)
        : options(std::move(given)),
          clock(the_clock),
          store_text(options.store_url.text()),
          commands(command_context(options), clock) {}

    RunnerOptions options;
    const base::Clock& clock;
    std::string store_text;
    CommandRunner commands;
};

AttemptRunner::AttemptRunner(RunnerOptions options, const base::Clock& clock) {
    if (options.process_mark.empty() || !options.now) {
        throw base::ConfigError(
            "making an attempt runner: the process mark or the store's clock is "
            "missing");
    }
    state_ = std::make_unique<State>(std::move(options), clock);
}

AttemptRunner::~AttemptRunner() = default;

std::variant<PreparedSpec, model::ExecutionError> AttemptRunner::prepare(
    model::WorkSpec spec) const {
    const auto config_error = [](std::string message) {
        return model::ExecutionError{model::ErrorKind::config, std::move(message), {}};
    };
    const std::optional<Machine> machine = parse_machine(spec.machine);
    if (!machine) {
        return config_error(unknown_machine(spec.machine));
    }
    auto parts = std::make_unique<PreparedSpec::Parts>();
    parts->machine = *machine;
    if (*machine == Machine::command) {
        if (spec.argv.empty()) {
            return config_error("a command without an argument vector cannot be run");
        }
        parts->argv.emplace(spec.argv, spec.item_on_stdin
                                           ? ArgvTemplate::WithoutPlaceholder::as_it_is
                                           : ArgvTemplate::WithoutPlaceholder::append_item);
        parts->environment = command_environment({.inherited = state_->options.environment,
                                                  .added = spec.environment,
                                                  .store_url = state_->store_text,
                                                  .process_mark = state_->options.process_mark});
    }
    parts->spec = std::move(spec);
    return PreparedSpec(std::move(parts));
}

StepOutcome AttemptRunner::run(const contracts::Claimed& claimed, const PreparedSpec& prepared,
                               const std::stop_token& kill_now) {
    const PreparedSpec::Parts& parts = prepared.parts();
    StepOutcome outcome;
    const base::BootTime start = state_->clock.boot_now();
    if (is_in_process(parts.machine)) {
        auto next = run_in_process(parts.machine, claimed.input, state_->clock, kill_now);
        outcome.aborted = !next.has_value();
        if (next) {
            outcome.next = std::move(*next);
            if (const auto* failed = std::get_if<model::NextFailed>(&outcome.next)) {
                outcome.record = in_process_record(state_->options, claimed, *failed);
            }
        }
    } else {
        CommandOutcome command = state_->commands.run({.claimed = claimed,
                                                       .spec = parts.spec,
                                                       .argv = *parts.argv,
                                                       .environment = parts.environment},
                                                      kill_now);
        outcome.aborted = command.aborted;
        if (command.failure) {
            outcome.next =
                model::NextFailed{*command.failure, *command.attempt.error,
                                  retry_delay(parts.spec, *command.failure, claimed.failures)};
        } else if (!command.aborted) {
            outcome.next = model::NextDone{std::move(command.output)};
        }
        outcome.record = std::move(command.attempt);
    }
    outcome.service_time = std::chrono::round<base::Millis>(state_->clock.boot_now() - start);
    return outcome;
}

std::size_t AttemptRunner::kill_leftovers() {
    return process::kill_marked_processes(state_->options.process_mark).killed;
}

}  // namespace fleet::calls
