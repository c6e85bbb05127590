// `fleet budget`: what of the day's budgets is used, and how far the rest will go.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/day.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "cli/view/budget_projection.hpp"
#include "cli/view/providers.hpp"
#include "common/model/json_writer.hpp"
#include "common/model/usage.hpp"
#include "common/pace/default_rules.hpp"

namespace fleet::cli {
namespace {

struct BudgetOptions {
    std::string provider;
    std::string day;
    FormatOptions format;
};

/// A provider's budgets, and what its calls used in one UTC day.
struct BudgetEntry {
    std::optional<ProviderRow> row;  ///< nullopt: it has none, or another day was asked for
    std::vector<model::UsageRecord> usage;
};

/// By the provider's name.
using BudgetEntries = std::map<std::string, BudgetEntry>;

BudgetEntries collect(contracts::Store& store, const base::Clock& clock,
                      const BudgetOptions& options) {
    BudgetEntries entries;
    if (options.day.empty()) {
        for (ProviderRow& row : read_provider_rows(store, clock, options.provider)) {
            if (row.provider.rules.budget.any() && !pace::holds_rules_only(row.provider)) {
                std::string name = row.provider.rules.name;
                entries[std::move(name)].row = std::move(row);
            }
        }
    }
    for (model::UsageRecord& record : store.usage().daily(options.day)) {
        if (options.provider.empty() || record.provider == options.provider) {
            entries[record.provider].usage.push_back(std::move(record));
        }
    }
    return entries;
}

void add_projection(model::JsonObjectWriter& json, const ProviderRow& row, const std::string& name,
                    const std::optional<Projection>& projection) {
    if (!projection) {
        json.null(name);
        return;
    }
    model::JsonObjectWriter object;
    object.embed("per_second", json_number(projection->per_second));
    object.integer("left_at_end", projection->left_at_end);
    if (projection->used_up_at) {
        object.text("used_up_at", base::iso8601(*projection->used_up_at));
        object.integer("used_up_in_ms", (*projection->used_up_at - row.moment.wall).count());
    } else {
        object.null("used_up_at");
        object.null("used_up_in_ms");
    }
    json.embed(name, object.finish());
}

base::JsonText limits_json(const ProviderRow& row) {
    std::string text = "[";
    for (const BudgetLine& line : budget_lines(row)) {
        model::JsonObjectWriter json;
        json.text("limit_of", to_text(line.kind));
        json.integer("limit", line.limit);
        json.integer("used", line.used);
        json.integer("held", line.held);
        json.integer("left", line.left());
        add_projection(json, row, "at_last_minute", project_minute(row, line));
        add_projection(json, row, "at_day_mean", project_day(row, line));
        text += (text.size() > 1 ? "," : "") + json.finish();
    }
    return text + "]";
}

base::JsonText usage_json(const std::vector<model::UsageRecord>& usage) {
    std::string text = "[";
    for (const model::UsageRecord& record : usage) {
        model::JsonObjectWriter json;
        json.text("phase", record.phase);
        json.integer("requests", record.requests);
        json.integer("input_tokens", record.input_tokens);
        json.integer("output_tokens", record.output_tokens);
        json.integer("cost_micros", record.cost_micros);
        text += (text.size() > 1 ? "," : "") + json.finish();
    }
    return text + "]";
}

base::JsonText entry_json(const std::string& provider, const BudgetEntry& entry,
                          const std::string& usage_day) {
    model::JsonObjectWriter json;
    json.text("provider", provider);
    if (entry.row) {
        const ProviderRow& row = *entry.row;
        json.text("day", row.provider.budget.day);
        json.embed("day_gone_share", json_number(day_gone(row)));
        json.text("resets_at", base::iso8601(row.resets_at));
        json.integer("resets_in_ms", row.left_of_day.count());
        json.integer("unknown_calls", row.provider.budget.unknown);
        json.embed("limits", limits_json(row));
    } else {
        json.embed("limits", "[]");
    }
    json.text("usage_day", usage_day);
    json.embed("usage", usage_json(entry.usage));
    return json.finish();
}

void add_budget_rows(const ProviderRow& row, Table& table) {
    const std::string gone = percent_text(day_gone(row));
    const std::int64_t unknown = row.provider.budget.unknown;
    for (const BudgetLine& line : budget_lines(row)) {
        const bool is_used_up = line.left() <= 0;
        table.add({{row.provider.rules.name},
                   {std::string(unit_of(line.kind))},
                   {amount_text(line.kind, line.limit)},
                   {amount_text(line.kind, line.used)},
                   {line.held == 0 ? "-" : amount_text(line.kind, line.held)},
                   {amount_text(line.kind, line.left()), is_used_up ? Colour::red : Colour::plain},
                   {gone},
                   {minute_text(row.resets_at, row.resets_at)},
                   {projection_text(row, line, project_minute(row, line))},
                   {projection_text(row, line, project_day(row, line))},
                   {unknown == 0 ? "-" : with_commas(unknown),
                    unknown == 0 ? Colour::plain : Colour::yellow}});
    }
}

Table budget_table(const BudgetEntries& entries) {
    Table table({{"PROVIDER", Align::left, true},
                 {"BUDGET"},
                 {"LIMIT", Align::right},
                 {"USED", Align::right},
                 {"HELD", Align::right, false, true},
                 {"LEFT", Align::right},
                 {"DAY GONE", Align::right},
                 {"RESET"},
                 {"BY LAST MINUTE'S RATE", Align::left, true},
                 {"BY THE DAY'S MEAN", Align::left, true},
                 {"UNKNOWN", Align::right, false, true}});
    for (const auto& [name, entry] : entries) {
        if (entry.row) {
            add_budget_rows(*entry.row, table);
        }
    }
    return table;
}

Table usage_table(const BudgetEntries& entries) {
    Table table({{"PROVIDER", Align::left, true},
                 {"PHASE", Align::left, true, true},
                 {"CALLS", Align::right},
                 {"INPUT TOKENS", Align::right},
                 {"OUTPUT TOKENS", Align::right},
                 {"COST", Align::right}});
    for (const auto& [name, entry] : entries) {
        for (const model::UsageRecord& record : entry.usage) {
            table.add({{record.provider},
                       {record.phase.empty() ? "-" : record.phase},
                       {with_commas(record.requests)},
                       {with_commas(record.input_tokens)},
                       {with_commas(record.output_tokens)},
                       {cost_text(record.cost_micros)}});
        }
    }
    return table;
}

int show_budget(CommandContext& context, const BudgetOptions& options) {
    if (!options.day.empty()) {
        static_cast<void>(parse_day(options.day, "--day"));
    }
    const auto store = context.open_store(store::Missing::refuse);
    if (!options.provider.empty()) {
        static_cast<void>(require_provider(*store, options.provider));
    }
    const BudgetEntries entries = collect(*store, context.clock, options);
    const std::string day = options.day.empty() ? utc_day(context.clock.wall_now()) : options.day;
    const Format format = options.format.format();
    if (format != Format::table) {
        JsonList list(context.out, format);
        for (const auto& [name, entry] : entries) {
            list.add(entry_json(name, entry, day));
        }
        list.finish();
        return kExitDone;
    }
    const Table budgets = budget_table(entries);
    const Table usage = usage_table(entries);
    if (!budgets.empty()) {
        budgets.print(context.out, context.terminal);
    } else if (options.day.empty()) {
        context.out << (options.provider.empty() ? "no provider has a budget\n"
                                                 : "it has no budget\n");
    }
    if (options.day.empty()) {
        context.out << '\n';
    }
    if (usage.empty()) {
        context.out << "no calls are recorded on " << day << " (UTC)\n";
    } else {
        context.out << "Calls of " << day << " (UTC) by phase\n";
        usage.print(context.out, context.terminal);
    }
    return kExitDone;
}

}  // namespace

void add_budget_command(Commands& commands) {
    CLI::App& app = commands.add(
        "budget", Group::seeing, "what of the day's budgets is used, and how far the rest goes",
        {.description =
             "One line a provider and limit of its day. USED has been spent by calls that have\n"
             "begun, HELD is reserved for calls that may begin, LEFT is free. The projections "
             "say\n"
             "where the day ends if calls go on as in the last minute, and as in the day's mean.\n"
             "UNKNOWN calls began and nobody told their end: they are charged as reserved.\n"
             "Below, the day's calls by phase. Times are UTC; cost is in the account's currency.",
         .examples = "  fleet budget\n"
                     "  fleet budget openai/gpt-4o\n"
                     "  fleet budget --day 2026-11-20\n"
                     "  fleet budget --jsonl | jq '.limits[] | select(.left == 0)'\n"});
    const auto options = std::make_shared<BudgetOptions>();
    app.add_option("PROVIDER", options->provider, "only this one");
    app.add_option("--day", options->day, "the calls of another UTC day")->type_name("YYYY-MM-DD");
    add_format_options(app, options->format);
    commands.on(app, [options](CommandContext& context) { return show_budget(context, *options); });
}

}  // namespace fleet::cli
