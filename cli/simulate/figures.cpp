#include "cli/simulate/figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "cli/view/provider_row.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

double seconds(std::chrono::duration<double> span) {
    return span.count();
}

std::string fixed(double value, int decimals) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return text.data();
}

std::string duration_text(std::optional<double> span) {
    return span ? base::human_duration(base::Millis{std::llround(*span * 1000)}) : "-";
}

std::string count_text(double count) {
    return std::floor(count) == count ? with_commas(std::llround(count)) : fixed(count, 1);
}

double middle_of(std::vector<double> values) {
    std::ranges::sort(values);
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double median(const std::vector<Figures>& all, double Figures::*figure) {
    std::vector<double> values;
    for (const Figures& one : all) {
        values.push_back(one.*figure);
    }
    return middle_of(std::move(values));
}

std::optional<double> median(const std::vector<Figures>& all,
                             std::optional<double> Figures::*figure) {
    std::vector<double> values;
    for (const Figures& one : all) {
        if (one.*figure) {
            values.push_back(*(one.*figure));
        }
    }
    return values.empty() ? std::nullopt : std::optional(middle_of(std::move(values)));
}

/// A number, or null.
void add_number(model::JsonObjectWriter& json, std::string_view name, std::optional<double> value) {
    json.embed(name, value ? json_number(*value) : "null");
}

base::JsonText provider_json(const simulate::ProviderReport& provider) {
    model::JsonObjectWriter json;
    json.text("provider", provider.name);
    json.integer("calls", provider.calls);
    json.integer("answered", provider.given);
    json.integer("refused", provider.refused);
    json.integer("errors", provider.errors);
    add_number(json, "refused_share", provider.refused_share());
    add_number(json, "goodput", provider.goodput);
    json.integer("circuit_openings", provider.circuit_openings);
    json.integer("most_calls_in_a_day", provider.most_in_a_day);
    return json.finish();
}

/// All but what only a run has.
void add_figures(model::JsonObjectWriter& json, const Figures& figures) {
    if (figures.seed) {
        json.integer("seed", static_cast<std::int64_t>(*figures.seed));
    } else {
        json.null("seed");
    }
    json.integer("items", figures.items);
    add_number(json, "done", figures.done);
    add_number(json, "drain_seconds", figures.drain_seconds);
    add_number(json, "oracle_seconds", figures.oracle_seconds);
    json.text("oracle_bound", figures.bound);
    add_number(json, "ratio", figures.ratio);
    add_number(json, "mean_item_seconds", figures.mean_item_seconds);
    add_number(json, "calls", figures.calls);
    add_number(json, "goodput", figures.goodput);
    add_number(json, "refused_share", figures.refused_share);
    add_number(json, "most_workers", figures.most_workers);
    add_number(json, "worker_hours", figures.worker_hours);
    add_number(json, "useful_hours", figures.useful_hours);
    add_number(json, "reversals", figures.reversals);
    add_number(json, "circuit_openings", figures.circuit_openings);
}

base::JsonText list_of(const std::vector<base::JsonText>& values) {
    std::string text;
    for (const base::JsonText& value : values) {
        text += (text.empty() ? "" : ",") + value;
    }
    return '[' + text + ']';
}

base::JsonText report_json(const simulate::Report& report) {
    model::JsonObjectWriter json;
    add_figures(json, figures_of(report));
    std::vector<base::JsonText> providers;
    for (const simulate::ProviderReport& provider : report.providers) {
        providers.push_back(provider_json(provider));
    }
    json.embed("providers", list_of(providers));
    std::vector<base::JsonText> broken;
    for (const std::string& promise : report.broken) {
        model::append_json_string(broken.emplace_back(), promise);
    }
    json.embed("broken_promises", list_of(broken));
    return json.finish();
}

}  // namespace

Figures figures_of(const simulate::Report& report) {
    Figures figures;
    figures.seed = report.seed;
    figures.items = report.items;
    figures.done = static_cast<double>(report.done);
    if (report.drained) {
        figures.drain_seconds = seconds(report.drained_at);
    }
    figures.oracle_seconds = seconds(report.oracle.drain);
    figures.bound = report.oracle.bound;
    figures.ratio = report.ratio();
    figures.mean_item_seconds = report.mean_item_seconds;
    double refused = 0;
    for (const simulate::ProviderReport& provider : report.providers) {
        figures.calls += static_cast<double>(provider.calls);
        refused += static_cast<double>(provider.refused);
        figures.circuit_openings += static_cast<double>(provider.circuit_openings);
        if (provider.goodput) {
            figures.goodput = std::min(figures.goodput.value_or(HUGE_VAL), *provider.goodput);
        }
    }
    figures.refused_share = figures.calls > 0 ? refused / figures.calls : 0;
    figures.most_workers = report.most_workers;
    figures.worker_hours = report.worker_hours;
    figures.useful_hours = report.useful_hours;
    figures.reversals = report.reversals;
    return figures;
}

Figures median_of(const std::vector<Figures>& all) {
    Figures middle;
    middle.items = all.front().items;
    middle.bound = all.front().bound;
    for (const Figures& one : all) {
        middle.bound = one.bound == middle.bound ? middle.bound : "-";
    }
    for (double Figures::*figure :
         {&Figures::done, &Figures::oracle_seconds, &Figures::mean_item_seconds, &Figures::calls,
          &Figures::refused_share, &Figures::most_workers, &Figures::worker_hours,
          &Figures::useful_hours, &Figures::reversals, &Figures::circuit_openings}) {
        middle.*figure = median(all, figure);
    }
    for (std::optional<double> Figures::*figure :
         {&Figures::drain_seconds, &Figures::ratio, &Figures::goodput}) {
        middle.*figure = median(all, figure);
    }
    return middle;
}

Table figures_table(const std::vector<Figures>& all) {
    Table table({{"SEED"},
                 {"DRAINED", Align::right},
                 {"ORACLE", Align::right},
                 {"BOUND", Align::left, true},
                 {"RATIO", Align::right},
                 {"CALLS", Align::right},
                 {"GOODPUT", Align::right, false, true},
                 {"429s", Align::right},
                 {"WORKERS", Align::right},
                 {"HOURS", Align::right},
                 {"USEFUL", Align::right},
                 {"REVERSALS", Align::right},
                 {"OPENINGS", Align::right}});
    for (const Figures& one : all) {
        const bool drained = one.drain_seconds.has_value();
        table.add({{one.seed ? std::to_string(*one.seed) : "median"},
                   {duration_text(one.drain_seconds), drained ? Colour::plain : Colour::red},
                   {duration_text(one.oracle_seconds)},
                   {one.bound},
                   {one.ratio ? fixed(*one.ratio, 3) : "-"},
                   {count_text(one.calls)},
                   {one.goodput ? percent_text(*one.goodput) : "-"},
                   {percent_text(one.refused_share)},
                   {count_text(one.most_workers)},
                   {fixed(one.worker_hours, 2)},
                   {fixed(one.useful_hours, 2)},
                   {count_text(one.reversals)},
                   {count_text(one.circuit_openings)}});
    }
    return table;
}

std::vector<base::JsonText> figures_json(std::span<const simulate::Report> reports) {
    std::vector<base::JsonText> objects;
    std::vector<Figures> all;
    for (const simulate::Report& report : reports) {
        objects.push_back(report_json(report));
        all.push_back(figures_of(report));
    }
    model::JsonObjectWriter json;
    add_figures(json, median_of(all));
    objects.push_back(json.finish());
    return objects;
}

std::string sentence_of(const simulate::Report& report) {
    const auto ratio = report.ratio();
    const auto best = std::chrono::duration_cast<base::Millis>(report.oracle.drain);
    if (!ratio) {
        return "seed " + std::to_string(report.seed) + ": " + with_commas(report.done) + " of " +
               with_commas(report.items) + " items done in " +
               base::human_duration(report.ended_at);
    }
    return "seed " + std::to_string(report.seed) + ": " + with_commas(report.items) +
           " items drained in " + base::human_duration(report.drained_at) + ", by an oracle in " +
           base::human_duration(best) + " (" + report.oracle.bound + "): ratio " + fixed(*ratio, 3);
}

}  // namespace fleet::cli
