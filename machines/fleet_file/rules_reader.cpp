// The rules of one model of a provider: rates, circuit, budget.
#include <array>
#include <utility>

#include "machines/config/fields.hpp"
#include "machines/fleet_file/parts.hpp"
#include "machines/fleet_file/values.hpp"

namespace fleet::fleet_file {
namespace {

using config::Fields;
using config::Node;

constexpr double kLeastRate = 0.001;
constexpr double kMostRate = 1e9;

struct Unit {
    std::string_view name;
    double seconds = 1;
};
constexpr std::array<Unit, 3> kUnits{{{"second", 1}, {"minute", 60}, {"hour", 3600}}};

/// Per second, whichever unit the file has. `amount` forms are taken as well: 200k a minute.
std::optional<double> rate(Fields& fields, const std::string& quantity) {
    std::optional<double> result;
    std::string first;
    for (const Unit& unit : kUnits) {
        const std::string key = quantity + "_per_" + std::string(unit.name);
        const Node* const value = fields.get(key);
        if (value == nullptr) {
            continue;
        }
        std::optional<double> number;
        if (value->is_text()) {
            const auto whole = amount(fields, key, 1);
            number = whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
        } else {
            number = fields.number(key, {kLeastRate, kMostRate});
        }
        if (!first.empty()) {
            fields.findings().refuse(fields.place_of_key(key),
                                     "`" + key + "` and `" + first + "` say the same thing",
                                     "leave one of them out");
            continue;
        }
        first = key;
        result = number ? std::optional(*number / unit.seconds) : std::nullopt;
    }
    return result;
}

void refuse_day_limits(const Node& map, Fields& fields) {
    for (const char* quantity : {"requests", "tokens"}) {
        const std::string key = std::string(quantity) + "_per_day";
        refuse_key(map, fields, key, "a limit of a day is a budget",
                   std::string("write `budget: {") + quantity + ": N}`");
    }
}

void read_circuit(const Node& map, Fields& outer, model::CircuitRules& circuit) {
    constexpr double kMostSamples = 1'000'000;
    constexpr double kMostProbes = 1'000;
    const std::string path = outer.path_of("circuit");
    Fields fields(map, path, outer.findings());
    circuit.open_at = fields.number("open_at", {0.001, 1}).value_or(circuit.open_at);
    circuit.min_samples =
        small_integer(fields, "min_samples", {1, kMostSamples}).value_or(circuit.min_samples);
    const DurationRange range{.least = base::Millis{1}, .most = std::chrono::hours(24 * 31)};
    const auto cooldown = duration(fields, "cooldown", range);
    const auto longest = duration(fields, "longest_cooldown", range);
    circuit.cooldown = cooldown.value_or(circuit.cooldown);
    circuit.longest_cooldown = longest.value_or(circuit.longest_cooldown);
    if (longest && circuit.longest_cooldown < circuit.cooldown) {
        fields.findings().refuse(fields.place_of_key("longest_cooldown"),
                                 "`longest_cooldown` is shorter than `cooldown`",
                                 "choose a longer one, or leave it out");
    } else if (circuit.longest_cooldown < circuit.cooldown) {
        circuit.longest_cooldown = circuit.cooldown;
    }
    circuit.probes = small_integer(fields, "probes", {1, kMostProbes}).value_or(circuit.probes);
    fields.finish();
}

void read_budget(const Node& map, Fields& outer, model::BudgetLimits& budget) {
    constexpr std::chrono::hours kDay{24};
    Fields fields(map, outer.path_of("budget"), outer.findings());
    budget.requests = amount(fields, "requests");
    budget.tokens = amount(fields, "tokens");
    budget.cost_micros = money(fields, "cost");
    budget.day_begins =
        duration(fields, "day_begins", {.least = -kDay, .most = kDay}).value_or(budget.day_begins);
    fields.finish();
    const bool says_limit = fields.has("requests") || fields.has("tokens") || fields.has("cost");
    if (!says_limit) {
        outer.findings().refuse(outer.place_of_key("budget"), "`budget` limits nothing",
                                "write at least one of `requests`, `tokens` and `cost`");
    }
}

void read_burst(Fields& fields, model::ProviderRules& rules) {
    constexpr DurationRange kRange{.least = base::Millis{0}, .most = std::chrono::hours(24)};
    const auto span = duration(fields, "burst_before_reset", kRange);
    rules.burst_before_reset = span.value_or(rules.burst_before_reset);
    if (rules.burst_before_reset > base::Millis{0} && !fields.has("budget")) {
        fields.findings().refuse(fields.place_of_key("burst_before_reset"),
                                 "`burst_before_reset` stands without a budget",
                                 "write `budget: {requests: N}` beside it, or leave it out");
    }
}

void check_unlimited(Fields& fields, const model::ProviderRules& rules) {
    if (rules.unlimited && (rules.requests_per_second || rules.tokens_per_second || rules.burst)) {
        fields.findings().refuse(fields.place_of_key("unlimited"),
                                 "`unlimited` stands beside a rate",
                                 "leave one of them out: circuit and budget hold in any case");
    }
}

}  // namespace

const std::vector<std::string>& rule_keys() {
    static const std::vector<std::string> keys{
        "requests_per_second",
        "requests_per_minute",
        "requests_per_hour",
        "tokens_per_second",
        "tokens_per_minute",
        "tokens_per_hour",
        "burst",
        "first_rate",
        "unlimited",
        "circuit",
        "budget",
        "burst_before_reset",
    };
    return keys;
}

model::ProviderRules read_rules(const std::string& name, const Node& map, Fields& fields) {
    refuse_day_limits(map, fields);
    model::ProviderRules rules;
    rules.name = name;
    rules.requests_per_second = rate(fields, "requests");
    rules.tokens_per_second = rate(fields, "tokens");
    rules.burst = fields.number("burst", {1, kMostRate});
    rules.first_rate =
        fields.number("first_rate", {kLeastRate, kMostRate}).value_or(rules.first_rate);
    rules.unlimited = fields.boolean("unlimited").value_or(false);
    check_unlimited(fields, rules);
    if (const Node* const circuit = fields.get("circuit", Node::Kind::map)) {
        read_circuit(*circuit, fields, rules.circuit);
    }
    if (const Node* const budget = fields.get("budget", Node::Kind::map)) {
        read_budget(*budget, fields, rules.budget);
    }
    read_burst(fields, rules);
    return rules;
}

}  // namespace fleet::fleet_file
