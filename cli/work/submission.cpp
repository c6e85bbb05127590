#include "cli/work/submission.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <CLI/App.hpp>
#include <system_error>

#include "cli/core/duration.hpp"
#include "cli/core/known_names.hpp"
#include "cli/work/command_check.hpp"
#include "cli/work/item_check.hpp"
#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "machines/calls/builtins.hpp"
#include "machines/calls/placeholder.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::cli {
namespace {

constexpr const char* kCommandMachine = "builtin:command";
constexpr int kMostAttempts = 1'000'000;

void choose_machine(CommandContext& context, const SubmissionOptions& options,
                    Submission& submission) {
    model::WorkSpec& spec = submission.spec;
    if (context.command) {
        if (!options.machine.empty() && options.machine != kCommandMachine) {
            throw UsageError("both a machine (" + options.machine + ") and a command were given");
        }
        if (context.command->empty() || context.command->front().empty()) {
            throw UsageError("there is no command behind --");
        }
        spec.machine = kCommandMachine;
        spec.argv = *context.command;
        return;
    }
    const std::string& machine = options.machine;
    if (machine.empty()) {
        throw UsageError("nothing to run",
                         "give a command behind -- (`-- sha256sum {}`) or a "
                         "machine (MACHINE.yml, builtin:noop, builtin:echo, builtin:sleep)");
    }
    if (machine == kCommandMachine) {
        throw UsageError("builtin:command needs a command", "write it behind --");
    }
    if (names_machine_file(machine)) {
        submission.machine = read_machine_file(context, machine);
        spec.machine = model::kStoredMachine;
        spec.config = submission.machine->config.hash;
        return;
    }
    if (!calls::parse_machine(machine)) {
        throw UsageError(calls::unknown_machine(machine),
                         "a command stands behind --: `-- " + machine + "`");
    }
    spec.machine = machine;
}

std::pair<std::string, std::string> environment_pair(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw UsageError("--env \"" + text + "\" is not NAME=VALUE");
    }
    std::string name = text.substr(0, equals);
    if (name.starts_with("FLEET_")) {
        throw UsageError("--env " + name + ": names that begin with FLEET_ are set by the worker");
    }
    return {std::move(name), text.substr(equals + 1)};
}

void check_program(const CommandContext& context, const model::WorkSpec& spec) {
    check_directory(spec.directory);
    if (calls::TextTemplate(spec.argv.front()).has_placeholder()) {
        return;  // Each item names its own program.
    }
    std::string path = context.environment("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
    for (const auto& [name, value] : spec.environment) {
        if (name == "PATH") {
            path = value;
        }
    }
    check_command(spec.argv.front(), spec.directory, path);
}

/// Only what a person set is refused for machines that cannot use it.
void refuse_command_options(const SubmissionOptions& options, const std::string& machine) {
    if (!options.directory.empty() || !options.environment.empty() || options.item_on_stdin) {
        throw UsageError("--cwd, --env and --stdin are for commands, not for " + machine);
    }
}

std::string json_input(const std::optional<std::string>& input) {
    if (!input) {
        return {};
    }
    try {
        static_cast<void>(base::parse_json(*input, "--input"));
        return expression::to_json(expression::from_json(*input));  // keeps long integers exact
    } catch (const base::ConfigError& error) {
        throw UsageError(error.what(), "write JSON, for example --input '{\"seconds\": 1}'");
    } catch (const expression::EvaluationError& error) {
        throw UsageError(std::string("--input: ") + error.what(), "");
    }
}

[[noreturn]] void refuse_name(const std::string& name) {
    throw base::ConfigError(
        "there is a batch " + name + " already",
        "choose another --batch, or go on with `fleet resume " + name + "`; nothing was submitted");
}

}  // namespace

std::string absolute_items(const CommandContext& context, const std::string& items) {
    return items == "-" ? items : (context.directory / items).lexically_normal().string();
}

void require_new_batch(contracts::Store& store, const std::string& name) {
    if (store.work().batch(name)) {
        refuse_name(name);
    }
}

void add_submission_options(Commands& commands, CLI::App& command, SubmissionOptions& options) {
    command
        .add_option("MACHINE", options.machine,
                    "a file MACHINE.yml, or builtin:noop, builtin:echo, builtin:sleep")
        ->option_text(" ");
    auto* items =
        command.add_option("--items", options.items, "one item per line; - is standard input")
            ->type_name("FILE");
    command.add_flag("--raw", options.raw, "lines are bytes: no JSON, no UTF-8 needed")
        ->needs(items);
    command.add_option("--input", options.input, "input of the one execution, without --items")
        ->type_name("JSON")
        ->excludes(items);
    command.add_option("--pool", options.pool, "the pool it belongs to (default: default)")
        ->type_name("POOL");
    command.add_option("--batch", options.batch, "name of the batch (default: made from the time)")
        ->type_name("NAME");
    command.add_option("--max-attempts", options.max_attempts, "tries of an item that fails")
        ->type_name("N")
        ->check(CLI::Range(1, kMostAttempts).description(""));
    command.add_option("--timeout", options.timeout, "limit of one attempt (30s, 5m; plain: s)")
        ->type_name("TIME");
    command
        .add_option("--grace", options.grace, "between TERM and KILL of a command (default: 30s)")
        ->type_name("TIME");
    command.add_option("--cwd", options.directory, "commands run in it (default: this directory)")
        ->type_name("DIR");
    command
        .add_option("--env", options.environment,
                    "for commands, over the worker's own; may be repeated")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    command.add_flag("--stdin", options.item_on_stdin, "the item is the command's standard input");
    command.add_option("--priority", options.priority, "larger is sooner (default: 0)")
        ->type_name("N")
        ->check(CLI::Range(model::kMinPriority, model::kMaxPriority).description(""));
    command.add_flag("--dry-run", options.dry_run,
                     "say how many calls, tokens and days it would take; submit nothing");
    commands.takes_command(command);
}

Submission prepare_submission(CommandContext& context, const SubmissionOptions& options,
                              int default_attempts) {
    Submission submission;
    model::WorkSpec& spec = submission.spec;
    choose_machine(context, options, submission);
    if (!options.batch.empty()) {
        check_batch_name(options.batch);
    }
    spec.max_attempts = options.max_attempts.value_or(default_attempts);
    if (!options.timeout.empty()) {
        spec.timeout = parse_duration(options.timeout, "--timeout");
        if (spec.timeout->count() == 0) {
            throw UsageError("--timeout 0 leaves no time", "leave it out for no limit");
        }
    }
    spec.grace = parse_duration(options.grace, "--grace");
    if (!options.delay.empty()) {
        submission.delay = parse_duration(options.delay, "--delay");
    }
    if (spec.machine == kCommandMachine) {
        auto directory = (context.directory / options.directory).lexically_normal();
        if (!directory.has_filename()) {
            directory = directory.parent_path();  // without the slash at its end
        }
        spec.directory = directory.string();
        spec.item_on_stdin = options.item_on_stdin;
        for (const std::string& pair : options.environment) {
            spec.environment.push_back(environment_pair(pair));
        }
        check_program(context, spec);
    } else {
        refuse_command_options(options, options.machine);
        if (submission.machine) {
            spec.directory = submission.machine->folder;
        }
    }
    submission.input = json_input(options.input);
    const std::string source = !options.items          ? ""
                               : *options.items == "-" ? "standard input"
                                                       : *options.items;
    submission.check = make_item_check(spec, options.unique_key, source);
    if (!options.items) {
        submission.check(submission.input, 1);
    }
    return submission;
}

void check_shared(const contracts::Store& store) {
    if (store.data_folder().empty()) {
        throw base::ConfigError(
            "the store " + store.url().text_without_secrets() + " is seen by this process alone",
            "workers are other processes: use sqlite:PATH");
    }
}

PreparedBatch prepare_batch(const CommandContext& context, contracts::Store& store,
                            const SubmissionOptions& options, const Submission& submission,
                            bool private_lane, BatchOptions batch_options, int stop_fd) {
    require_pool(store, options.pool);
    const std::string name =
        options.batch.empty() ? new_batch_name(context.clock.wall_now()) : options.batch;
    require_new_batch(store, name);
    remove_stale_spools(store);
    PreparedBatch prepared;
    batch_options.spool = new_spool_name(name);
    const std::filesystem::path spool = spool_folder(store) / batch_options.spool;
    if (options.items) {
        const SpoolSummary summary = spool_items(absolute_items(context, *options.items),
                                                 options.raw, spool, submission.check, stop_fd);
        batch_options.items = summary.items;
        prepared.empty_lines = summary.empty_lines;
    } else {
        spool_one(submission.input, spool);
        batch_options.items = 1;
    }
    if (submission.machine) {
        store.checkpoints().put_config(submission.machine->config);
    }
    batch_options.load = {.max_attempts = submission.spec.max_attempts,
                          .priority = options.priority,
                          .delay = submission.delay,
                          .unique_key = options.unique_key,
                          .stage = submission.machine ? submission.machine->stage : "",
                          .stage_rank = submission.machine ? submission.machine->stage_rank : 0};
    batch_options.grace = submission.spec.grace;
    base::UuidGenerator ids;
    model::NewBatch batch{.name = name,
                          .pool = options.pool,
                          .id_seed = ids.next(context.clock.wall_now()),
                          .private_lane = private_lane,
                          .spec = store.work().put_spec(submission.spec),
                          .options = to_json_text(batch_options)};
    if (!store.work().create_batch(batch)) {
        std::error_code ignored;  // A stale one is removed a day later.
        std::filesystem::remove(spool, ignored);
        refuse_name(name);
    }
    prepared.batch = *store.work().batch(name);
    prepared.options = std::move(batch_options);
    return prepared;
}

}  // namespace fleet::cli
