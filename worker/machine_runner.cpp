#include "worker/machine_runner.hpp"

#include <utility>

#include "common/base/errors.hpp"
#include "common/base/random_share.hpp"
#include "common/process/log_files.hpp"
#include "machines/agents/provider_gate.hpp"
#include "machines/config/machine_bundle.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/kept_json.hpp"

namespace fleet::worker {
namespace {

using expression::Value;

model::ExecutionError config_error(std::string message) {
    return {model::ErrorKind::config, std::move(message), {}, {}};
}

/// An item that is no object is the input's `item`.
Value input_of(const base::JsonText& text) {
    Value input = text.empty() ? Value::dict({}) : expression::from_kept_json(text);
    if (input.is_null()) {
        return Value::dict({});
    }
    if (input.is_dict()) {
        return input;
    }
    Value object = Value::dict({});
    object.set("item", std::move(input));
    return object;
}

/// What is pending cannot be recorded, and another try would come to the same.
model::StepCommit failed_without_steps(MachineSteps& steps, model::ExecutionError error) {
    steps.drop();
    return steps.take(
        model::NextFailed{model::FailureClass::permanent, std::move(error), base::Millis{0}});
}

/// Back to pending with its checkpoint, at the time when the call may be tried again.
model::Next waiting_for(const agents::ProviderWait& wait) {
    return model::NextFailed{model::FailureClass::rate_limited,
                             {model::ErrorKind::rate_limit, wait.what(), {}, {}},
                             wait.delay()};
}

/// The largest output of a machine.
constexpr std::size_t kMaxOutputBytes = std::size_t{64} << 20U;

void check_output(const model::Next& next) {
    const auto* done = std::get_if<model::NextDone>(&next);
    if (done != nullptr && done->output.size() > kMaxOutputBytes) {
        throw engine::MachineError(engine::FailureClass::limit, "LimitError",
                                   "the machine's output has " +
                                       std::to_string(done->output.size() >> 20U) +
                                       " MiB, more than " + std::to_string(kMaxOutputBytes >> 20U));
    }
}

}  // namespace

MachineRunner::MachineRunner(Ports ports) : ports_(std::move(ports)) {}

std::variant<std::shared_ptr<const PreparedMachine>, model::ExecutionError> MachineRunner::prepare(
    model::WorkSpec spec) {
    const std::scoped_lock lock(mutex_);
    auto program = programs_[spec.config].lock();
    if (!program) {
        const auto stored = ports_.store.checkpoints().config(spec.config);
        if (!stored) {
            return config_error("its configuration " + spec.config + " is not in the store");
        }
        auto loaded = config::load_canonical(stored->raw);
        if (!loaded.bundle) {
            return config_error("its configuration " + spec.config +
                                " cannot be started: " + loaded.diagnostics.front().line());
        }
        program = engine::Program::compile(std::move(*loaded.bundle), spec.config);
        programs_[spec.config] = program;
    }
    const auto entry = static_cast<std::size_t>(spec.entry);
    if (entry >= program->machines().size()) {
        return config_error("its configuration " + spec.config + " has no machine number " +
                            std::to_string(spec.entry));
    }
    if (const auto refusal = program->refusal(entry)) {
        return config_error(refusal->message);
    }
    std::unique_ptr<calls::HooksRegistry> hooks;
    if (const auto& stored = program->bundle().hooks) {
        try {
            hooks = ports_.hooks.beside(calls::read_stored_hooks(*stored));
        } catch (const base::ConfigError& error) {
            return config_error("its configuration " + spec.config + ": " + error.what());
        }
    }
    return std::make_shared<const PreparedMachine>(std::move(program), std::move(spec),
                                                   std::move(hooks));
}

std::int64_t MachineRunner::depth_of(const contracts::Claimed& claimed) {
    std::int64_t depth = 0;
    model::ExecutionId parent = claimed.parent;
    constexpr std::int64_t kDeepest = 10'000;
    while (!parent.is_nil() && depth < kDeepest) {
        ++depth;
        const auto execution = ports_.store.work().get(parent);
        parent = execution ? execution->parent : model::ExecutionId{};
    }
    return depth;
}

std::string MachineRunner::log_path(const contracts::Claimed& claimed) const {
    const std::filesystem::path folder = ports_.store.data_folder();
    if (folder.empty()) {
        return {};
    }
    const std::string id = claimed.lease.execution.text();
    return (folder / "logs" / process::log_subfolder(claimed.batch, claimed.lease.execution) /
            (id + "." + std::to_string(claimed.attempt) + ".stderr.txt"))
        .string();
}

std::optional<model::Attempt> MachineRunner::record_of(const contracts::Claimed& claimed,
                                                       const model::Next& next,
                                                       const std::string& log_path) const {
    const auto* failed = std::get_if<model::NextFailed>(&next);
    std::error_code code;
    const bool has_log = !log_path.empty() && std::filesystem::exists(log_path, code);
    if (failed == nullptr && !has_log) {
        return std::nullopt;
    }
    model::Attempt record;
    record.number = claimed.attempt;
    record.worker_id = ports_.worker_id;
    record.host = ports_.host;
    record.started_at = record.finished_at = ports_.store.now();
    if (failed != nullptr) {
        record.error = failed->error;
    }
    if (has_log) {
        record.stderr_path = log_path;
    }
    return record;
}

model::StepCommit MachineRunner::last_commit(const contracts::Claimed& claimed,
                                             const PreparedMachine& prepared, MachineSteps& steps,
                                             const engine::Outcome& result) const {
    auto next = next_of(result);
    if (!next) {
        return steps.take_parked();
    }
    check_output(*next);
    if (auto* failed = std::get_if<model::NextFailed>(&*next);
        failed != nullptr && failed->failure == model::FailureClass::counting) {
        failed->retry_delay =
            prepared.spec().backoff.delay(claimed.failures + 1, base::random_share());
    }
    return steps.take(std::move(*next));
}

ItemOutcome MachineRunner::run(const contracts::Claimed& claimed, const PreparedMachine& prepared,
                               const std::stop_token& stop) {
    MachineSteps steps(ports_.store, ports_.clock, claimed, stop, leaving_);
    calls::HooksRegistry& hooks = prepared.hooks() != nullptr ? *prepared.hooks() : ports_.hooks;
    MachineScene scene{ports_.store, ports_.log, hooks, ports_.agents, steps,
                       claimed,      prepared,   {},    stop,          ports_.children_elsewhere};
    if (prepared.has_hooks()) {
        scene.log_path = log_path(claimed);
        std::error_code code;  // Without a log the work goes on.
        std::filesystem::create_directories(std::filesystem::path(scene.log_path).parent_path(),
                                            code);
    }
    engine::RunOptions options;
    options.execution_id = claimed.lease.execution.text();
    options.parent_execution_id = claimed.parent.is_nil() ? "" : claimed.parent.text();
    options.log_path = scene.log_path;
    options.stop = stop;
    ItemOutcome outcome;
    try {
        if (prepared.machine().has_children) {
            options.depth = depth_of(claimed);
        }
        const bool is_woken_by_message =
            claimed.woken_by == model::Woken::signal || claimed.woken_by == model::Woken::deadline;
        const bool at_children = claimed.woken_by == model::Woken::children;
        if (is_woken_by_message) {
            steps.hold();
        }
        const engine::Outcome result =
            run_machine_in(scene, prepared.machine(),
                           {claimed.lease.execution, claimed.parent, options.depth, true,
                            at_children, prepared.machine().persists},
                           options, input_of(claimed.input), claimed.snapshot);
        outcome.commit = last_commit(claimed, prepared, steps, result);
    } catch (const base::Cancelled&) {
        steps.flush_if_possible();
        outcome.kind = ItemOutcome::Kind::aborted;
    } catch (const agents::ProviderWait& wait) {
        outcome.commit = steps.take(waiting_for(wait));
    } catch (const RunLost& lost) {
        outcome.kind = ItemOutcome::Kind::lost;
    } catch (const base::ProtocolError& error) {
        outcome.commit = failed_without_steps(steps, config_error(error.full_text()));
    } catch (const engine::MachineError& error) {
        outcome.commit = failed_without_steps(steps, error_of(error.failure()));
    } catch (const expression::EvaluationError& error) {
        outcome.commit = failed_without_steps(steps, error_of(*engine::failure_of(error)));
    }
    if (outcome.kind == ItemOutcome::Kind::commit) {
        outcome.commit.attempt_record = record_of(claimed, outcome.commit.next, scene.log_path);
    }
    return outcome;
}

}  // namespace fleet::worker
