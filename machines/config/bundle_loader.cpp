#include "machines/config/bundle_loader.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "common/base/errors.hpp"

namespace fleet::config {
namespace {

/// The name of the file that `reference` means inside the file `from`.
std::string resolved(const std::string& from, const std::string& reference) {
    const auto folder = std::filesystem::path(from).parent_path();
    return (folder / reference).lexically_normal().string();
}

bool is_document(const std::string& name) {
    const auto extension = std::filesystem::path(name).extension();
    return extension == ".yml" || extension == ".yaml" || extension == ".json";
}

}  // namespace

LoadResult BundleLoader::load(const std::string& name) {
    bundle_.file = name;
    bundle_.machines.emplace_back();
    by_name_.emplace(name, 0);
    waiting_.push_back({0, name});
    while (!waiting_.empty()) {
        const Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        load_machine_file(next);
    }
    LoadResult result;
    sort(diagnostics_);
    result.diagnostics = std::move(diagnostics_);
    if (!has_load_errors(result.diagnostics)) {
        result.bundle = std::move(bundle_);
    }
    return result;
}

void BundleLoader::report(const std::vector<Diagnostic>& found, bool is_child) {
    for (Diagnostic one : found) {
        if (is_child && one.severity == Severity::load_error) {
            one.severity = Severity::run_error;
        }
        diagnostics_.push_back(std::move(one));
    }
}

void BundleLoader::load_machine_file(const Waiting& next) {
    std::optional<ParsedDocument> parsed;
    Findings findings(files_.shown(next.name));
    try {
        parsed = files_.read(next.name);
    } catch (const base::ConfigError& error) {
        findings.refuse({{}, {}}, error.what(), error.advice(), Fault::missing_file);
    }
    if (!parsed && findings.all().empty()) {
        findings.refuse({{}, {}}, "there is no such file", "check the path", Fault::missing_file);
    }
    const std::vector<Diagnostic> found = parsed ? parsed->diagnostics : findings.all();
    report(found, next.index != 0);
    if (!parsed || !parsed->root) {
        bundle_.machines[next.index].file = files_.shown(next.name);
        bundle_.machines[next.index].refusal = found.front();
        return;
    }
    const auto [entry, is_new] =
        bundle_.files.insert_or_assign(next.name, std::move(*parsed->root));
    read_into(next.index, {0, &entry->second, {}}, next.name, parsed->source);
}

void BundleLoader::read_into(std::size_t index, const InlineMachine& machine,
                             const std::string& name, std::string_view source) {
    Findings findings(files_.shown(name));
    ReadMachine read = read_machine(*machine.wrapper, machine.path, findings);
    const std::string prefix = machine.path.empty() ? machine.path : machine.path + '.';
    resolve_machines(read.definition, prefix, name, findings);
    resolve_agents(read.definition, prefix, name, findings);
    if (!read.definition.refusal) {
        const auto refusal = std::ranges::find_if(findings.all(), [](const Diagnostic& one) {
            return one.severity == Severity::load_error;
        });
        if (refusal != findings.all().end()) {
            read.definition.refusal = *refusal;
        }
    }
    if (checks_) {
        checks_(read.definition, prefix, source, findings);
    }
    report(findings.all(), index != 0);
    for (const InlineMachine& inner : read.in_place) {
        const std::size_t place = bundle_.machines.size();
        bundle_.machines.emplace_back();
        read.definition.machines[inner.reference].index = place;
        read_into(place, inner, name, source);
    }
    bundle_.machines[index] = std::move(read.definition);
}

void BundleLoader::resolve_machines(MachineDefinition& machine, const std::string& path,
                                    const std::string& name, Findings& findings) {
    for (MachineReference& reference : machine.machines) {
        if (reference.file.empty()) {
            continue;
        }
        const std::string written = reference.file;
        reference.file = resolved(name, written);
        const auto known = by_name_.find(reference.file);
        if (known != by_name_.end()) {
            reference.index = known->second;
            continue;
        }
        const Place place{reference.at, path + "data.machines." + reference.name};
        if (by_name_.size() >= kMostFiles) {
            findings.refuse(place,
                            "there are more than " + std::to_string(kMostFiles) + " machine files",
                            "a generator may have gone wild");
            return;
        }
        bool is_there = false;
        try {
            is_there = files_.exists(reference.file);
        } catch (const base::ConfigError&) {
            is_there = true;  // reading it says why not
        }
        if (!is_there) {
            findings.error(place,
                           "the file of the machine `" + reference.name +
                               "` is missing: " + files_.shown(reference.file),
                           "`" + written + "` is looked for from the folder of this file");
            continue;
        }
        reference.index = bundle_.machines.size();
        bundle_.machines.emplace_back();
        by_name_.emplace(reference.file, *reference.index);
        waiting_.push_back({*reference.index, reference.file});
    }
}

void BundleLoader::resolve_agents(MachineDefinition& machine, const std::string& path,
                                  const std::string& name, Findings& findings) {
    for (AgentDefinition& agent : machine.agents) {
        const bool is_file = agent.form == AgentForm::file;
        if (agent.form == AgentForm::in_place && agent.document) {
            bring_prompt(*agent.document, name);
            bring_catalogue(*agent.document, name, name);
        }
        if (!is_file && (agent.form != AgentForm::adapter || !is_document(agent.ref))) {
            continue;
        }
        agent.file = resolved(name, is_file ? agent.file : agent.ref);
        const Place place{agent.at, path + "data.agents." + agent.name};
        if (const Node* const document = agent_document(agent.file)) {
            agent.document = *document;
            bring_catalogue(*document, agent.file, name);
        } else if (!files_.exists(agent.file)) {
            findings.refuse(place,
                            "the file of the agent `" + agent.name +
                                "` is missing: " + files_.shown(agent.file),
                            "it is looked for from the folder of this file", Fault::missing_file);
        } else {
            findings.refuse(place,
                            "the file of the agent `" + agent.name +
                                "` cannot be read: " + files_.shown(agent.file),
                            "correct that file", Fault::syntax);
        }
    }
}

namespace {

/// `data.KEY` where it is a text.
const Node* text_of_data(const Node& document, std::string_view key) {
    const Member* const data = document.find("data");
    const Member* const member = data == nullptr ? nullptr : data->value.find(key);
    return member != nullptr && member->value.is_text() ? &member->value : nullptr;
}

}  // namespace

void BundleLoader::bring_prompt(const Node& document, const std::string& from) {
    const Node* const prompt = text_of_data(document, "prompt");
    if (prompt == nullptr) {
        return;
    }
    const std::string name = resolved(from, prompt->text);
    if (!bring(name)) {
        Findings findings(files_.shown(from));
        findings.error({prompt->at, "data.prompt"},
                       "the prompt's file is missing: " + files_.shown(name),
                       "`" + prompt->text + "` is looked for from the folder of this file");
        report(findings.all(), true);
    }
}

void BundleLoader::bring_catalogue(const Node& document, const std::string& from,
                                   const std::string& machine) {
    static constexpr const char* kCatalogue = "profiles.yml";
    if (text_of_data(document, "profile") != nullptr && !bring(resolved(from, kCatalogue))) {
        (void)bring(resolved(machine, kCatalogue));  // whoever makes the agent says what is missing
    }
}

bool BundleLoader::bring(const std::string& name) {
    if (bundle_.files.contains(name)) {
        return true;
    }
    try {
        auto parsed = files_.read(name);
        if (!parsed) {
            return false;
        }
        report(parsed->diagnostics, true);
        if (parsed->root) {
            bundle_.files.emplace(name, std::move(*parsed->root));
        }
    } catch (const base::ConfigError& error) {
        Findings findings(files_.shown(name));
        findings.error({{}, {}}, error.what(), error.advice());
        report(findings.all(), true);
    }
    return true;
}

const Node* BundleLoader::agent_document(const std::string& name) {
    const auto held = bundle_.files.find(name);
    if (held != bundle_.files.end()) {
        return &held->second;
    }
    Findings findings(files_.shown(name));
    std::optional<ParsedDocument> parsed;
    try {
        parsed = files_.read(name);
    } catch (const base::ConfigError& error) {
        findings.error({{}, {}}, error.what(), error.advice());
        report(findings.all(), true);
    }
    if (!parsed) {
        return nullptr;
    }
    report(parsed->diagnostics, true);
    if (!parsed->root) {
        return nullptr;
    }
    check_agent_document(*parsed->root, {}, findings);
    report(findings.all(), true);
    const Node& document = bundle_.files.emplace(name, std::move(*parsed->root)).first->second;
    bring_prompt(document, name);
    return &document;
}

}  // namespace fleet::config
