#include "machines/config/machine_reader.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "machines/config/fields.hpp"
#include "machines/config/machine_checks.hpp"
#include "machines/config/state_reader.hpp"

namespace fleet::config {
namespace {

/// The moments at which a checkpoint is made.
const std::vector<std::string>& checkpoint_events() {
    static const std::vector<std::string> events{"machine_start", "state_enter", "execute",
                                                 "state_exit",    "machine_end", "waiting",
                                                 "tool_call"};
    return events;
}

class MachineReader {
  public:
    MachineReader(const Node& wrapper, std::string path, Findings& findings)
        : wrapper_(wrapper), path_(std::move(path)), findings_(findings) {
        machine().file = findings.file();
        machine().at = wrapper.at;
    }

    ReadMachine read() {
        if (!wrapper_.is_map() && !wrapper_.is_null()) {
            findings_.refuse(
                {wrapper_.at, path_},
                "a machine is a mapping, and this is " + std::string(name_of(wrapper_.kind)),
                "begin with `spec: flatmachine`");
            return std::move(read_);
        }
        Fields fields(wrapper_, path_, findings_);
        if (!read_spec(fields)) {
            return std::move(read_);
        }
        read_version(fields);
        const Node* const data = fields.get("data");
        machine().metadata = fields.map("metadata");
        machine().stage = read_stage(machine().metadata, fields.path_of("metadata"), findings_);
        fields.finish();
        if (data == nullptr || !data->is_map()) {
            findings_.refuse(data == nullptr ? fields.place() : fields.place_of(*data, "data"),
                             "Config missing 'data' section",
                             "add `data:` with `states:` below it");
            return std::move(read_);
        }
        Fields inner(*data, fields.path_of("data"), findings_);
        read_data(inner);
        return std::move(read_);
    }

  private:
    MachineDefinition& machine() { return read_.definition; }

    bool read_spec(Fields& fields) {
        const Node* const spec = fields.get("spec");
        const std::string found = spec == nullptr ? "None" : name_text(*spec).value_or("a list");
        if (found == "flatmachine") {
            return true;
        }
        findings_.refuse(spec == nullptr ? fields.place() : fields.place_of(*spec, "spec"),
                         "Invalid spec: expected 'flatmachine', got '" + found + "'",
                         "begin the file with `spec: flatmachine`");
        return false;
    }

    void read_version(Fields& fields) {
        const Node* const value = fields.get("spec_version");
        const std::string advice = "write `spec_version: \"" + std::string(kSpecVersion) + "\"`";
        if (value == nullptr) {
            machine().spec_version = kSpecVersion;
            findings_.error(fields.place(), "`spec_version` is missing", advice);
            return;
        }
        machine().spec_version = fields.text("spec_version").value_or(std::string(kSpecVersion));
        const std::string& version = machine().spec_version;
        const bool is_version = !version.empty() &&
                                version.find_first_not_of("0123456789.") == std::string::npos &&
                                version.front() != '.' && version.back() != '.' &&
                                version.find("..") == std::string::npos;
        const Place place = fields.place_of(*value, "spec_version");
        if (!is_version) {
            findings_.error(place, "`" + version + "` is no version", advice);
        } else if (version.substr(0, version.find('.')) !=
                   kSpecVersion.substr(0, kSpecVersion.find('.'))) {
            findings_.warn(place,
                           "this file is written for version " + version +
                               "; it is run by the rules of " + std::string(kSpecVersion),
                           advice + " once it is checked");
        }
    }

    void read_data(Fields& data) {
        machine().name = data.text("name").value_or("unnamed-machine");
        read_engine(data);
        machine().context = data.map("context");
        if (machine().context && machine().context->find("machine") != nullptr) {
            const Member& member = *machine().context->find("machine");
            findings_.warn({member.at, data.path_of("context.machine")},
                           "`context.machine` is overwritten at every step",
                           "give the key another name");
        }
        read_agents(data);
        read_machines(data);
        read_settings(data);
        read_persistence(data);
        machine().lifecycle_hooks = read_hooks(data, "lifecycle_hooks");
        const Node* const states = data.get("states");
        data.finish();
        read_states(data, states);
    }

    void read_states(Fields& data, const Node* states) {
        if (states == nullptr || !states->is_map() || states->members.empty()) {
            const bool is_wrong = states != nullptr && !states->is_map();
            findings_.refuse(states == nullptr ? data.place() : data.place_of(*states, "states"),
                             "No states defined",
                             is_wrong ? "`states` is a mapping: write `NAME: {...}` lines below it"
                                      : "add at least one state below `states:`");
            return;
        }
        for (const Member& member : states->members) {
            machine().states.push_back(
                read_state(member, data.path_of("states." + member.key), findings_));
        }
        check_machine(machine(), data.place().path, findings_);
    }

    void read_engine(Fields& data) {
        const Node* const value = data.get("expression_engine");
        const std::string name = value == nullptr ? "simple" : name_text(*value).value_or("a list");
        if (name == "cel") {
            machine().expression_engine = ExpressionEngine::cel;
        } else if (name != "simple") {
            findings_.refuse(data.place_of(*value, "expression_engine"),
                             "Unknown expression engine: " + name,
                             suggestion(name, {"simple", "cel"}));
        }
    }

    void read_agents(Fields& data) {
        const Node* const agents = data.get("agents", Node::Kind::map);
        if (agents == nullptr) {
            return;
        }
        for (const Member& member : agents->members) {
            machine().agents.push_back(read_agent(member, data.path_of("agents." + member.key)));
        }
    }

    AgentDefinition read_agent(const Member& member, const std::string& path) {
        AgentDefinition agent;
        agent.name = member.key;
        agent.at = member.value.at;
        const Node& value = member.value;
        if (value.is_text()) {
            agent.form = AgentForm::file;
            agent.file = value.text;
        } else if (value.is_map() && value.find("spec") != nullptr) {
            agent.form = AgentForm::in_place;
            agent.document = value;
            check_agent_document(value, path, findings_);
        } else if (value.is_map() && value.find("type") != nullptr) {
            Fields fields(value, path, findings_);
            agent.form = AgentForm::adapter;
            agent.type = fields.text("type").value_or("");
            agent.ref = fields.text("ref").value_or("");
            agent.config = fields.map("config");
            fields.finish();
        } else {
            findings_.error({value.at, path}, "`" + member.key + "` is no agent",
                            "write a path, {type, ref, config}, or a whole flatagent");
        }
        return agent;
    }

    void read_machines(Fields& data) {
        const Node* const machines = data.get("machines", Node::Kind::map);
        if (machines == nullptr) {
            return;
        }
        for (const Member& member : machines->members) {
            const std::string path = data.path_of("machines." + member.key);
            MachineReference reference{member.key, member.value.at, {}, std::nullopt};
            if (member.value.is_text()) {
                reference.file = member.value.text;
            } else if (member.value.is_map()) {
                read_.in_place.push_back({machine().machines.size(), &member.value, path});
            } else {
                findings_.error({member.value.at, path}, "`" + member.key + "` is no machine",
                                "write a path, or a whole machine below it");
                continue;
            }
            machine().machines.push_back(std::move(reference));
        }
    }

    void read_settings(Fields& data) {
        const Node* const map = data.get("settings", Node::Kind::map);
        if (map == nullptr) {
            return;
        }
        // Further keys are allowed: settings are open.
        Fields fields(*map, data.path_of("settings"), findings_);
        Settings& settings = machine().settings;
        const Node* const steps = fields.get("max_steps");
        const bool is_unlimited = steps != nullptr && steps->text == "Infinity";
        settings.max_steps =
            is_unlimited ? std::optional<std::int64_t>(0) : fields.integer("max_steps", {});
        settings.max_depth = fields.integer("max_depth", {});
        if (const auto fallback = fields.choice("parallel_fallback", {"sequential", "error"})) {
            settings.parallel_fallback = static_cast<ParallelFallback>(*fallback);
        }
        settings.any_cancels = fields.choice("any", {"let_go", "cancel"}) == 1;
        settings.all = *map;
    }

    void read_persistence(Fields& data) {
        const Node* const map = data.get("persistence", Node::Kind::map);
        if (map == nullptr) {
            return;
        }
        // Further keys are allowed: backends have their own.
        Fields fields(*map, data.path_of("persistence"), findings_);
        Persistence persistence;
        if (!fields.has("enabled")) {
            findings_.error(data.place_of(*map, "persistence"), "`persistence` has no `enabled`",
                            "add `enabled: true`");
        }
        persistence.enabled = fields.boolean("enabled").value_or(true);
        read_backend(fields, persistence);
        persistence.db_path = fields.text("db_path").value_or("");
        persistence.checkpoint_on = fields.texts("checkpoint_on");
        for (const std::string& event :
             persistence.checkpoint_on.value_or(std::vector<std::string>{})) {
            if (std::ranges::find(checkpoint_events(), event) == checkpoint_events().end()) {
                findings_.warn(fields.place_of_key("checkpoint_on"),
                               "there is no event `" + event + "`",
                               suggestion(event, checkpoint_events()));
            }
        }
        machine().persistence = std::move(persistence);
    }

    void read_backend(Fields& fields, Persistence& persistence) {
        static const std::vector<std::string> names{"local", "sqlite", "memory"};
        const Node* const value = fields.get("backend");
        if (value == nullptr) {
            if (persistence.enabled) {
                findings_.error(fields.place(), "`persistence` has no `backend`",
                                "add `backend: sqlite`");
            }
            return;
        }
        const std::string name = name_text(*value).value_or("a list");
        const auto found = std::ranges::find(names, name);
        if (found == names.end()) {
            findings_.refuse(fields.place_of(*value, "backend"),
                             "Unknown persistence backend '" + name +
                                 "'. Supported backends: 'memory', 'local', 'sqlite'.",
                             suggestion(name, names));
            return;
        }
        persistence.backend = static_cast<PersistenceKind>(found - names.begin());
    }

    const Node& wrapper_;
    std::string path_;
    Findings& findings_;
    ReadMachine read_;
};

}  // namespace

ReadMachine read_machine(const Node& wrapper, const std::string& path, Findings& findings) {
    ReadMachine read = MachineReader(wrapper, path, findings).read();
    for (const Diagnostic& one : findings.all()) {
        if (one.severity == Severity::load_error && !read.definition.refusal) {
            read.definition.refusal = one;
        }
    }
    return read;
}

void check_agent_document(const Node& document, const std::string& path, Findings& findings) {
    if (!document.is_map()) {
        findings.error({document.at, path},
                       "an agent is a mapping, and this is " + std::string(name_of(document.kind)),
                       "begin with `spec: flatagent`");
        return;
    }
    Fields fields(document, path, findings);
    const Node* const spec = fields.get("spec");
    if (spec == nullptr || spec->text != "flatagent") {
        findings.error(spec == nullptr ? fields.place() : fields.place_of(*spec, "spec"),
                       "an agent begins with `spec: flatagent`", "add that line, or correct it");
        return;
    }
    if (fields.get("spec_version") == nullptr) {
        findings.error(fields.place(), "`spec_version` is missing",
                       "write `spec_version: \"" + std::string(kSpecVersion) + "\"`");
    }
    const Node* const data = fields.get("data", Node::Kind::map);
    if (data == nullptr && !fields.has("data")) {
        findings.error(fields.place(), "the agent has no `data`",
                       "add `data:` with `prompt` and `profile` below it");
    }
    (void)fields.get("metadata");
    fields.finish();
}

}  // namespace fleet::config
