// The children of a machine that runs on a slot: in its place, or as executions of their own.
#include <algorithm>
#include <utility>

#include "common/base/errors.hpp"
#include "machines/engine/time_limit.hpp"
#include "machines/expression/kept_json.hpp"
#include "worker/machine_host.hpp"

namespace fleet::worker {
namespace {

using engine::ChildEnd;
using engine::ChildrenEnd;
using engine::Failure;
using engine::FailureClass;
using engine::Parked;
using expression::Value;

/// Children that a parent reads at once.
constexpr std::size_t kPage = 1'000;

ChildEnd end_of(const model::ChildState& child) {
    if (child.status == model::Status::done) {
        return {child.output.empty() ? Value() : expression::from_kept_json(child.output), {}};
    }
    Failure failure{
        FailureClass::child, "Cancelled", "the machine `" + child.label + "` was cancelled", {}};
    if (child.error) {
        failure.message = child.error->message;
        failure.type = child.error->type.empty() ? std::string(model::to_text(child.error->kind))
                                                 : child.error->type;
    }
    return {{}, std::move(failure)};
}

/// It could not be started, or somebody has removed it.
ChildEnd end_of_missing(engine::ChildCall call) {
    if (!call.failure) {
        call.failure = Failure{FailureClass::child,
                               "NotFound",
                               "the execution of the machine `" + call.name + "` was removed",
                               {}};
    }
    return {{}, std::move(call.failure)};
}

}  // namespace

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
    if (!run_.is_kept && request.single) {
        const engine::ChildCall call = request.source.call(0);
        return run_child(snapshot, request, model::child_id(run_.id, snapshot.step, 0),
                         call.machine, call.input, {});
    }
    require_kept("running several machines");
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
            end.ends[ordinal] = end_of_missing(request.source.call(ordinal));
        }
    }
    const bool is_over = request.mode == config::Mode::any ? end.first.has_value() : open == 0;
    if (is_over || is_late()) {
        // What ended after the deadline, perhaps because of it, does not undo it.
        end.timed_out = is_late();
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
            const bool was_waited_for = child.kind != model::ChildKind::in_place;
            if (model::is_terminal(child.status) && !(was_waited_for && is_late())) {
                ChildrenEnd end;
                end.ends.emplace_back(end_of(child));
                end.first = 0;
                return end;
            }
            if (was_waited_for) {
                return late_or_parked(snapshot, request);
            }
            const engine::ChildCall call = request.source.call(0);
            return run_child(snapshot, request, child.id, call.machine,
                             expression::from_kept_json(child.input), child.snapshot);
        }
    }
    const engine::ChildCall call = request.source.call(0);
    const auto kind =
        scene_.children_elsewhere ? model::ChildKind::waited_for : model::ChildKind::in_place;
    model::NewChild child = new_child(snapshot, call, 0, kind);
    const model::ExecutionId id = child.id;
    scene_.steps.checkpoint(run_.id, snapshot, false);
    scene_.steps.add_child(std::move(child));
    if (scene_.children_elsewhere) {
        return park(snapshot, request);
    }
    return run_child(snapshot, request, id, call.machine, call.input, {});
}

void MachineHost::set_child_next(const model::ExecutionId& id, model::Next next) {
    if (run_.is_kept) {  // else it has no row
        scene_.steps.set_next(id, std::move(next));
    }
}

bool MachineHost::is_late() const {
    return run_.is_root && scene_.claimed.woken_by == model::Woken::deadline;
}

MachineHost::Answer MachineHost::late_or_parked(const engine::MachineSnapshot& snapshot,
                                                const engine::ChildrenRequest& request) {
    if (is_late()) {
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
        const engine::Outcome outcome = run_machine_in(
            scene_, machine,
            {id, run_.id, options.depth, false, false, run_.is_kept && machine.persists}, options,
            input, resume_point);
        if (auto next = next_of(outcome)) {
            set_child_next(id, std::move(*next));
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
        set_child_next(
            id, model::NextFailed{model::FailureClass::permanent, error_of(late), base::Millis{0}});
        end.timed_out = true;
    }
    return end;
}

}  // namespace fleet::worker
