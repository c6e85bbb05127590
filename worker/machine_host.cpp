#include "worker/machine_host.hpp"

#include <algorithm>
#include <utility>

#include "common/base/errors.hpp"
#include "machines/engine/time_limit.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::worker {
namespace {

using engine::ChildEnd;
using engine::ChildrenEnd;
using engine::Failure;
using engine::FailureClass;
using engine::MachineError;
using engine::Parked;
using expression::Value;

/// Children that a parent reads at once.
constexpr std::size_t kPage = 1'000;
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

ChildEnd end_of(const model::ChildState& child) {
    if (child.status == model::Status::done) {
        return {child.output.empty() ? Value() : expression::from_json(child.output), {}};
    }
    Failure failure;
    failure.kind = FailureClass::child;
    if (child.status == model::Status::cancelled) {
        failure.type = "Cancelled";
        failure.message = "the machine `" + child.label + "` was cancelled";
    }
    if (child.error) {
        failure.message = child.error->message;
        failure.type = child.error->type.empty() ? std::string(model::to_text(child.error->kind))
                                                 : child.error->type;
    }
    return {{}, std::move(failure)};
}

}  // namespace

model::ExecutionError error_of(const Failure& failure) {
    return {kind_of(failure.kind), failure.message, {}, failure.type};
}

std::optional<model::Next> next_of(const engine::Outcome& outcome) {
    if (const auto* finished = std::get_if<engine::Finished>(&outcome)) {
        return model::NextDone{expression::to_json(finished->output)};
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
    scene_.steps.checkpoint(run_.id, snapshot, kept);
}

void MachineHost::amend(const engine::MachineSnapshot& snapshot, bool kept) {
    scene_.steps.amend(run_.id, snapshot, kept);
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
    auto agent = scene_.agents.make(machine, definition);
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
    child.input = expression::to_json(call.input);
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
        return claimed.signal.empty() ? Value() : expression::from_json(claimed.signal);
    }
    return std::nullopt;
}

bool MachineHost::may_enter_stage(const std::string& stage) {
    return stage.empty() || stage == scene_.claimed.stage;
}

std::vector<model::ChildState> MachineHost::existing(const engine::MachineSnapshot& snapshot) {
    std::vector<model::ChildState> all;
    std::int64_t after = -1;
    for (;;) {
        auto page = scene_.store.work().children(run_.id, snapshot.step, after, kPage);
        if (page.empty()) {
            return all;
        }
        after = page.back().ordinal;
        for (model::ChildState& child : page) {
            if (child.kind != model::ChildKind::launched) {
                all.push_back(std::move(child));
            }
        }
    }
}

MachineHost::Answer MachineHost::children(const engine::MachineSnapshot& snapshot,
                                          const engine::ChildrenRequest& request) {
    const bool resumed = std::exchange(is_at_children_, false);
    if (request.single) {
        return run_in_place(snapshot, request, resumed);
    }
    return resumed ? collect(snapshot, request) : fan_out(snapshot, request);
}

MachineHost::Answer MachineHost::fan_out(const engine::MachineSnapshot& snapshot,
                                         const engine::ChildrenRequest& request) {
    ChildrenEnd refused;
    refused.ends.resize(request.source.size());
    std::size_t created = 0;
    // The state's context as it is now, not as it was when the state began.
    scene_.steps.checkpoint(run_.id, snapshot, false);
    for (std::size_t ordinal = 0; ordinal < request.source.size(); ++ordinal) {
        engine::ChildCall call = request.source.call(ordinal);
        if (call.failure) {
            refused.first = refused.first.value_or(ordinal);
            refused.ends[ordinal] = ChildEnd{{}, std::move(call.failure)};
            continue;
        }
        ++created;
        scene_.steps.add_child(new_child(snapshot, call, static_cast<std::int64_t>(ordinal),
                                         model::ChildKind::waited_for));
    }
    const bool is_over = created == 0 || (request.mode == config::Mode::any && refused.first);
    return is_over ? Answer(std::move(refused)) : park(snapshot, request);
}

MachineHost::Answer MachineHost::park(const engine::MachineSnapshot& snapshot,
                                      const engine::ChildrenRequest& request) {
    scene_.steps.set_next(
        run_.id, model::NextChildren{snapshot.step,
                                     request.mode == config::Mode::any ? model::WaitMode::any
                                                                       : model::WaitMode::settled,
                                     request.cancel_rest, request.timeout});
    return Parked{};
}

MachineHost::Answer MachineHost::collect(const engine::MachineSnapshot& snapshot,
                                         const engine::ChildrenRequest& request) {
    const bool is_late = run_.is_root && scene_.claimed.woken_by == model::Woken::deadline;
    ChildrenEnd end;
    end.ends.resize(request.source.size());
    std::vector<bool> is_there(request.source.size(), false);
    std::size_t open = 0;
    std::optional<base::StoreTime> first_end;
    for (const model::ChildState& child : existing(snapshot)) {
        const auto ordinal = static_cast<std::size_t>(child.ordinal);
        if (ordinal >= end.ends.size()) {
            continue;
        }
        is_there[ordinal] = true;
        if (!model::is_terminal(child.status)) {
            ++open;
            continue;
        }
        end.ends[ordinal] = end_of(child);
        if (!first_end || child.finished_at < *first_end) {
            first_end = child.finished_at;
            end.first = ordinal;
        }
    }
    if (std::ranges::find(is_there, false) != is_there.end() &&
        scene_.claimed.woken_by == model::Woken::none) {
        // Cut off while they were created; those that are there stay as they are.
        return fan_out(snapshot, request);
    }
    for (std::size_t ordinal = 0; ordinal < is_there.size(); ++ordinal) {
        if (!is_there[ordinal]) {
            end.ends[ordinal] = ChildEnd{{}, request.source.call(ordinal).failure};
        }
    }
    const bool is_over = request.mode == config::Mode::any ? end.first.has_value() : open == 0;
    if (is_over || is_late) {
        end.timed_out = !is_over;
        return end;
    }
    return park(snapshot, request);
}

MachineHost::Answer MachineHost::run_in_place(const engine::MachineSnapshot& snapshot,
                                              const engine::ChildrenRequest& request,
                                              bool resumed) {
    if (resumed) {
        const auto found = existing(snapshot);
        if (!found.empty()) {
            const model::ChildState& child = found.front();
            if (model::is_terminal(child.status)) {
                ChildrenEnd end;
                end.ends.emplace_back(end_of(child));
                end.first = 0;
                return end;
            }
            if (child.kind != model::ChildKind::in_place) {
                return late_or_parked(snapshot, request);
            }
            const engine::ChildCall call = request.source.call(0);
            return run_child(snapshot, request, child.id, call.machine,
                             expression::from_json(child.input), child.snapshot);
        }
    }
    const engine::ChildCall call = request.source.call(0);
    model::NewChild child = new_child(snapshot, call, 0, model::ChildKind::in_place);
    const model::ExecutionId id = child.id;
    scene_.steps.checkpoint(run_.id, snapshot, false);
    scene_.steps.add_child(std::move(child));
    return run_child(snapshot, request, id, call.machine, call.input, {});
}

MachineHost::Answer MachineHost::late_or_parked(const engine::MachineSnapshot& snapshot,
                                                const engine::ChildrenRequest& request) {
    if (run_.is_root && scene_.claimed.woken_by == model::Woken::deadline) {
        ChildrenEnd end;
        end.ends.resize(1);
        end.timed_out = true;
        return end;
    }
    return park(snapshot, request);
}

MachineHost::Answer MachineHost::run_child(const engine::MachineSnapshot& snapshot,
                                           const engine::ChildrenRequest& request,
                                           const model::ExecutionId& id, std::size_t entry,
                                           const Value& input, const base::JsonText& resume_point) {
    const engine::TimeLimit limit(scene_.stop, request.timeout);
    engine::RunOptions options;
    options.execution_id = id.text();
    options.parent_execution_id = run_.id.text();
    options.depth = run_.depth + 1;
    options.log_path = scene_.log_path;
    options.stop = limit.token();
    const engine::Machine& machine = scene_.prepared.program().machines()[entry];
    ChildrenEnd end;
    end.ends.resize(1);
    try {
        const engine::Outcome outcome =
            run_machine_in(scene_, machine, {id, run_.id, options.depth, false, false}, options,
                           input, resume_point);
        const auto next = next_of(outcome);
        if (next) {
            scene_.steps.set_next(id, *next);
        }
        if (const auto* finished = std::get_if<engine::Finished>(&outcome)) {
            end.ends.front() = ChildEnd{finished->output, {}};
        } else if (const auto* failure = std::get_if<Failure>(&outcome)) {
            end.ends.front() = ChildEnd{{}, *failure};
        } else {
            return park(snapshot, request);
        }
        end.first = 0;
    } catch (const base::Cancelled&) {
        if (!limit.has_passed()) {
            throw;
        }
        const Failure late{FailureClass::timeout,
                           "TimeoutError",
                           "the machine did not end within its parent's timeout",
                           {}};
        scene_.steps.set_next(
            id, model::NextFailed{model::FailureClass::permanent, error_of(late), base::Millis{0}});
        end.timed_out = true;
    }
    return end;
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
                scene.store.work().children(run.id, snapshot->step, -1, kPage),
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
