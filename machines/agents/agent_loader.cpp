#include "machines/agents/agent_loader.hpp"

#include <algorithm>
#include <utility>

#include "machines/expression/print.hpp"

namespace fleet::agents {
namespace {

using config::Diagnostic;
using config::Fields;
using config::Findings;
using config::Node;
using config::Place;

constexpr const char* kCatalogue = "profiles.yml";

/// A profile of a catalogue: where it stands, and in which file.
struct Profile {
    const Node* node = nullptr;
    std::string path;
};

class AgentLoader {
  public:
    AgentLoader(const AgentDocument& agent, const AgentFiles& files)
        : agent_(agent), files_(files) {}

    LoadedAgent load() {
        Findings findings(files_.shown(agent_.file));
        AgentConfig config;
        config.name = agent_.name;
        read_document(config, findings);
        report(findings);
        LoadedAgent loaded;
        config::sort(diagnostics_);
        if (!config::has_errors(diagnostics_)) {
            loaded.config = std::move(config);
        }
        loaded.diagnostics = std::move(diagnostics_);
        return loaded;
    }

  private:
    void report(const Findings& findings) {
        diagnostics_.insert(diagnostics_.end(), findings.all().begin(), findings.all().end());
    }

    void read_document(AgentConfig& config, Findings& findings) {
        if (!agent_.document.is_map()) {
            findings.refuse({agent_.document.at, agent_.path}, "an agent is a mapping",
                            "begin with `spec: flatagent`");
            return;
        }
        Fields fields(agent_.document, agent_.path, findings);
        const Node* const spec = fields.get("spec");
        if (spec == nullptr || spec->text != "flatagent") {
            findings.refuse(spec == nullptr ? fields.place() : fields.place_of(*spec, "spec"),
                            "an agent begins with `spec: flatagent`",
                            "add that line, or correct it");
        }
        (void)fields.text("spec_version");
        if (const Node* const metadata = fields.get("metadata", Node::Kind::map)) {
            config.metadata = expression::from_json(config::to_json(*metadata));
        }
        const Node* const data = fields.get("data", Node::Kind::map);
        fields.finish();
        if (data == nullptr) {
            findings.refuse(fields.place(), "the agent has no `data`",
                            "add `data:` with `prompt` and `profile` below it");
            return;
        }
        Fields inner(*data, fields.path_of("data"), findings);
        (void)inner.text("name");
        read_prompt_reference(config, inner);
        read_profile_reference(config, inner);
        inner.finish();
    }

    // ---- prompt ----

    void read_prompt_reference(AgentConfig& config, Fields& data) {
        const Node* const value = data.get("prompt");
        if (value == nullptr) {
            data.findings().refuse(data.place(), "the agent has no `prompt`",
                                   "add `prompt: FILE`, or `prompt: {user: ...}`");
        } else if (value->is_map()) {
            config.prompt = prompt_of(*value, data.path_of("prompt"), data.findings());
        } else if (value->is_text()) {
            read_prompt_file(config, *value, data);
        } else {
            data.findings().refuse(data.place_of(*value, "prompt"),
                                   "`prompt` is " + std::string(config::name_of(value->kind)) +
                                       " and should be a path or a mapping",
                                   "write `prompt: FILE`, or `prompt: {user: ...}`");
        }
    }

    void read_prompt_file(AgentConfig& config, const Node& reference, Fields& data) {
        const std::string name = resolved(agent_.file, reference.text);
        const auto document = open(name, "prompt", reference, data);
        if (document) {
            Findings findings(files_.shown(name));
            config.prompt = prompt_of(*document, {}, findings);
            report(findings);
        }
    }

    static PromptConfig prompt_of(const Node& map, const std::string& path, Findings& findings) {
        if (!map.is_map()) {
            findings.refuse({map.at, path}, "a prompt is a mapping", "begin with `spec: prompt`");
            return {};
        }
        if (map.find("spec") == nullptr && map.find("data") == nullptr) {
            return read_prompt(map, path, findings);
        }
        const Node* const data = unwrap(map, path, "prompt", findings);
        return data == nullptr
                   ? PromptConfig{}
                   : read_prompt(*data, path.empty() ? "data" : path + ".data", findings);
    }

    /// The `data` of a wrapper; nullptr when it is none, which is reported.
    static const Node* unwrap(const Node& map, const std::string& path, const std::string& spec,
                              Findings& findings) {
        Fields fields(map, path, findings);
        const Node* const stated = fields.get("spec");
        if (stated == nullptr || stated->text != spec) {
            findings.refuse(stated == nullptr ? fields.place() : fields.place_of(*stated, "spec"),
                            "this is no " + spec + ": `spec` says otherwise",
                            "write `spec: " + spec + "`");
            return nullptr;
        }
        (void)fields.text("spec_version");
        (void)fields.get("metadata");
        const Node* const data = fields.get("data", Node::Kind::map);
        if (data == nullptr && !fields.has("data")) {
            findings.refuse(fields.place(), "there is no `data`", "add `data:`");
        }
        fields.finish();
        return data;
    }

    std::optional<Node> open(const std::string& name, const std::string& what,
                             const Node& reference, Fields& data) {
        auto found = files_.find(name);
        diagnostics_.insert(diagnostics_.end(), found.diagnostics.begin(), found.diagnostics.end());
        if (!found.exists) {
            data.findings().refuse(
                data.place_of(reference, what),
                "the " + what + "'s file is missing: " + files_.shown(name),
                "`" + reference.text + "` is looked for from the folder of this file",
                config::Fault::missing_file);
        }
        return std::move(found.document);
    }

    // ---- profile ----

    void read_profile_reference(AgentConfig& config, Fields& data) {
        const Node* const value = data.get("profile");
        if (value == nullptr) {
            data.findings().refuse(
                data.place(), "the agent has no `profile`",
                "add `profile: NAME` of a profile in " + std::string(kCatalogue));
        } else if (value->is_map() && value->find("spec") != nullptr) {
            read_catalogue(config, *value, data.path_of("profile"), nullptr, data.findings());
        } else if (value->is_map()) {
            apply(config, {value, data.path_of("profile")}, data.findings());
        } else if (value->is_text()) {
            read_named_profile(config, *value, data);
        } else {
            data.findings().refuse(data.place_of(*value, "profile"),
                                   "`profile` is " + std::string(config::name_of(value->kind)) +
                                       " and should be a name or a mapping",
                                   "write `profile: NAME`");
        }
    }

    /// In the nearest catalogue: beside the agent, else beside the machine.
    void read_named_profile(AgentConfig& config, const Node& reference, Fields& data) {
        std::vector<std::string> names{resolved(agent_.file, kCatalogue)};
        if (!agent_.machine_file.empty()) {
            names.push_back(resolved(agent_.machine_file, kCatalogue));
        }
        for (const std::string& name : names) {
            auto found = files_.find(name);
            diagnostics_.insert(diagnostics_.end(), found.diagnostics.begin(),
                                found.diagnostics.end());
            if (found.document) {
                Findings findings(files_.shown(name));
                read_catalogue(config, *found.document, {}, &reference, findings);
                report(findings);
            }
            if (found.exists) {
                return;
            }
        }
        data.findings().refuse(data.place_of(reference, "profile"),
                               "the profile `" + reference.text +
                                   "` cannot be found: there is no " + files_.shown(names.front()),
                               "write a catalogue of profiles there (docs/agents.md)",
                               config::Fault::missing_file);
    }

    /// `reference`: the profile's name in the agent; nullptr: the catalogue's own choice.
    void read_catalogue(AgentConfig& config, const Node& map, const std::string& path,
                        const Node* reference, Findings& findings) {
        if (!map.is_map()) {
            findings.refuse({map.at, path}, "a catalogue of profiles is a mapping",
                            "begin with `spec: flatprofile`");
            return;
        }
        const Node* const data = unwrap(map, path, "flatprofile", findings);
        if (data == nullptr) {
            return;
        }
        Fields fields(*data, path.empty() ? "data" : path + ".data", findings);
        const Node* const profiles = fields.get("model_profiles", Node::Kind::map);
        const auto fallback = fields.text("default");
        const auto override_name = fields.text("override");
        fields.finish();
        if (profiles == nullptr) {
            findings.refuse(fields.place(), "the catalogue has no `model_profiles`",
                            "add `model_profiles:` with `NAME: {...}` below it");
            return;
        }
        const std::string prefix = fields.path_of("model_profiles") + '.';
        const auto named = [&](const std::optional<std::string>& name) -> Profile {
            const config::Member* const member = name ? profiles->find(*name) : nullptr;
            return member == nullptr ? Profile{} : Profile{&member->value, prefix + member->key};
        };
        for (const auto& [key, name] :
             {std::pair("default", fallback), std::pair("override", override_name)}) {
            if (name && named(name).node == nullptr) {
                findings.refuse(fields.place_of_key(key),
                                "there is no profile `" + *name + "` for `" + key + "`",
                                config::suggestion(*name, names_of(*profiles)));
            }
        }
        read_prices(map);
        const auto wanted = reference != nullptr ? std::optional(reference->text) : std::nullopt;
        Profile chosen = named(override_name);
        chosen = chosen.node != nullptr ? chosen : named(wanted);
        if (chosen.node == nullptr && reference != nullptr) {
            missing_profile(*reference, fallback, *profiles, findings.file());
        }
        chosen = chosen.node != nullptr ? chosen : named(fallback);
        if (chosen.node == nullptr && reference == nullptr && profiles->members.size() == 1) {
            chosen = {&profiles->members.front().value, prefix + profiles->members.front().key};
        }
        if (chosen.node != nullptr) {
            apply(config, chosen, findings);
        } else if (reference == nullptr && !fallback) {
            findings.refuse(fields.place(), "the catalogue does not say which profile is meant",
                            "add `default: NAME`");
        }
    }

    static std::vector<std::string> names_of(const Node& profiles) {
        std::vector<std::string> names;
        for (const config::Member& member : profiles.members) {
            names.push_back(member.key);
        }
        return names;
    }

    /// With a default the family goes on with that; a typing error should be seen all the same.
    void missing_profile(const Node& reference, const std::optional<std::string>& fallback,
                         const Node& profiles, const std::string& catalogue) {
        Findings findings(files_.shown(agent_.file));
        const Place place{reference.at,
                          agent_.path.empty() ? "data.profile" : agent_.path + ".data.profile"};
        const std::string message = "there is no profile `" + reference.text + "` in " + catalogue;
        const std::string advice = config::suggestion(reference.text, names_of(profiles));
        if (fallback) {
            findings.warn(place, message + "; its default `" + *fallback + "` is used", advice);
        } else {
            findings.refuse(place, message, advice);
        }
        report(findings);
    }

    /// `metadata: {prices: {"openai/gpt-4o": {input: 2.5, output: 10}}}`, for a million tokens.
    void read_prices(const Node& catalogue) {
        const config::Member* const metadata = catalogue.find("metadata");
        const config::Member* const prices =
            metadata == nullptr ? nullptr : metadata->value.find("prices");
        if (prices == nullptr || !prices->value.is_map()) {
            return;
        }
        for (const config::Member& member : prices->value.members) {
            const auto price = [&](std::string_view key) -> std::optional<double> {
                const config::Member* const found = member.value.find(key);
                return found == nullptr ? std::nullopt : found->value.as_number();
            };
            prices_[member.key] = {price("input").value_or(0), price("output").value_or(0),
                                   price("cache_read"), price("cache_write")};
        }
    }

    void apply(AgentConfig& config, const Profile& profile, Findings& findings) {
        if (!profile.node->is_map()) {
            findings.refuse({profile.node->at, profile.path}, "a profile is a mapping",
                            "write `type: llm` and `model: {...}`");
            return;
        }
        const config::Member* const type = profile.node->find("type");
        if (type == nullptr) {
            config.model = read_model(*profile.node, profile.path, findings);
            config.model->prices = prices_;
            return;
        }
        Fields fields(*profile.node, profile.path, findings);
        static const std::vector<std::string> names{"llm",       "command",    "claude-code",
                                                    "codex-cli", "smolagents", "pi-agent"};
        const auto chosen = fields.choice("type", names);
        if (chosen == 0) {
            const Node* const model = fields.get("model", Node::Kind::map);
            if (model != nullptr) {
                config.model = read_model(*model, fields.path_of("model"), findings);
                config.model->prices = prices_;
            } else if (!fields.has("model")) {
                findings.refuse(fields.place(), "the profile has no `model`",
                                "add `model: {provider: ..., name: ...}`");
            }
            fields.finish();
        } else if (chosen == 1) {
            config.command = read_command(fields);
            fields.finish();
        } else if (chosen) {
            findings.refuse(
                fields.place_of_key("type"),
                "profiles of the type `" + names[*chosen] + "` are not supported by this program",
                "use `llm`, or run its program with `type: command`");
        }
    }

    const AgentDocument& agent_;
    const AgentFiles& files_;
    std::vector<Diagnostic> diagnostics_;
    std::map<std::string, Prices> prices_;
};

}  // namespace

LoadedAgent load_agent(const AgentDocument& agent, const AgentFiles& files) {
    return AgentLoader(agent, files).load();
}

LoadedAgent load_command(const Node& map, const std::string& name, const std::string& file,
                         const std::string& machine_path) {
    const std::string path = machine_path + "data.agents." + name;
    Findings findings(file);
    LoadedAgent loaded;
    AgentConfig config;
    config.name = name;
    if (map.is_map()) {
        Fields fields(map, path + ".config", findings);
        config.command = read_command(fields);
        fields.finish();
    } else {
        findings.refuse({map.at, path}, "a command's `config` is a mapping",
                        "write `config: {argv: [PROGRAM]}`");
    }
    if (!config::has_errors(findings.all())) {
        loaded.config = std::move(config);
    }
    loaded.diagnostics = findings.all();
    return loaded;
}

}  // namespace fleet::agents
