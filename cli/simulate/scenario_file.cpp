#include "cli/simulate/scenario_file.hpp"

#include <algorithm>
#include <utility>

#include "cli/simulate/scenario_parts.hpp"
#include "common/base/errors.hpp"
#include "machines/fleet_file/changes.hpp"
#include "machines/fleet_file/parts.hpp"
#include "machines/fleet_file/values.hpp"

namespace fleet::cli {
namespace {

using config::Fields;
using config::Findings;
using config::Node;
using fleet_file::duration;
using fleet_file::small_integer;

constexpr double kMostSeeds = 10'000;
constexpr double kMostSeed = 9e15;

void read_times(Fields& fields, simulate::Scenario& scenario) {
    constexpr base::Millis kShortest{1};
    scenario.length = duration(fields, "length", {.least = kShortest}).value_or(scenario.length);
    scenario.rest = duration(fields, "rest").value_or(scenario.rest);
    scenario.lease = duration(fields, "lease", {.least = kShortest}).value_or(scenario.lease);
}

ScenarioFile read_root(const Node& root, Findings& findings) {
    ScenarioFile file;
    simulate::Scenario& scenario = file.scenario;
    Fields fields(root, "", findings);
    scenario.seed = static_cast<std::uint64_t>(
        fields.integer("seed", {0, kMostSeed}).value_or(static_cast<std::int64_t>(scenario.seed)));
    file.seeds = small_integer(fields, "seeds", {1, kMostSeeds}).value_or(file.seeds);
    read_times(fields, scenario);
    if (const Node* const items = fields.get("items")) {
        scenario.items = read_items(*items, findings);
    } else {
        findings.refuse(fields.place(), "there is no work: `items` is missing",
                        "write `items: 1000`");
    }
    if (const Node* const providers = fields.get("providers")) {
        scenario.providers = read_scenario_providers(*providers, findings);
    }
    if (const Node* const stages = fields.get("stages")) {
        scenario.stages = read_stages(*stages, scenario.providers, findings);
    }
    if (const Node* const hosts = fields.get("hosts")) {
        scenario.hosts = read_hosts(*hosts, findings);
    }
    if (const Node* const pool = fields.get("pool")) {
        read_pool(*pool, findings, scenario);
    }
    fields.finish();
    return file;
}

}  // namespace

std::vector<ListPart> parts_of(const Node& value, const std::string& path) {
    if (!value.is_list()) {
        return {{value, path}};
    }
    std::vector<ListPart> parts;
    for (std::size_t next = 0; next < value.items.size(); ++next) {
        parts.push_back({value.items[next], path + '.' + std::to_string(next)});
    }
    return parts;
}

void read_pool(const Node& value, Findings& findings, simulate::Scenario& scenario) {
    if (!fleet_file::is_mapping(value, "pool", "max: N, slots: N", findings)) {
        return;
    }
    Fields fields(fleet_file::mapping_of(value), "pool", findings);
    fleet_file::PoolDeclaration said;
    fleet_file::read_pool_settings(fields, said);
    fleet_file::take_settings(said, scenario.pool);
    scenario.boot = duration(fields, "boot").value_or(scenario.boot);
    scenario.overrides.grace = duration(fields, "grace").value_or(scenario.overrides.grace);
    scenario.overrides.batch_mode = fields.boolean("batch").value_or(scenario.overrides.batch_mode);
    fields.finish();
}

ScenarioRead read_scenario(std::string_view text, const std::string& shown, config::Syntax syntax) {
    Findings findings(shown);
    config::ParsedDocument parsed = config::parse_document(text, shown, syntax);
    ScenarioRead result;
    ScenarioFile content;
    if (parsed.root && parsed.root->is_map()) {
        content = read_root(*parsed.root, findings);
    } else if (parsed.root) {
        findings.refuse({parsed.root->at, ""}, "the file holds no mapping",
                        "begin it with `items: 1000`");
    }
    result.diagnostics = std::move(parsed.diagnostics);
    result.diagnostics.insert(result.diagnostics.end(), findings.all().begin(),
                              findings.all().end());
    config::sort(result.diagnostics);
    if (!config::has_errors(result.diagnostics)) {
        content.scenario.name = std::filesystem::path(shown).stem().string();
        result.file = std::move(content);
    }
    return result;
}

ScenarioRead read_scenario_file(const std::filesystem::path& file, const std::string& shown) {
    const std::optional<std::string> text = config::read_text(file);
    if (!text) {
        throw base::ConfigError("reading the scenario " + shown + ": there is no such file",
                                "check the name");
    }
    return read_scenario(*text, shown, config::syntax_of(file));
}

}  // namespace fleet::cli
