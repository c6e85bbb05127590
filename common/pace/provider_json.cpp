#include "common/pace/provider_json.hpp"

#include "common/base/json.hpp"

namespace fleet::pace {
namespace {

using base::Json;
using model::Provider;

template <class Number>
void read(const Json& json, const char* key, Number& into) {
    if (const auto found = json.find(key); found != json.end() && found->is_number()) {
        into = found->get<Number>();
    }
}

void read(const Json& json, const char* key, bool& into) {
    if (const auto found = json.find(key); found != json.end() && found->is_boolean()) {
        into = found->get<bool>();
    }
}

void read(const Json& json, const char* key, std::string& into) {
    if (const auto found = json.find(key); found != json.end() && found->is_string()) {
        into = found->get<std::string>();
    }
}

void read(const Json& json, const char* key, base::Millis& into) {
    std::int64_t count = into.count();
    read(json, key, count);
    into = base::Millis{count};
}

void read(const Json& json, const char* key, base::StoreTime& into) {
    std::int64_t count = base::count_ms(into);
    read(json, key, count);
    into = base::store_time(count);
}

template <class Value>
void read(const Json& json, const char* key, std::optional<Value>& into) {
    if (const auto found = json.find(key); found != json.end() && !found->is_null()) {
        Value value{};
        read(json, key, value);
        into = value;
    }
}

Json part(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_object() ? *found : Json::object();
}

template <class Value>
void write(Json& json, const char* key, const std::optional<Value>& value) {
    if (value) {
        json[key] = *value;
    }
}

Json cell_json(const model::PaceCell& cell) {
    return {{"rate", cell.rate},
            {"burst", cell.burst},
            {"tat_us", cell.tat.time_since_epoch().count()}};
}

model::PaceCell read_cell(const Json& json) {
    model::PaceCell cell;
    read(json, "rate", cell.rate);
    read(json, "burst", cell.burst);
    std::int64_t tat = 0;
    read(json, "tat_us", tat);
    cell.tat = model::PaceTime{std::chrono::microseconds{tat}};
    return cell;
}

Json pace_json(const model::Pace& pace) {
    Json json = {{"source", to_text(pace.source)},
                 {"requests", cell_json(pace.requests)},
                 {"epoch", pace.epoch},
                 {"cut_at_ms", base::count_ms(pace.cut_at)},
                 {"grown_at_ms", base::count_ms(pace.grown_at)},
                 {"ceiling", pace.ceiling},
                 {"limit", pace.limit},
                 {"wait_until_ms", base::count_ms(pace.wait_until)},
                 {"backoffs", pace.backoffs},
                 {"on_trial", pace.on_trial},
                 {"refusal_latency_ms", pace.refusal_latency.count()},
                 {"granted", pace.granted}};
    if (pace.tokens) {
        json["tokens"] = cell_json(*pace.tokens);
    }
    return json;
}

model::Pace read_pace(const Json& json) {
    model::Pace pace;
    std::string source;
    read(json, "source", source);
    pace.source = model::parse_pace_source(source).value_or(pace.source);
    pace.requests = read_cell(part(json, "requests"));
    if (json.contains("tokens")) {
        pace.tokens = read_cell(part(json, "tokens"));
    }
    read(json, "epoch", pace.epoch);
    read(json, "cut_at_ms", pace.cut_at);
    read(json, "grown_at_ms", pace.grown_at);
    read(json, "ceiling", pace.ceiling);
    read(json, "limit", pace.limit);
    read(json, "wait_until_ms", pace.wait_until);
    read(json, "backoffs", pace.backoffs);
    read(json, "on_trial", pace.on_trial);
    read(json, "refusal_latency_ms", pace.refusal_latency);
    read(json, "granted", pace.granted);
    return pace;
}

/// One array a slot that was ever used, to keep the row small.
Json density_json(const model::Density& density) {
    Json slots = Json::array();
    for (const model::DensitySlot& slot : density) {
        if (slot.index >= 0) {
            slots.push_back({slot.index, slot.granted, slot.calls, slot.refused, slot.errors,
                             slot.latency.count()});
        }
    }
    return slots;
}

model::Density read_density(const Json& json) {
    constexpr std::size_t kFields = 6;
    model::Density density{};
    for (const Json& slot : json) {
        if (!slot.is_array() || slot.size() != kFields || !slot[0].is_number_integer() ||
            slot[0].get<std::int64_t>() < 0) {
            continue;
        }
        const auto index = slot[0].get<std::int64_t>();
        density[static_cast<std::size_t>(index) % density.size()] = {
            index,
            slot[1].get<std::int64_t>(),
            slot[2].get<std::int64_t>(),
            slot[3].get<std::int64_t>(),
            slot[4].get<std::int64_t>(),
            base::Millis{slot[5].get<std::int64_t>()}};
    }
    return density;
}

Json circuit_json(const model::Circuit& circuit) {
    Json probes = Json::array();
    for (const base::StoreTime probe : circuit.probes) {
        probes.push_back(base::count_ms(probe));
    }
    Json json = {{"state", to_text(circuit.state)},
                 {"epoch", circuit.epoch},
                 {"since_ms", base::count_ms(circuit.since)},
                 {"cooldown_ms", circuit.cooldown.count()},
                 {"reason", circuit.reason},
                 {"succeeded", circuit.succeeded},
                 {"probes_ms", std::move(probes)}};
    if (circuit.until) {
        json["until_ms"] = base::count_ms(*circuit.until);
    }
    return json;
}

model::Circuit read_circuit(const Json& json) {
    model::Circuit circuit;
    std::string state;
    read(json, "state", state);
    circuit.state = model::parse_circuit_state(state).value_or(circuit.state);
    read(json, "epoch", circuit.epoch);
    read(json, "since_ms", circuit.since);
    read(json, "until_ms", circuit.until);
    read(json, "cooldown_ms", circuit.cooldown);
    read(json, "reason", circuit.reason);
    read(json, "succeeded", circuit.succeeded);
    if (const auto probes = json.find("probes_ms"); probes != json.end()) {
        for (const Json& probe : *probes) {
            circuit.probes.push_back(base::store_time(probe.get<std::int64_t>()));
        }
    }
    return circuit;
}

Json sum_json(const model::BudgetSum& sum) {
    return {{"requests", sum.requests}, {"tokens", sum.tokens}, {"cost_micros", sum.cost_micros}};
}

model::BudgetSum read_sum(const Json& json) {
    model::BudgetSum sum;
    read(json, "requests", sum.requests);
    read(json, "tokens", sum.tokens);
    read(json, "cost_micros", sum.cost_micros);
    return sum;
}

}  // namespace

std::string rules_to_json(const model::ProviderRules& rules) {
    Json json = {{"first_rate", rules.first_rate},
                 {"unlimited", rules.unlimited},
                 {"burst_before_reset_ms", rules.burst_before_reset.count()}};
    write(json, "requests_per_second", rules.requests_per_second);
    write(json, "tokens_per_second", rules.tokens_per_second);
    write(json, "burst", rules.burst);
    json["circuit"] = {{"open_at", rules.circuit.open_at},
                       {"min_samples", rules.circuit.min_samples},
                       {"cooldown_ms", rules.circuit.cooldown.count()},
                       {"longest_cooldown_ms", rules.circuit.longest_cooldown.count()},
                       {"probes", rules.circuit.probes}};
    Json budget = {{"day_begins_ms", rules.budget.day_begins.count()}};
    write(budget, "requests", rules.budget.requests);
    write(budget, "tokens", rules.budget.tokens);
    write(budget, "cost_micros", rules.budget.cost_micros);
    json["budget"] = std::move(budget);
    return base::dump_json(json);
}

model::ProviderRules rules_from_json(const std::string& name, std::string_view text) {
    const Json json = base::parse_json(text, "reading the rules of provider " + name);
    model::ProviderRules rules;
    rules.name = name;
    read(json, "first_rate", rules.first_rate);
    read(json, "unlimited", rules.unlimited);
    read(json, "requests_per_second", rules.requests_per_second);
    read(json, "tokens_per_second", rules.tokens_per_second);
    read(json, "burst", rules.burst);
    read(json, "burst_before_reset_ms", rules.burst_before_reset);
    const Json circuit = part(json, "circuit");
    read(circuit, "open_at", rules.circuit.open_at);
    read(circuit, "min_samples", rules.circuit.min_samples);
    read(circuit, "cooldown_ms", rules.circuit.cooldown);
    read(circuit, "longest_cooldown_ms", rules.circuit.longest_cooldown);
    read(circuit, "probes", rules.circuit.probes);
    const Json budget = part(json, "budget");
    read(budget, "day_begins_ms", rules.budget.day_begins);
    read(budget, "requests", rules.budget.requests);
    read(budget, "tokens", rules.budget.tokens);
    read(budget, "cost_micros", rules.budget.cost_micros);
    return rules;
}

std::string state_to_json(const Provider& row) {
    const Json json = {{"pace", pace_json(row.pace)},
                       {"density", density_json(row.density)},
                       {"circuit", circuit_json(row.circuit)},
                       {"budget",
                        {{"day", row.budget.day},
                         {"spent", sum_json(row.budget.spent)},
                         {"held", sum_json(row.budget.held)},
                         {"unknown", row.budget.unknown}}}};
    return base::dump_json(json);
}

void state_from_json(Provider& row, std::string_view text) {
    const Json json = base::parse_json(text, "reading the state of provider " + row.rules.name);
    row.pace = read_pace(part(json, "pace"));
    if (const auto density = json.find("density"); density != json.end() && density->is_array()) {
        row.density = read_density(*density);
    }
    row.circuit = read_circuit(part(json, "circuit"));
    const Json budget = part(json, "budget");
    read(budget, "day", row.budget.day);
    row.budget.spent = read_sum(part(budget, "spent"));
    row.budget.held = read_sum(part(budget, "held"));
    read(budget, "unknown", row.budget.unknown);
}

}  // namespace fleet::pace
