// `providers:`: what each does, what happens to it, and what the fleet's file says of it.
#include <algorithm>
#include <array>

#include "cli/simulate/scenario_parts.hpp"
#include "machines/fleet_file/parts.hpp"
#include "machines/fleet_file/values.hpp"

namespace fleet::cli {
namespace {

using config::Fields;
using config::Findings;
using config::Node;
using fleet_file::duration;
using simulate::LimitKind;

constexpr double kLeastLimit = 0.001;
constexpr double kMostLimit = 1e9;
constexpr base::Millis kShortest{1};

const std::vector<std::string>& kind_names() {
    static const std::vector<std::string> names{"fixed_window", "token_bucket", "sliding_window"};
    return names;
}

simulate::ProviderModelRules read_limits(Fields& fields) {
    simulate::ProviderModelRules limits;
    if (const auto kind = fields.choice("kind", kind_names())) {
        limits.kind = static_cast<LimitKind>(*kind);
    }
    limits.limit = fields.number("limit", {kLeastLimit, kMostLimit}).value_or(limits.limit);
    limits.window = duration(fields, "window", {.least = kShortest}).value_or(limits.window);
    const auto burst = fields.number("burst", {1, kMostLimit});
    limits.burst = burst.value_or(limits.burst);
    if (burst && limits.kind != LimitKind::token_bucket) {
        fields.findings().refuse(fields.place_of_key("burst"),
                                 "`burst` is only for a `token_bucket`",
                                 "leave it out, or choose another `kind`");
    }
    if (limits.kind != LimitKind::token_bucket && limits.limit < 1) {
        fields.findings().refuse(fields.place_of_key("limit"),
                                 "`limit` is below one call in a window",
                                 "write a larger `limit`, or a longer `window` as well");
    }
    limits.states_limits = fields.boolean("states_limits").value_or(limits.states_limits);
    limits.states_retry_after =
        fields.boolean("states_retry_after").value_or(limits.states_retry_after);
    return limits;
}

/// Calls `read` with the fields of each mapping of the list.
template <typename Read>
void read_list(Fields& outer, std::string_view key, const std::string& form, const Read& read) {
    const Node* const list = outer.get(key);
    if (list == nullptr) {
        return;
    }
    for (const auto& [part, path] : parts_of(*list, outer.path_of(key))) {
        if (!part.is_map()) {
            outer.findings().refuse(
                {part.at, path},
                "`" + std::string(key) + "` is " + std::string(config::name_of(part.kind)),
                "write `- " + form + "` lines below it");
            continue;
        }
        Fields fields(part, path, outer.findings());
        read(fields);
        fields.finish();
    }
}

void require(Fields& fields, std::string_view key, const std::string& example) {
    if (!fields.has(key)) {
        fields.findings().refuse(fields.place(), "`" + std::string(key) + "` is missing",
                                 "write `" + example + "`");
    }
}

void read_changes(Fields& outer, simulate::ProviderScenario& provider) {
    read_list(outer, "changes", "{at: 10m, limit: 300}", [&](Fields& fields) {
        simulate::LimitChange change;
        require(fields, "at", "at: 10m");
        require(fields, "limit", "limit: 300");
        change.at = duration(fields, "at").value_or(change.at);
        const double least = provider.limits.kind == LimitKind::token_bucket ? kLeastLimit : 1;
        change.limit = fields.number("limit", {least, kMostLimit}).value_or(1);
        provider.changes.push_back(change);
    });
    std::ranges::stable_sort(provider.changes, {}, &simulate::LimitChange::at);
}

void read_outages(Fields& outer, simulate::ProviderScenario& provider) {
    read_list(outer, "outages", "{from: 5m, to: 8m}", [&](Fields& fields) {
        simulate::Outage outage;
        require(fields, "from", "from: 5m");
        require(fields, "to", "to: 8m");
        outage.from = duration(fields, "from").value_or(outage.from);
        outage.to = duration(fields, "to").value_or(outage.to);
        if (fields.has("from") && fields.has("to") && outage.to <= outage.from) {
            fields.findings().refuse(fields.place_of_key("to"), "`to` is not behind `from`",
                                     "choose a later time");
        }
        provider.outages.push_back(outage);
    });
    std::ranges::stable_sort(provider.outages, {}, &simulate::Outage::from);
}

/// A simulated call has neither tokens nor a price.
void refuse_tokens(const Node& map, Fields& fields) {
    for (const char* key : {"tokens_per_second", "tokens_per_minute", "tokens_per_hour"}) {
        fleet_file::refuse_key(map, fields, key, "a simulated call has no tokens",
                               "write its limit of requests");
    }
    if (const config::Member* const budget = map.find("budget")) {
        Fields inner(budget->value, fields.path_of("budget"), fields.findings());
        for (const char* key : {"tokens", "cost"}) {
            fleet_file::refuse_key(budget->value, inner, key,
                                   "a simulated call has neither tokens nor a price",
                                   "write `requests: N`");
        }
    }
}

model::ProviderRules read_configured(const std::string& name, Fields& outer) {
    const Node* const map = outer.get("rules", Node::Kind::map);
    if (map == nullptr) {
        return {.name = name};
    }
    Fields fields(*map, outer.path_of("rules"), outer.findings());
    refuse_tokens(*map, fields);
    model::ProviderRules rules = fleet_file::read_rules(name, *map, fields);
    fields.finish();
    return rules;
}

}  // namespace

std::vector<simulate::ProviderScenario> read_scenario_providers(const Node& value,
                                                                Findings& findings) {
    std::vector<simulate::ProviderScenario> providers;
    constexpr const char* kForm = "NAME: {limit: 600, window: 1m}";
    if (!fleet_file::is_mapping(value, "providers", kForm, findings)) {
        return providers;
    }
    for (const config::Member& member : value.members) {
        const std::string path = "providers." + member.key;
        if (!fleet_file::is_mapping(member.value, member.key, "limit: 600, window: 1m", findings)) {
            continue;
        }
        Fields fields(fleet_file::mapping_of(member.value), path, findings);
        simulate::ProviderScenario provider;
        provider.limits = read_limits(fields);
        provider.others = fields.number("others", {0, kMostCalls}).value_or(provider.others);
        read_changes(fields, provider);
        read_outages(fields, provider);
        provider.rules = read_configured(member.key, fields);
        fields.finish();
        providers.push_back(std::move(provider));
    }
    return providers;
}

}  // namespace fleet::cli
