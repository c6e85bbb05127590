#include "cli/view/decision_explained.hpp"

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/core/output.hpp"
#include "cli/view/describe.hpp"
#include "common/base/json.hpp"

namespace fleet::cli {
namespace {

using base::Json;

std::optional<double> number(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number() ? std::optional(found->get<double>())
                                                     : std::nullopt;
}

std::int64_t count(const Json& json, const char* key) {
    return std::llround(number(json, key).value_or(0));
}

std::string text(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& part(const Json& json, const char* key) {
    static const Json kNothing = Json::object();
    const auto found = json.find(key);
    return found != json.end() && found->is_structured() ? *found : kNothing;
}

std::string duration(const Json& json, const char* key) {
    return base::human_duration(base::Millis{count(json, key)});
}

std::string percent(double share) {
    return std::to_string(std::lround(share * 100)) + " %";
}

std::string work_text(const Json& inputs) {
    std::string line = with_commas(count(inputs, "ready")) + " ready, " +
                       with_commas(count(inputs, "delayed")) + " delayed, " +
                       with_commas(count(inputs, "running")) + " running, " +
                       with_commas(count(inputs, "waiting")) + " waiting; " +
                       human_rate(number(inputs, "arrivals_per_second").value_or(0)) + " came, " +
                       human_rate(number(inputs, "completions_per_second").value_or(0)) + " ended";
    if (number(inputs, "oldest_ready_age_ms")) {
        line += "; the oldest has waited " + duration(inputs, "oldest_ready_age_ms");
    }
    return line;
}

std::string workers_text(const Json& workers) {
    return std::to_string(count(workers, "active")) + " active, " +
           std::to_string(count(workers, "starting")) + " starting, " +
           std::to_string(count(workers, "retiring")) + " retiring; " +
           std::to_string(count(workers, "busy")) + " of " +
           std::to_string(count(workers, "slots")) + " slots busy";
}

std::string stage_text(const Json& stage) {
    std::string line = with_commas(count(stage, "ready")) + " ready, " +
                       with_commas(count(stage, "running")) + " running";
    if (number(stage, "service_mean_ms")) {
        line += ", " + duration(stage, "service_mean_ms") + " each";
    }
    const std::string provider = text(stage, "provider");
    if (!provider.empty()) {
        const bool learned = text(stage, "provider_from") == "usage";
        line += "; calls " + provider + (learned ? " (by its calls so far)" : " (as configured)");
    }
    return line;
}

std::string budget_text(const Json& budget) {
    std::string line;
    const auto add = [&line](const std::string& amount, const char* name) {
        line += (line.empty() ? "" : ", ") + amount + name;
    };
    if (number(budget, "requests_left")) {
        add(with_commas(count(budget, "requests_left")), " requests");
    }
    if (number(budget, "tokens_left")) {
        add(with_commas(count(budget, "tokens_left")), " tokens");
    }
    if (const auto micros = number(budget, "cost_micros_left")) {
        add(json_number(*micros / 1e6), " of cost");
    }
    line += " left for " + duration(budget, "resets_in_ms");
    const auto bursts = budget.find("bursts");
    return bursts != budget.end() && *bursts == Json(true) ? line + ", to be used up until then"
                                                           : line;
}

std::string provider_text(const Json& provider) {
    const auto rate = number(provider, "calls_per_second");
    std::string line = rate ? human_rate(*rate) : "no limit of pace";
    line += count(provider, "latency_ms") > 0 ? ", " + duration(provider, "latency_ms") + " a call"
                                              : ", latency not measured yet";
    line += "; circuit " + text(provider, "circuit");
    const Json& hold = part(provider, "hold");
    if (!hold.empty()) {
        line += "; held for " + duration(hold, "for_ms") + ": " + text(hold, "text");
    }
    line += "; refused " + percent(number(provider, "refused_10s").value_or(0)) + " in 10 s, " +
            percent(number(provider, "refused_60s").value_or(0)) + " in 60 s of " +
            with_commas(count(provider, "calls_60s")) + " calls";
    const Json& budget = part(provider, "budget");
    return budget.empty() ? line : line + "; " + budget_text(budget);
}

std::string host_text(const Json& host) {
    std::string line = counted(count(host, "cores"), "core");
    const std::pair<const char*, const char*> shares[] = {{"memory_used", " of memory"},
                                                          {"descriptors_used", " of descriptors"},
                                                          {"cpu_pressure", " pressure"}};
    for (const auto& [key, name] : shares) {
        const auto share = number(host, key);
        line += share ? ", " + percent(*share) + name : "";
    }
    const auto fresh = host.find("fresh");
    const bool is_late = fresh != host.end() && *fresh == Json(false);
    return is_late ? line + "; its scaler is late" : line;
}

std::string rules_text(const Json& rules) {
    std::string line = "from " + std::to_string(count(rules, "min_workers")) + " to " +
                       counted(count(rules, "max_workers"), "worker") + " of " +
                       counted(count(rules, "slots_per_worker"), "slot");
    if (number(rules, "fleet_maximum")) {
        line += ", all pools up to " + std::to_string(count(rules, "fleet_maximum"));
    }
    if (number(rules, "drain_target_ms")) {
        line += "; drain in " + duration(rules, "drain_target_ms") + ", wait at most " +
                duration(rules, "max_wait_ms");
    } else {
        line += "; as fast as possible";
    }
    return line + "; shrink after " + duration(rules, "stabilization_ms");
}

void print_seen(std::ostream& out, const Terminal& terminal, const Json& inputs) {
    Table seen({{"SEEN"}, {"", Align::left, true}});
    seen.add({{"work"}, {work_text(inputs)}});
    seen.add({{"workers"}, {workers_text(part(inputs, "workers"))}});
    for (const Json& stage : part(inputs, "stages")) {
        const std::string name = text(stage, "stage");
        seen.add({{name.empty() ? "stage" : "stage " + name}, {stage_text(stage)}});
    }
    for (const Json& provider : part(inputs, "providers")) {
        seen.add({{"provider " + text(provider, "name")}, {provider_text(provider)}});
    }
    for (const Json& host : part(inputs, "hosts")) {
        seen.add({{"host " + text(host, "id")}, {host_text(host)}});
    }
    if (count(inputs, "more_hosts") > 0) {
        seen.add({{"hosts"}, {"and " + counted(count(inputs, "more_hosts"), "other host")}});
    }
    if (const std::string hold = text(inputs, "launch_hold"); !hold.empty()) {
        seen.add({{"launch hold"}, {hold}});
    }
    if (!part(inputs, "rules").empty()) {
        seen.add({{"rules"}, {rules_text(part(inputs, "rules"))}});
    }
    seen.print(out, terminal);
}

void print_steps(std::ostream& out, const Terminal& terminal, const Json& steps) {
    Table table({{"CLAMP"},
                 {"BEFORE", Align::right},
                 {"AFTER", Align::right},
                 {"OF"},
                 {"WHY", Align::left, true}});
    for (const Json& step : steps) {
        const std::string name = text(step, "clamp");
        // What became of slots when they were divided is another number, if only by its unit.
        const bool changed =
            count(step, "before") != count(step, "after") || name == "slots_per_worker";
        const Colour colour = changed ? Colour::plain : Colour::dim;
        table.add({{name == "none" ? "work" : name, colour},
                   {std::to_string(count(step, "before")), colour},
                   {changed ? std::to_string(count(step, "after")) : "=", colour},
                   {text(step, "unit"), colour},
                   {text(step, "why"), colour}});
    }
    table.print(out, terminal);
}

}  // namespace

void explain_decision(std::ostream& out, const Terminal& terminal,
                      const model::Decision& decision) {
    out << "decision " << decision.id << " of " << base::iso8601(decision.at) << ", host "
        << decision.host << ", pool " << decision.pool << ": " << decision.workers_before << " -> "
        << counted(decision.workers_planned, "worker") << ", started " << decision.started
        << ", retired " << decision.retired << '\n'
        << "  " << decision.reason << "\n\n";
    const Json inputs = base::parse_json(decision.inputs.empty() ? "{}" : decision.inputs,
                                         "the inputs of decision " + std::to_string(decision.id));
    print_seen(out, terminal, inputs);
    out << '\n';
    if (part(inputs, "steps").empty()) {
        out << "an older program made this decision and did not keep its steps\n";
        return;
    }
    print_steps(out, terminal, part(inputs, "steps"));
    const std::string by = text(inputs, "decided_by");
    out << "\nplanned: " << counted(count(inputs, "planned"), "worker") << ", "
        << count(inputs, "planned_here") << " of them on this host; decided by "
        << (by == "none" ? "the work itself" : by) << '\n';
}

}  // namespace fleet::cli
