// What a dry run says to programs: docs/guide.md names the keys.
#include <cmath>

#include "cli/core/output.hpp"
#include "cli/work/dry_run.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

using model::JsonObjectWriter;

void put(JsonObjectWriter& json, std::string_view name, const std::optional<double>& number) {
    if (number) {
        json.integer(name, std::llround(*number));
    } else {
        json.null(name);
    }
}

void put(JsonObjectWriter& json, std::string_view name, const std::optional<std::int64_t>& number) {
    if (number) {
        json.integer(name, *number);
    } else {
        json.null(name);
    }
}

template <class Items, class Writer>
base::JsonText list_of(const Items& items, const Writer& write) {
    std::string text = "[";
    for (const auto& item : items) {
        text += (text.size() > 1 ? "," : "") + write(item);
    }
    return text + "]";
}

base::JsonText text_json(const std::string& text) {
    JsonObjectWriter json;
    json.text("t", text);
    const std::string object = json.finish();
    constexpr std::size_t kKey = 5;  // {"t":
    return object.substr(kKey, object.size() - kKey - 1);
}

base::JsonText texts_json(const std::vector<std::string>& texts) {
    return list_of(texts, text_json);
}

base::JsonText agent_json(const estimate::AgentLine& line) {
    JsonObjectWriter json;
    json.text("stage", line.stage);
    json.text("agent", line.agent);
    json.text("machine", line.machine);
    json.embed("states", texts_json(line.states));
    if (line.provider.empty()) {
        json.null("provider");
    } else {
        json.text("provider", line.provider);
    }
    json.text("program", line.program);
    json.integer("calls", std::llround(line.calls));
    json.text("calls_from", to_text(line.calls_from));
    json.integer("calls_at_least", std::llround(line.bounds.least));
    put(json, "calls_at_most", line.bounds.most_with_errors);
    json.integer("input_tokens", std::llround(line.calls * line.input_tokens));
    json.embed("input_tokens_per_call", json_number(line.input_tokens));
    json.text("input_tokens_from", to_text(line.input_from));
    json.integer("output_tokens", std::llround(line.calls * line.output_tokens));
    json.embed("output_tokens_per_call", json_number(line.output_tokens));
    json.text("output_tokens_from", to_text(line.output_from));
    json.boolean("output_tokens_at_most", line.is_at_most());
    put(json, "cost_micros", line.cost_micros);
    put(json, "history_calls",
        line.history ? std::optional(line.history->calls) : std::optional<std::int64_t>());
    return json.finish();
}

std::string_view to_text(estimate::LimitedBy limit) {
    switch (limit) {
        case estimate::LimitedBy::nothing:
            return "nothing";
        case estimate::LimitedBy::pace:
            return "pace";
        case estimate::LimitedBy::budget:
            break;
    }
    return "budget";
}

base::JsonText budget_json(const ProviderOutlook& one) {
    JsonObjectWriter json;
    json.text("day", one.left.day);
    json.integer("resets_in_ms", one.left.resets_in.count());
    put(json, "requests_left", one.left.requests);
    put(json, "tokens_left", one.left.tokens);
    put(json, "cost_micros_left", one.left.cost_micros);
    if (one.course.never) {
        json.null("days");
        json.null("last_day");
    } else {
        json.integer("days", one.course.days);
        json.text("last_day", one.course.last_day);
    }
    return json.finish();
}

base::JsonText provider_json(const ProviderOutlook& one) {
    const estimate::ProviderLine& line = one.line;
    const estimate::KnownPace pace = estimate::known_pace(one.row);
    JsonObjectWriter json;
    json.text("provider", line.provider);
    json.integer("calls", std::llround(line.calls));
    json.integer("input_tokens", std::llround(line.input_tokens));
    json.integer("output_tokens", std::llround(line.output_tokens));
    json.boolean("output_tokens_at_most", line.is_at_most);
    put(json, "cost_micros", line.cost_micros);
    if (one.row.rules.budget.any()) {
        json.embed("budget", budget_json(one));
    } else {
        json.null("budget");
    }
    json.text("pace_source", to_text(pace.source));
    json.boolean("pace_known", pace.is_known);
    const auto rate = [&json](std::string_view name, const std::optional<double>& per_second) {
        json.embed(name, per_second ? json_number(*per_second) : "null");
    };
    rate("calls_per_second", pace.calls_per_second);
    rate("tokens_per_second", pace.tokens_per_second);
    put(json, "at_pace_ms",
        one.course.at_pace ? std::optional<std::int64_t>(one.course.at_pace->count())
                           : std::nullopt);
    if (one.course.ends_at) {
        json.text("ends_at", base::iso8601(*one.course.ends_at));
    } else {
        json.null("ends_at");
    }
    json.text("limited_by", to_text(one.course.limited_by));
    return json.finish();
}

base::JsonText times_json(const DryRun& run) {
    if (!run.times) {
        return "null";
    }
    JsonObjectWriter json;
    json.integer("attempts", run.times->attempts);
    json.integer("mean_ms", run.times->mean.count());
    json.boolean("same_work", run.times->is_same);
    json.integer("work_ms", (run.times->mean * run.items).count());
    put(json, "time_ms",
        run.slots > 0
            ? std::optional<std::int64_t>((run.times->mean * run.items / run.slots).count())
            : std::nullopt);
    return json.finish();
}

}  // namespace

base::JsonText to_json_text(const DryRun& run) {
    JsonObjectWriter json;
    json.boolean("dry_run", true);
    json.text("what", run.what);
    json.text("pool", run.pool);
    json.integer("items", run.items);
    json.integer("empty_lines", run.empty_lines);
    json.integer("slots", run.slots);
    if (run.estimate) {
        json.embed("calls", list_of(run.estimate->agents, agent_json));
        json.embed("providers", list_of(run.providers, provider_json));
        json.integer("trial_items", run.trials.items);
        json.integer("trial_items_ended_early", run.trials.ended_early);
        json.integer("history_executions", run.history.executions);
    } else {
        json.embed("times", times_json(run));
    }
    json.embed("notes", texts_json(run.notes));
    return json.finish();
}

}  // namespace fleet::cli
