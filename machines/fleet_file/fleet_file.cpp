#include "machines/fleet_file/fleet_file.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/errors.hpp"
#include "common/pace/default_rules.hpp"
#include "machines/config/document.hpp"
#include "machines/config/fields.hpp"
#include "machines/fleet_file/parts.hpp"
#include "machines/fleet_file/values.hpp"

namespace fleet::fleet_file {
namespace {

using config::Fields;
using config::Findings;
using config::Node;

/// What a stage needs must be declared, or else be what was meant.
void check_mentions(const std::vector<ProviderMention>& mentions, const FleetFile& file,
                    Findings& findings) {
    std::vector<std::string> known;
    for (const model::ProviderRules& rules : file.providers) {
        known.push_back(rules.name);
    }
    for (const ProviderMention& mention : mentions) {
        const bool is_known =
            std::ranges::find(known, mention.provider) != known.end() ||
            std::ranges::find(known, pace::provider_of(mention.provider)) != known.end();
        if (!is_known) {
            const std::string nearest = config::suggestion(mention.provider, known);
            findings.warn(
                mention.place, "`" + mention.provider + "` is not declared under `providers:`",
                nearest.empty() ? "its limits will be learned from its answers" : nearest);
        }
    }
}

FleetFile read_root(const Node& root, const std::filesystem::path& folder, Findings& findings) {
    FleetFile file;
    Fields fields(root, "", findings);
    const Node* const pools = fields.get("pools");
    const Node* const stages = fields.get("stages");
    const auto mentions = read_pools(pools, stages, findings, file);
    if (const Node* const providers = fields.get("providers")) {
        read_providers(*providers, folder, findings, file);
    }
    if (const Node* const classes = fields.get("error_classes")) {
        read_error_classes(*classes, findings, file);
    }
    if (const Node* const hooks = fields.get("hooks")) {
        file.hooks = calls::read_hook_table(*hooks, "hooks", folder, findings);
    }
    refuse_key(root, fields, "launchers", "`launchers` is not supported yet",
               "leave it out: a scaler starts the workers of its own box");
    refuse_key(root, fields, "budgets", "budgets stand with their providers",
               "write `providers: PROVIDER/MODEL: budget: {requests: N, tokens: N, cost: N}`");
    fields.finish();
    check_mentions(mentions, file, findings);
    return file;
}

}  // namespace

bool is_mapping(const Node& value, std::string_view name, std::string_view lines,
                Findings& findings) {
    if (value.is_map() || value.is_null()) {
        return true;
    }
    const std::string shown(name);
    findings.refuse({value.at, shown}, "`" + shown + "` is " + std::string(name_of(value.kind)),
                    "write `" + std::string(lines) + "` below it");
    return false;
}

const Node& mapping_of(const Node& value) {
    static const Node kEmpty = [] {
        Node empty;
        empty.kind = Node::Kind::map;
        return empty;
    }();
    return value.is_map() ? value : kEmpty;
}

FleetFileRead read_fleet_file(const std::filesystem::path& file) {
    return read_fleet_file(file, file.string());
}

FleetFileRead read_fleet_file(const std::filesystem::path& file, std::string shown) {
    FleetFileRead result;
    Findings findings(std::move(shown));
    std::optional<std::string> text;
    try {
        text = config::read_text(file);
    } catch (const base::ConfigError& error) {
        result.exists = true;
        findings.refuse({}, error.what(), error.advice());
        result.diagnostics = findings.all();
        return result;
    }
    result.exists = text.has_value();
    if (!text) {
        result.file.emplace();
        return result;
    }
    config::ParsedDocument parsed =
        config::parse_document(*text, findings.file(), config::syntax_of(file));
    FleetFile content;
    if (parsed.root && parsed.root->is_map()) {
        content = read_root(*parsed.root, file.parent_path(), findings);
    } else if (parsed.root && !parsed.root->is_null()) {
        findings.refuse({parsed.root->at, ""}, "the file holds no mapping",
                        "begin it with `pools:`, `stages:`, `providers:` or `hooks:`");
    }
    result.diagnostics = std::move(parsed.diagnostics);
    result.diagnostics.insert(result.diagnostics.end(), findings.all().begin(),
                              findings.all().end());
    config::sort(result.diagnostics);
    if (!config::has_errors(result.diagnostics)) {
        result.file = std::move(content);
    }
    return result;
}

bool is_fleet_file(const std::filesystem::path& file) {
    const std::string name = file.filename().string();
    const bool has_name = name == kFileName || name == "fleet.yaml" || name == "fleet.json";
    std::optional<std::string> text;
    try {
        text = config::read_text(file);
    } catch (const base::ConfigError&) {
        return has_name;  // who reads it says why it cannot be read
    }
    const config::ParsedDocument parsed =
        text ? config::parse_document(*text, name, config::syntax_of(file))
             : config::ParsedDocument{};
    if (!parsed.root || !parsed.root->is_map()) {
        return has_name;
    }
    constexpr std::array<std::string_view, 4> kParts{"pools", "stages", "providers",
                                                     "error_classes"};
    const Node& root = *parsed.root;
    const auto has = [&root](std::string_view key) { return root.find(key) != nullptr; };
    return !has("spec") && (has_name || std::ranges::any_of(kParts, has));
}

}  // namespace fleet::fleet_file
