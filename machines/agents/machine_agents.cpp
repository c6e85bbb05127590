#include "machines/agents/machine_agents.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace fleet::agents {
namespace {

using config::AgentDefinition;
using config::AgentForm;
using config::Diagnostic;

namespace fs = std::filesystem;

LoadedAgent without_document(const NamedAgent& agent, const AgentFiles& files) {
    config::Findings findings(files.shown(agent.machine_file));
    findings.refuse(
        {agent.definition.at, agent.machine_path + "data.agents." + agent.definition.name},
        "the agent `" + agent.definition.name + "` has no document",
        "give the path of its file, or the agent itself");
    return {std::nullopt, findings.all()};
}

/// The agents of one machine while its file is read: it may be thrown away with that.
struct SeenMachine {
    std::vector<AgentDefinition> agents;
    std::string file;
    std::string path;
};

/// The name in the bundle of a file that is shown as `shown`.
std::string name_in(const fs::path& folder, const std::string& shown) {
    const fs::path name = fs::path(shown).lexically_relative(folder.lexically_normal());
    return name.empty() ? shown : name.string();
}

/// Whoever read the machine has reported these.
bool is_reported(const AgentDefinition& agent) {
    const bool is_missing = !agent.file.empty() && !agent.document;
    const bool is_no_mapping = agent.document && !agent.document->is_map();
    return agent.form == AgentForm::malformed || is_missing || is_no_mapping;
}

bool is_same(const Diagnostic& one, const Diagnostic& other) {
    return one.at.line == other.at.line && one.at.column == other.at.column &&
           one.file == other.file && one.message == other.message;
}

/// Agents share files, so that a mistake is found more than once.
void add(std::vector<Diagnostic>& all, std::vector<Diagnostic> found) {
    for (Diagnostic& one : found) {
        const auto same = [&one](const Diagnostic& other) { return is_same(one, other); };
        if (std::ranges::none_of(all, same)) {
            all.push_back(std::move(one));
        }
    }
}

}  // namespace

std::optional<LoadedAgent> load_named_agent(const NamedAgent& agent, const AgentFiles& files) {
    const AgentDefinition& definition = agent.definition;
    if (definition.form == AgentForm::adapter && definition.type == "command") {
        config::Node nothing;
        nothing.at = definition.at;
        return load_command(definition.config ? *definition.config : nothing, definition.name,
                            files.shown(agent.machine_file), agent.machine_path);
    }
    if (definition.form == AgentForm::adapter && definition.type != "flatagent") {
        return std::nullopt;
    }
    const config::Node* const document = definition.document ? &*definition.document
                                         : definition.config ? &*definition.config
                                                             : nullptr;
    if (document == nullptr) {
        return without_document(agent, files);
    }
    const bool is_own_file = definition.document && !definition.file.empty();
    const std::string entry = agent.machine_path + "data.agents." + definition.name;
    const AgentDocument loaded{
        .document = *document,
        .file = is_own_file ? definition.file : agent.machine_file,
        .path = is_own_file ? std::string() : entry + (definition.document ? "" : ".config"),
        .name = definition.name,
        .machine_file = agent.machine_file};
    return load_agent(loaded, files);
}

MachineWithAgents load_machine_with_agents(const fs::path& file,
                                           const config::MachineChecks& checks) {
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    std::vector<SeenMachine> seen;
    const auto look = [&](const config::MachineDefinition& machine, const std::string& path,
                          std::string_view source, config::Findings& findings) {
        if (checks) {
            checks(machine, path, source, findings);
        }
        if (!machine.agents.empty()) {
            seen.push_back({machine.agents, name_in(folder, findings.file()), path});
        }
    };
    MachineWithAgents result;
    result.machine = config::load_machine(file, {}, look);
    std::vector<Diagnostic> diagnostics;
    add(diagnostics, std::move(result.machine.diagnostics));
    static const std::map<std::string, config::Node> kNone;
    const AgentFiles files(result.machine.bundle ? result.machine.bundle->files : kNone, folder);
    for (const SeenMachine& machine : seen) {
        for (const AgentDefinition& agent : machine.agents) {
            if (is_reported(agent)) {
                continue;
            }
            auto loaded = load_named_agent({agent, machine.file, machine.path}, files);
            if (loaded) {
                result.has_agent_errors = result.has_agent_errors || !loaded->config;
                add(diagnostics, std::move(loaded->diagnostics));
            }
        }
    }
    config::sort(diagnostics);
    result.machine.diagnostics = std::move(diagnostics);
    return result;
}

}  // namespace fleet::agents
