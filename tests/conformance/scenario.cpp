#include "tests/conformance/scenario.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "common/base/errors.hpp"
#include "machines/engine/program.hpp"
#include "tests/conformance/json_of.hpp"
#include "tests/conformance/placeholders.hpp"

namespace fleet::conformance {
namespace {

namespace fs = std::filesystem;
using base::Json;
using expression::Value;

std::string id_of(const Json& op) {
    return op.value("id", kMainId);
}

/// The first reason why a file cannot be started.
Json load_error(const config::LoadResult& loaded) {
    for (const config::Diagnostic& one : loaded.diagnostics) {
        if (one.severity != config::Severity::load_error) {
            continue;
        }
        const char* const kind = one.fault == config::Fault::syntax         ? "yaml"
                                 : one.fault == config::Fault::missing_file ? "file_not_found"
                                                                            : "config";
        return {
            {"type", "ConfigError"}, {"class", kind}, {"message", one.line()}, {"phase", "load"}};
    }
    return {{"type", "ConfigError"},
            {"class", "internal"},
            {"message", "the machine was refused without a reason"},
            {"phase", "load"}};
}

Json snapshot_json(const engine::MachineSnapshot& snapshot, const std::set<std::string>& left_out) {
    Json json = Json::parse(engine::to_json_text(snapshot));
    for (const std::string& key : left_out) {
        json.erase(key);
    }
    return json;
}

std::optional<CrashPoint> crash_of(const Json& op) {
    if (!op.contains("crash")) {
        return std::nullopt;
    }
    const Json& crash = op["crash"];
    const auto text = [&](const char* key) {
        return crash.contains(key) ? std::optional(crash[key].get<std::string>()) : std::nullopt;
    };
    return CrashPoint{text("event"), text("state"), text("machine"), crash.value("nth", 1)};
}

engine::RunOptions options_of(const Json& op, ResumeStyle style) {
    engine::RunOptions options;
    options.execution_id = id_of(op);
    options.reenter_after_exit = style == ResumeStyle::family;
    if (op.contains("max_steps")) {
        options.max_steps = op["max_steps"].get<std::int64_t>();
    }
    if (op.contains("max_agent_calls")) {
        options.max_agent_calls = op["max_agent_calls"].get<std::int64_t>();
    }
    return options;
}

/// They are made when the machine is: what is thrown then is an error of loading.
void make_lifecycle_hooks(const engine::Machine& machine, Recorder& recorder) {
    for (const engine::HookUse& use : machine.lifecycle_hooks) {
        static_cast<void>(recorder.hooks({kMainId, {}, &machine, 0}, use.name, use.args));
    }
}

Json run_result(Json end, const Recorder& recorder) {
    const RunRecord& record = recorder.main_record();
    end["visited"] = record.visited;
    end["steps"] = record.steps;
    end["checkpoints"] = record.checkpoints;
    end["agent_calls"] = record.agent_calls;
    end["hook_events"] = record.hook_events;
    end["api_calls"] = record.api_calls;
    end["cost"] = record.cost;
    end["context"] = record.context;
    Json children = recorder.children();
    if (!children.empty()) {
        end["children"] = std::move(children);
    }
    return end;
}

}  // namespace

Scenario::Scenario(const CaseFile& one, ResumeStyle style)
    : case_(one), style_(style), memory_(one.backend(), folder_.path()) {
    fs::copy(case_.folder, folder_.path(), fs::copy_options::recursive);
    fs::remove(folder_ / "case.json");
    fs::remove(folder_ / "expected.json");
}

Json Scenario::run_op(const Json& op) {
    Json result = result_of(op);
    result["op"] = op.at("op");
    put_placeholders(result, memory_.generated_ids, folder_.path().string());
    if (result.contains("ids")) {
        auto ids = result["ids"].get<std::vector<std::string>>();
        std::ranges::sort(ids);
        result["ids"] = std::move(ids);
    }
    return result;
}

Json Scenario::result_of(const Json& op) {
    const auto name = op.at("op").get<std::string>();
    if (name == "run" || name == "resume") {
        return run_machine(op, name == "resume", crash_of(op));
    }
    if (name == "load") {
        return load(op);
    }
    if (name == "validate") {
        return validate(op);
    }
    if (name == "latest") {
        return latest(op);
    }
    if (name == "list") {
        return list(op);
    }
    if (name == "clone") {
        return clone(op);
    }
    if (name == "signals") {
        return pending_signals();
    }
    if (name == "dispatch") {
        return dispatch(op);
    }
    if (name == "signal") {
        memory_.backends.signals().send(op.at("channel"), value_of(op.value("data", Json())));
    } else if (name == "seed") {
        seed(op);
    } else if (name == "seed_result") {
        memory_.results[op.at("id")] = value_of(op.value("data", Json()));
    } else {
        throw base::ConfigError("a scenario has no op `" + name + "`");
    }
    return {{"ok", true}};
}

config::LoadResult Scenario::load_file(const Json& op) const {
    return config::load_machine(folder_.path() / op.value("file", "machine.yml"));
}

Json Scenario::run_machine(const Json& op, bool resume, const std::optional<CrashPoint>& crash) {
    auto loaded = load_file(op);
    if (!loaded.bundle) {
        return {{"error", load_error(loaded)}};
    }
    const auto program = engine::Program::compile(*std::move(loaded.bundle));
    memory_.backends.begin(*program->machines().front().definition);
    if (!op.value("keep_results", false)) {
        memory_.results.clear();
    }
    Recorder recorder(memory_, id_of(op), crash);
    engine::InlineRunner runner(program, recorder);
    Json end;
    try {
        make_lifecycle_hooks(program->machines().front(), recorder);
        const Value input = value_of(op.value("input", Json::object()));
        auto snapshot = resume ? memory_.backends.checkpoints().latest(id_of(op)) : std::nullopt;
        end = outcome_json(snapshot ? runner.resume(0, options_of(op, style_), *std::move(snapshot))
                                    : runner.start(0, options_of(op, style_), input));
        if (end.contains("error")) {
            end["error"]["phase"] = "run";
        }
    } catch (const Crash& crashed) {
        end = {{"crashed", crashed.what()}};
    } catch (const engine::MachineError& refused) {
        Json error = error_json(refused.failure());
        error["phase"] = "load";
        return {{"error", std::move(error)}};
    }
    runner.wait();
    return run_result(std::move(end), recorder);
}

Json Scenario::load(const Json& op) {
    auto loaded = load_file(op);
    if (!loaded.bundle) {
        return {{"error", load_error(loaded)}};
    }
    const auto program = engine::Program::compile(*std::move(loaded.bundle));
    const engine::Machine& machine = program->machines().front();
    Recorder recorder(memory_, kMainId, std::nullopt);
    try {
        make_lifecycle_hooks(machine, recorder);
    } catch (const engine::MachineError& refused) {
        Json error = error_json(refused.failure());
        error["phase"] = "load";
        return {{"error", std::move(error)}};
    }
    Json final_states = Json::array();
    for (const config::State& state : machine.definition->states) {
        if (state.type == config::StateType::final_state) {
            final_states.push_back(state.name);
        }
    }
    return {{"ok", true},
            {"machine_name", machine.definition->name},
            {"initial_state", machine.definition->states[machine.definition->initial].name},
            {"final_states", std::move(final_states)},
            {"spec_version", machine.definition->spec_version}};
}

Json Scenario::validate(const Json& op) const {
    const auto loaded = load_file(op);
    std::set<std::string> paths;
    for (const config::Diagnostic& one : loaded.diagnostics) {
        if (one.severity != config::Severity::warning) {
            paths.insert(one.path);
        }
    }
    return {{"valid", paths.empty()}, {"error_paths", Json(paths)}};
}

Json Scenario::latest(const Json& op) {
    const auto snapshot = memory_.backends.checkpoints().latest(id_of(op));
    if (!snapshot) {
        return {{"snapshot", nullptr}};
    }
    return {{"snapshot", snapshot_json(*snapshot, {"execution_id", "created_at", "config_hash",
                                                   "tool_loop_state"})}};
}

Json Scenario::list(const Json& op) {
    family::CheckpointFilter filter;
    if (op.contains("event")) {
        filter.event = engine::parse_event(op["event"].get<std::string>());
        if (!filter.event) {
            return {{"ids", Json::array()}};
        }
    }
    if (op.contains("waiting_channel")) {
        filter.waiting_channel = op["waiting_channel"].get<std::string>();
    }
    return {{"ids", memory_.backends.checkpoints().list(filter)}};
}

Json Scenario::clone(const Json& op) {
    const auto snapshot = memory_.backends.checkpoints().clone(op.value("from", kMainId),
                                                               op.at("to").get<std::string>());
    if (!snapshot) {
        return {{"snapshot", nullptr}};
    }
    return {{"snapshot", snapshot_json(*snapshot, {"created_at", "config_hash"})}};
}

void Scenario::seed(const Json& op) {
    memory_.backends.checkpoints().save(
        engine::snapshot_from_json(base::dump_json(op.at("snapshot"))));
}

Json Scenario::pending_signals() {
    auto& signals = memory_.backends.signals();
    Json channels = Json::object();
    for (const std::string& channel : signals.channels()) {
        for (const Value& data : signals.peek(channel)) {
            channels[channel].push_back(json_of(data));
        }
    }
    return {{"channels", std::move(channels)}};
}

Json Scenario::dispatch(const Json& op) {
    Json resumed = Json::array();
    Json returned;
    if (op.contains("channel")) {
        returned = dispatch_channel(op, op["channel"], resumed);
    } else {
        returned = Json::object();
        for (const std::string& channel : memory_.backends.signals().channels()) {
            Json ids = dispatch_channel(op, channel, resumed);
            if (!ids.empty()) {
                returned[channel] = std::move(ids);
            }
        }
    }
    return {{"returned", std::move(returned)}, {"resumed", std::move(resumed)}};
}

Json Scenario::dispatch_channel(const Json& op, const std::string& channel, Json& resumed) {
    Json returned = Json::array();
    const auto data = memory_.backends.signals().consume(channel);
    if (!data) {
        return returned;
    }
    family::CheckpointFilter waiting;
    waiting.waiting_channel = channel;
    const auto ids = memory_.backends.checkpoints().list(waiting);
    if (ids.empty()) {
        memory_.backends.signals().send(channel, *data);  // for the first that comes
    }
    for (const std::string& id : ids) {
        memory_.backends.signals().send(channel, *data);  // everyone gets a copy
        Json resume{{"id", id}};
        if (op.contains("file")) {
            resume["file"] = op["file"];
        }
        const Json result = run_machine(resume, true, std::nullopt);
        if (result.contains("output")) {
            resumed.push_back({{"id", id}, {"output", result["output"]}});
            returned.push_back(id);
        }
    }
    return returned;
}

}  // namespace fleet::conformance
