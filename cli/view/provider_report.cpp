#include "cli/view/provider_report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include "cli/view/budget_projection.hpp"
#include "cli/view/describe.hpp"
#include "common/model/json_writer.hpp"
#include "common/pace/default_rules.hpp"

namespace fleet::cli {
namespace {

using model::CircuitState;

std::string count_text(std::int64_t count) {
    return count == 0 ? "-" : with_commas(count);
}

std::string latency_text(const pace::Counts& counts) {
    const base::Millis latency = counts.mean_latency();
    return latency.count() == 0 ? "-" : base::human_duration(latency);
}

std::string pace_text(const model::Pace& pace) {
    return pace.source == model::PaceSource::unlimited ? "-" : rate_text(pace.requests.rate) + "/s";
}

/// "812/3/185 calls, 1.20/0.00/3.80 cost"
std::string budget_text(const ProviderRow& row) {
    std::string text;
    for (const BudgetLine& line : budget_lines(row)) {
        text += (text.empty() ? "" : ", ") + amount_text(line.kind, line.used) + "/" +
                amount_text(line.kind, line.held) + "/" + amount_text(line.kind, line.left()) +
                " " + std::string(unit_of(line.kind));
    }
    return text.empty() ? "-" : text;
}

/// What the circuit tells itself is not told again.
bool tells_circuit(const ProviderRow& row) {
    return row.wait && (row.wait->reason == model::HoldReason::circuit ||
                        row.wait->reason == model::HoldReason::person);
}

std::string wait_until_text(const ProviderRow& row) {
    return row.wait && row.wait->until && !tells_circuit(row)
               ? clock_text(*row.wait->until, row.moment.store_now())
               : "-";
}

/// "429s 4.0 % (10s), 1.0 % (60s) of 100 calls"
std::string density_text(const ProviderRow& row) {
    if (row.minute.calls == 0) {
        return "no calls in 60s";
    }
    return "429s " + refused_text(row.ten_seconds) + " (10s), " + refused_text(row.minute) +
           " (60s) of " + counted(row.minute.calls, "call");
}

Cell density_cell(const pace::Counts& counts) {
    return {refused_text(counts), counts.refused == 0 ? Colour::plain : Colour::yellow};
}

/// Why the circuit is not closed, else why nothing begins.
std::string why_text(const ProviderRow& row) {
    const model::Circuit& circuit = row.provider.circuit;
    if (circuit.state != CircuitState::closed && !circuit.reason.empty()) {
        return circuit.reason;
    }
    if (pace::holds_rules_only(row.provider)) {
        return "the rules of its models without own ones";
    }
    return row.wait ? row.wait->text : "-";
}

void add_time(model::JsonObjectWriter& json, std::string_view name,
              const std::optional<base::StoreTime>& time) {
    if (time) {
        json.time(name, *time);
    } else {
        json.null(name);
    }
}

void add_number(model::JsonObjectWriter& json, std::string_view name,
                const std::optional<double>& value) {
    json.embed(name, value ? json_number(*value) : base::JsonText());
}

std::optional<base::StoreTime> if_set(base::StoreTime time) {
    return base::count_ms(time) == 0 ? std::nullopt : std::optional(time);
}

std::optional<double> if_positive(double value) {
    return value > 0 ? std::optional(value) : std::nullopt;
}

void add_circuit(model::JsonObjectWriter& json, const ProviderRow& row) {
    const model::Circuit& circuit = row.provider.circuit;
    const bool is_open = circuit.state == CircuitState::open;
    json.text("circuit", model::to_text(circuit.state));
    json.time("circuit_since", circuit.since);
    add_time(json, "circuit_until", is_open ? circuit.until : std::nullopt);
    json.boolean("circuit_needs_person", is_open && !circuit.until);
    if (circuit.state == CircuitState::closed) {
        json.null("circuit_reason");
    } else {
        json.text("circuit_reason", circuit.reason);
    }
    json.integer("probes_succeeded", circuit.succeeded);
    json.integer("probes_under_way", static_cast<std::int64_t>(circuit.probes.size()));
    json.integer("probes_wanted", row.provider.rules.circuit.probes);
}

void add_pace(model::JsonObjectWriter& json, const ProviderRow& row) {
    const model::Pace& pace = row.provider.pace;
    const bool is_paced = pace.source != model::PaceSource::unlimited;
    json.text("pace_source", model::to_text(pace.source));
    json.text("pace_reason", pace_reason(row));
    add_number(json, "calls_per_second",
               is_paced ? std::optional(pace.requests.rate) : std::nullopt);
    add_number(json, "burst_calls", is_paced ? std::optional(pace.requests.burst) : std::nullopt);
    add_number(json, "tokens_per_second",
               pace.tokens ? std::optional(pace.tokens->rate) : std::nullopt);
    add_number(json, "limit_calls_per_second", if_positive(pace.limit));
    add_number(json, "last_cut_calls_per_second", if_positive(pace.ceiling));
    add_time(json, "last_cut_at", if_set(pace.cut_at));
    json.integer("granted_calls", pace.granted);
}

void add_counts(model::JsonObjectWriter& json, const std::string& window,
                const pace::Counts& counts) {
    json.integer("calls_" + window, counts.calls);
    json.integer("refused_" + window, counts.refused);
    json.integer("errors_" + window, counts.errors);
    add_number(json, "refused_share_" + window,
               counts.calls > 0 ? std::optional(counts.refused_share()) : std::nullopt);
    if (counts.mean_latency().count() > 0) {
        json.integer("mean_latency_" + window + "_ms", counts.mean_latency().count());
    } else {
        json.null("mean_latency_" + window + "_ms");
    }
}

base::JsonText budget_json(const ProviderRow& row) {
    if (!row.provider.rules.budget.any()) {
        return {};
    }
    model::JsonObjectWriter json;
    json.text("day", row.provider.budget.day);
    json.text("resets_at", base::iso8601(row.resets_at));
    json.integer("resets_in_ms", row.left_of_day.count());
    json.integer("unknown_calls", row.provider.budget.unknown);
    for (const BudgetLine& line : budget_lines(row)) {
        model::JsonObjectWriter limit;
        limit.integer("limit", line.limit);
        limit.integer("used", line.used);
        limit.integer("held", line.held);
        limit.integer("left", line.left());
        json.embed(to_text(line.kind), limit.finish());
    }
    return json.finish();
}

std::string counts_text(const pace::Counts& counts) {
    if (counts.calls == 0) {
        return "no call has ended";
    }
    return counted(counts.calls, "call") + ", " + with_commas(counts.refused) + " refused (" +
           percent_text(counts.refused_share()) + "), " + counted(counts.errors, "error") +
           (counts.mean_latency().count() == 0
                ? ""
                : ", mean latency " + base::human_duration(counts.mean_latency()));
}

std::string circuit_rules_text(const model::CircuitRules& rules) {
    return "opens above " + std::to_string(std::lround(rules.open_at * 100)) + " % of at least " +
           std::to_string(rules.min_samples) + " calls in 10s refused or failed, for " +
           base::human_duration(rules.cooldown) + ", then longer, at most " +
           base::human_duration(rules.longest_cooldown) + "; " + counted(rules.probes, "probe") +
           " must succeed to close it";
}

void add_circuit_facts(const ProviderRow& row, Facts& facts) {
    const model::Circuit& circuit = row.provider.circuit;
    facts.emplace_back("circuit", circuit_text(row) + ", since " +
                                      describe_instant(circuit.since, row.moment.store_now()));
    if (circuit.state != CircuitState::closed) {
        facts.emplace_back("cause", circuit.reason);
    }
    facts.emplace_back("rules", circuit_rules_text(row.provider.rules.circuit));
}

void add_pace_facts(const ProviderRow& row, Facts& facts) {
    const model::Pace& pace = row.provider.pace;
    if (pace.source != model::PaceSource::unlimited) {
        const auto burst = std::llround(pace.requests.burst);
        facts.emplace_back("pace", rate_text(pace.requests.rate) + " calls/s" +
                                       (burst > 1 ? ", up to " + with_commas(burst) + " at once"
                                                  : ", one after the other"));
    }
    facts.emplace_back("reason", pace_reason(row));
    if (pace.tokens) {
        facts.emplace_back("token pace", rate_text(pace.tokens->rate) + " tokens/s");
    }
}

}  // namespace

Table provider_table(std::span<const ProviderRow> rows) {
    Table table({{"PROVIDER", Align::left, true},
                 {"CIRCUIT", Align::left, true},
                 {"PACE", Align::right, false, true},
                 {"SOURCE"},
                 {"TOKENS/S", Align::right, false, true},
                 {"429 10S", Align::right},
                 {"429 60S", Align::right},
                 {"CALLS", Align::right},
                 {"429S", Align::right, false, true},
                 {"ERRORS", Align::right, false, true},
                 {"LATENCY", Align::right, false, true},
                 {"USED/HELD/LEFT", Align::left, true, true},
                 {"RESET", Align::left, false, true},
                 {"WAITS UNTIL", Align::left, false, true},
                 {"WHY", Align::left, true, true}});
    for (const ProviderRow& row : rows) {
        const model::Provider& provider = row.provider;
        table.add({{provider.rules.name},
                   {circuit_text(row), circuit_colour(row)},
                   {pace_text(provider.pace)},
                   {std::string(model::to_text(provider.pace.source))},
                   {provider.pace.tokens ? rate_text(provider.pace.tokens->rate) : "-"},
                   density_cell(row.ten_seconds),
                   density_cell(row.minute),
                   {count_text(row.minute.calls)},
                   {count_text(row.minute.refused)},
                   {count_text(row.minute.errors)},
                   {latency_text(row.minute)},
                   {budget_text(row)},
                   {provider.rules.budget.any() ? minute_text(row.resets_at, row.resets_at) : "-"},
                   {wait_until_text(row), Colour::yellow},
                   {why_text(row)}});
    }
    return table;
}

base::JsonText provider_json(const ProviderRow& row) {
    model::JsonObjectWriter json;
    json.text("provider", row.provider.rules.name);
    json.boolean("configured", row.provider.configured);
    add_circuit(json, row);
    add_pace(json, row);
    add_counts(json, "10s", row.ten_seconds);
    add_counts(json, "60s", row.minute);
    json.embed("budget", budget_json(row));
    add_time(json, "waits_until", row.wait ? row.wait->until : std::nullopt);
    if (row.wait) {
        json.text("waits_for", model::to_text(row.wait->reason));
        json.text("wait_reason", row.wait->text);
    } else {
        json.null("waits_for");
        json.null("wait_reason");
    }
    return json.finish();
}

Facts provider_facts(const ProviderRow& row) {
    Facts facts;
    facts.emplace_back(
        "declared", pace::holds_rules_only(row.provider)
                        ? "by a person, for those of its models that have no rules of their own"
                    : row.provider.configured
                        ? "by a person"
                        : "by nobody: its first call made it, with its provider's rules if there "
                          "are any");
    add_circuit_facts(row, facts);
    add_pace_facts(row, facts);
    if (row.wait) {
        facts.emplace_back(
            "waits",
            (row.wait->until
                 ? "until " + clock_text(*row.wait->until, row.moment.store_now()) + " UTC: "
                 : "") +
                row.wait->text);
    }
    facts.emplace_back("last 10s", counts_text(row.ten_seconds));
    facts.emplace_back("last 60s", counts_text(row.minute));
    facts.emplace_back("ever", counted(row.provider.pace.granted, "call") + " granted");
    for (const BudgetLine& line : budget_lines(row)) {
        facts.emplace_back("budget", amount_text(line.kind, line.used) + " of " +
                                         amount_text(line.kind, line.limit) + " " +
                                         std::string(unit_of(line.kind)) + " used, " +
                                         amount_text(line.kind, line.held) + " held, " +
                                         amount_text(line.kind, line.left()) + " left");
    }
    if (row.provider.rules.budget.any()) {
        facts.emplace_back("day", row.provider.budget.day + ", ends at " +
                                      clock_text(row.resets_at, row.moment.wall) + " UTC (in " +
                                      base::human_duration(row.left_of_day) + ")");
        facts.emplace_back("unknown",
                           row.provider.budget.unknown == 0
                               ? "no call is missing its end"
                               : counted(row.provider.budget.unknown, "call") +
                                     " began and nobody told the end: charged as reserved");
    }
    return facts;
}

std::vector<std::string> density_lines(std::span<const ProviderRow> rows) {
    constexpr std::size_t kMost = 5;
    std::vector<std::string> lines;
    std::size_t untold = 0;
    for (const ProviderRow& row : rows) {
        if (row.minute.calls == 0 && !row.wait) {
            continue;
        }
        if (lines.size() == kMost) {
            ++untold;
            continue;
        }
        std::string line = "provider " + row.provider.rules.name + ": " + density_text(row) +
                           "; circuit " + circuit_text(row);
        if (row.wait && !tells_circuit(row)) {
            line += "; waits until " + wait_until_text(row) + ": " + row.wait->text;
        }
        lines.push_back(std::move(line));
    }
    if (untold > 0) {
        lines.push_back("and " + counted(static_cast<std::int64_t>(untold), "provider") +
                        " more: `fleet providers`");
    }
    return lines;
}

std::vector<std::string> provider_hints(std::span<const ProviderRow> rows) {
    std::vector<std::string> hints;
    for (const ProviderRow& row : rows) {
        const std::string& name = row.provider.rules.name;
        if (!row.wait) {
            continue;
        }
        if (row.wait->reason == model::HoldReason::person) {
            hints.push_back("provider " + name +
                            " is not called until a person closes its "
                            "circuit: " +
                            row.provider.circuit.reason +
                            "; when the cause is gone, `fleet providers --close " + name + "`");
        } else if (row.wait->reason == model::HoldReason::budget) {
            hints.push_back("provider " + name + ": " + row.wait->text + "; the next day begins " +
                            "in " + base::human_duration(row.left_of_day) +
                            ", `fleet budget` shows it");
        }
    }
    return hints;
}

}  // namespace fleet::cli
