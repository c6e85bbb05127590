#include "tests/conformance/recorder.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/base/clock.hpp"
#include "machines/engine/failure.hpp"
#include "tests/conformance/json_of.hpp"
#include "tests/conformance/stub_agent.hpp"
#include "tests/conformance/stub_hooks.hpp"

namespace fleet::conformance {

using base::Json;
using engine::MachineSnapshot;
using engine::RunIdentity;
using expression::Value;

namespace {

Json context_json(const Value& context) {
    Json json = json_of(context);
    if (json.is_object()) {
        json.erase("machine");
    }
    return json;
}

const std::string& name_of_machine(const RunIdentity& run) {
    return run.machine->definition->name;
}

}  // namespace

Json error_json(const engine::Failure& failure) {
    return {{"type", failure.type},
            {"class", engine::name_of(failure.kind)},
            {"message", failure.message}};
}

Json outcome_json(const engine::Outcome& outcome) {
    if (const auto* const finished = std::get_if<engine::Finished>(&outcome)) {
        return {{"output", json_of(finished->output)}};
    }
    if (const auto* const failure = std::get_if<engine::Failure>(&outcome)) {
        return {{"error", error_json(*failure)}};
    }
    if (const auto* const waiting = std::get_if<engine::Waiting>(&outcome)) {
        return {{"output", {{"_waiting", true}, {"_channel", waiting->channel}}}};
    }
    return {{"output", {{"_parked", true}}}};
}

Recorder::Recorder(CaseMemory& memory, std::string main_id, std::optional<CrashPoint> crash)
    : memory_(memory), main_id_(std::move(main_id)), crash_(std::move(crash)) {
    records_.emplace_back().id = main_id_;
}

RunRecord& Recorder::record_of(const std::string& id, const std::string& machine,
                               const std::string& parent) {
    const auto found = std::ranges::find(records_, id, &RunRecord::id);
    RunRecord& record = found == records_.end() ? records_.emplace_back() : *found;
    record.id = id;
    record.machine = machine;
    record.parent = parent;
    return record;
}

RunRecord& Recorder::record_of(const RunIdentity& run) {
    return record_of(run.execution_id, name_of_machine(run), run.parent_execution_id);
}

void Recorder::checkpoint(const RunIdentity& run, const MachineSnapshot& snapshot, bool kept) {
    const std::scoped_lock lock(mutex_);
    RunRecord& record = record_of(run);
    if (snapshot.event == engine::Event::state_enter) {
        record.visited.push_back(snapshot.current_state);
        record.steps = snapshot.step;
    }
    record.context = context_json(snapshot.context);
    record.api_calls = json_of(snapshot.total_api_calls);
    record.cost = snapshot.total_cost;
    if (!kept) {
        return;
    }
    memory_.backends.checkpoints().save(snapshot);
    record.checkpoints.push_back(
        {engine::name_of(snapshot.event), snapshot.current_state, snapshot.step});
    crash_if_due(run, snapshot);
}

void Recorder::crash_if_due(const RunIdentity& run, const MachineSnapshot& snapshot) {
    if (!crash_) {
        return;
    }
    const std::string event(engine::name_of(snapshot.event));
    const bool machine_fits =
        crash_->machine ? *crash_->machine == snapshot.machine_name : run.execution_id == main_id_;
    const bool fits = machine_fits && (!crash_->event || *crash_->event == event) &&
                      (!crash_->state || *crash_->state == snapshot.current_state);
    if (fits && ++crash_matches_ == crash_->nth) {
        throw Crash("after " + event + " " + snapshot.current_state + " " +
                    std::to_string(snapshot.step));
    }
}

void Recorder::amend(const RunIdentity& /*run*/, const MachineSnapshot& /*snapshot*/,
                     bool /*kept*/) {}

std::unique_ptr<calls::Hooks> Recorder::hooks(const RunIdentity& run, const std::string& name,
                                              const Value& args) {
    if (name != "stub") {
        throw engine::MachineError(
            engine::FailureClass::unknown_hook, "KeyError",
            "No hooks registered for name '" + name + "'. Registered: ['stub']");
    }
    return make_stub_hooks(args, memory_.stubs, [this, run](const std::string& event) {
        const std::scoped_lock lock(mutex_);
        record_of(run).hook_events.push_back(event);
    });
}

std::shared_ptr<calls::Agent> Recorder::agent(const RunIdentity& run,
                                              const config::AgentDefinition& definition) {
    return make_stub_agent(definition, memory_.stubs,
                           [this, run](const std::string& name, const calls::AgentRequest& asked) {
                               const std::scoped_lock lock(mutex_);
                               note_call(record_of(run), name, asked);
                           });
}

void Recorder::note_call(RunRecord& record, const std::string& agent,
                         const calls::AgentRequest& request) {
    Json call{{"agent", agent}, {"input", json_of(request.input)}};
    if (!request.session_id.empty()) {
        call["session_id"] = request.session_id;
    }
    if (request.in_tool_loop) {
        call["tools"] = Json::array();
        for (const calls::ToolDefinition& tool : request.tools) {
            call["tools"].push_back(tool.name);
        }
        call["messages"] = request.messages ? json_of(*request.messages) : Json();
    }
    record.agent_calls.push_back(std::move(call));
}

std::optional<Value> Recorder::receive(const RunIdentity& /*run*/, const std::string& channel,
                                       std::optional<base::Millis> /*timeout*/) {
    return memory_.backends.signals().consume(channel);
}

std::string Recorder::new_execution_id() {
    const std::scoped_lock lock(mutex_);
    std::string id = ids_.next(base::SystemClock{}.wall_now()).text();
    memory_.generated_ids.insert(id);
    return id;
}

bool Recorder::has_result(const std::string& execution_id) {
    const std::scoped_lock lock(mutex_);
    return memory_.results.contains(execution_id);
}

void Recorder::run_ended(const RunIdentity& run, const MachineSnapshot& last) {
    const std::scoped_lock lock(mutex_);
    RunRecord& record = record_of(run);
    // A finished machine that is resumed does nothing, and has spent nothing.
    if (!record.context.is_null()) {
        record.api_calls = json_of(last.total_api_calls);
        record.cost = last.total_cost;
    }
}

void Recorder::child_began(const RunIdentity& child, const Value& input) {
    const std::scoped_lock lock(mutex_);
    record_of(child).input = json_of(input);
}

void Recorder::child_ended(const RunIdentity& child, const engine::Outcome& outcome) {
    const std::scoped_lock lock(mutex_);
    record_of(child).outcome = outcome_json(outcome);
    if (const auto* const finished = std::get_if<engine::Finished>(&outcome)) {
        memory_.results[child.execution_id] = finished->output;
    }
}

Json Recorder::children() const {
    const std::scoped_lock lock(mutex_);
    Json children = Json::array();
    for (const RunRecord& record : records_) {
        if (record.id == main_id_) {
            continue;
        }
        const auto parent = std::ranges::find(records_, record.parent, &RunRecord::id);
        // Torn down: nobody was told of its end.
        const Json torn{
            {"error", {{"type", "Crash"}, {"class", "crash"}, {"message", "torn down"}}}};
        const bool is_of_main = record.parent == main_id_ || parent == records_.end();
        children.push_back({{"machine", record.machine},
                            {"parent", is_of_main ? "main" : parent->machine},
                            {"input", record.input},
                            {"outcome", record.outcome.is_null() ? torn : record.outcome},
                            {"visited", record.visited},
                            {"steps", record.steps},
                            {"checkpoints", record.checkpoints},
                            {"agent_calls", record.agent_calls},
                            {"hook_events", record.hook_events}});
    }
    return children;
}

}  // namespace fleet::conformance
