#include "worker/machine_host.hpp"

#include <algorithm>
#include <utility>

#include "common/base/errors.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/kept_json.hpp"

namespace fleet::worker {
namespace {

using engine::Failure;
using engine::FailureClass;
using engine::MachineError;
using expression::Value;

/// Looked at to see whether there are any.
constexpr std::size_t kFewChildren = 100;
/// Launched machines are no children of a step: their numbers begin here.
constexpr std::int64_t kLaunchOrdinal = std::int64_t{1} << 40U;

model::ErrorKind kind_of(FailureClass kind) {
    switch (kind) {
        case FailureClass::agent_error:
        case FailureClass::agent_retryable:
            return model::ErrorKind::agent;
        case FailureClass::timeout:
            return model::ErrorKind::timeout;
        case FailureClass::file_not_found:
        case FailureClass::unknown_hook:
        case FailureClass::unknown_agent:
        case FailureClass::unknown_agent_type:
        case FailureClass::unknown_machine:
        case FailureClass::config:
        case FailureClass::yaml:
            return model::ErrorKind::config;
        default:
            return model::ErrorKind::machine;
    }
}

}  // namespace

model::ExecutionError error_of(const Failure& failure) {
    return {kind_of(failure.kind), failure.message, {}, failure.type};
}

std::optional<model::Next> next_of(const engine::Outcome& outcome) {
    if (const auto* finished = std::get_if<engine::Finished>(&outcome)) {
        return model::NextDone{expression::to_kept_json(finished->output)};
    }
    if (const auto* failure = std::get_if<Failure>(&outcome)) {
        model::ExecutionError error = error_of(*failure);
        const auto counted = error.kind == model::ErrorKind::config ? model::FailureClass::permanent
                                                                    : model::FailureClass::counting;
        return model::NextFailed{counted, std::move(error), base::Millis{0}};
    }
    if (const auto* waiting = std::get_if<engine::Waiting>(&outcome)) {
        return model::NextWaiting{waiting->channel, waiting->timeout};
    }
    if (const auto* handed_over = std::get_if<engine::HandedOver>(&outcome)) {
        return model::NextPending{handed_over->stage, base::Millis{0}};
    }
    return std::nullopt;
}

MachineHost::MachineHost(MachineScene& scene, Run run)
    : scene_(scene), run_(run), is_at_children_(run.is_at_children) {}

void MachineHost::checkpoint(const engine::MachineSnapshot& snapshot, bool kept) {
    if (run_.is_kept) {
        scene_.steps.checkpoint(run_.id, snapshot, kept);
    }
}

void MachineHost::require_kept(const std::string& what) const {
    if (!run_.is_kept) {
        throw MachineError(FailureClass::config, "ConfigError",
                           what + " needs persistence, which the machine `" +
                               scene_.prepared.machine().definition->name +
                               "` has switched off (persistence.enabled)");
    }
}

void MachineHost::amend(const engine::MachineSnapshot& snapshot, bool kept) {
    if (run_.is_kept) {
        scene_.steps.amend(run_.id, snapshot, kept);
    }
}

void MachineHost::before_call() {
    scene_.steps.flush();
}

std::unique_ptr<calls::Hooks> MachineHost::hooks(const std::string& name, const Value& args) {
    auto hooks = scene_.hooks.make(name, args);
    if (!hooks) {
        std::string known;
        for (const std::string& one : scene_.hooks.names()) {
            known += (known.empty() ? "`" : ", `") + one + "`";
        }
        throw MachineError(FailureClass::unknown_hook, "KeyError",
                           "no hooks are registered as `" + name + "`; known are " + known);
    }
    return hooks;
}

std::shared_ptr<calls::Agent> MachineHost::agent(const engine::Machine& machine,
                                                 const config::AgentDefinition& definition) {
    std::shared_ptr<calls::Agent> agent;
    try {
        agent = scene_.agents.make({scene_.prepared.program(), machine, scene_.claimed.stage},
                                   definition);
    } catch (const base::ConfigError& error) {
        throw MachineError(FailureClass::config, "ConfigError", error.full_text());
    }
    if (!agent) {
        throw MachineError(FailureClass::unknown_agent_type, "KeyError",
                           "the agent `" + definition.name + "` is of the type `" +
                               definition.type + "`, which this worker cannot call");
    }
    return agent;
}

void MachineHost::warn(const std::string& message) {
    scene_.log.warn(message, {{"execution", run_.id.text()},
                              {"machine", scene_.prepared.machine().definition->name}});
}

model::NewChild MachineHost::new_child(const engine::MachineSnapshot& snapshot,
                                       const engine::ChildCall& call, std::int64_t ordinal,
                                       model::ChildKind kind) const {
    model::NewChild child;
    child.id = model::child_id(run_.id, snapshot.step, ordinal);
    if (!run_.is_root) {
        child.parent = run_.id;
    }
    child.step = snapshot.step;
    child.ordinal = ordinal;
    child.kind = kind;
    child.spec = scene_.prepared.child_spec(scene_.store.work(), call.machine);
    child.input = expression::to_kept_json(call.input);
    const engine::Machine& machine = scene_.prepared.program().machines()[call.machine];
    child.stage = machine.states[machine.definition->initial].stage;
    child.stage_rank = machine.stage_rank(child.stage);
    if (child.stage.empty()) {
        child.stage = scene_.claimed.stage;
    }
    child.label = call.name;
    return child;
}

void MachineHost::launch(const engine::MachineSnapshot& snapshot, const engine::ChildCall& call,
                         const std::string& execution_id) {
    require_kept("launching a machine");
    if (const auto refusal = scene_.prepared.program().refusal(call.machine)) {
        throw MachineError(*refusal);
    }
    const auto count = static_cast<std::int64_t>(snapshot.pending_launches.size());
    model::NewChild child =
        new_child(snapshot, call, kLaunchOrdinal + count, model::ChildKind::launched);
    child.id = *base::Uuid::parse(execution_id);
    scene_.steps.add_child(std::move(child));
}

std::string MachineHost::launch_id(const engine::MachineSnapshot& snapshot) {
    // By the number of launches so far: a run that is resumed before its launch was recorded as
    // done comes to the same id, and the store inserts it once.
    const auto count = static_cast<std::int64_t>(snapshot.pending_launches.size());
    return model::child_id(run_.id, 0, kLaunchOrdinal + count + 1).text();
}

void MachineHost::relaunch(const engine::LaunchIntent& intent) {
    const auto id = base::Uuid::parse(intent.execution_id);
    const config::MachineReference* reference =
        scene_.prepared.machine().definition->find_machine(intent.machine);
    if (!id || reference == nullptr || !reference->index) {
        warn("the machine `" + intent.machine + "` cannot be launched as " + intent.execution_id);
        return;
    }
    engine::MachineSnapshot now;
    model::NewChild child = new_child(now, {intent.machine, *reference->index, intent.input, {}},
                                      kLaunchOrdinal, model::ChildKind::launched);
    child.id = *id;
    scene_.steps.add_child(std::move(child));
}

std::optional<Value> MachineHost::receive(const std::string& channel,
                                          std::optional<base::Millis> timeout) {
    require_kept("waiting for a signal");
    const contracts::Claimed& claimed = scene_.claimed;
    if (!run_.is_root || std::exchange(is_woken_, true)) {
        return std::nullopt;
    }
    scene_.steps.let_go();
    if (claimed.woken_by == model::Woken::deadline) {
        throw calls::CallError("TimeoutError",
                               "no signal came on the channel `" + channel + "` within " +
                                   base::human_duration(timeout.value_or(base::Millis{0})));
    }
    if (claimed.woken_by == model::Woken::signal) {
        return claimed.signal.empty() ? Value() : expression::from_kept_json(claimed.signal);
    }
    return std::nullopt;
}

bool MachineHost::may_enter_stage(const std::string& stage) {
    return stage.empty() || stage == scene_.claimed.stage || !run_.is_kept;
}

engine::Outcome run_machine_in(MachineScene& scene, const engine::Machine& machine,
                               MachineHost::Run run, engine::RunOptions options, const Value& input,
                               const base::JsonText& resume_point) {
    std::optional<engine::MachineSnapshot> snapshot;
    if (!resume_point.empty()) {
        snapshot = engine::snapshot_from_json(resume_point);
        if (snapshot->event == engine::Event::execute && !run.is_at_children) {
            // Children of this step say that the run was cut off after it had created them.
            run.is_at_children = std::ranges::any_of(
                scene.store.work().children(run.id, snapshot->step, -1, kFewChildren),
                [](const auto& child) { return child.kind != model::ChildKind::launched; });
        }
    }
    const bool at_children = run.is_at_children;
    try {
        MachineHost host(scene, run);
        engine::MachineRun machine_run(scene.prepared.program(), machine, host, std::move(options));
        return snapshot ? machine_run.resume(std::move(*snapshot),
                                             at_children ? engine::ResumeAt::children
                                                         : engine::ResumeAt::checkpoint)
                        : machine_run.start(input);
    } catch (const MachineError& error) {
        return error.failure();
    }
}

}  // namespace fleet::worker
