// `fleet signals`: what is kept for channels, and who waits on them.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/output.hpp"
#include "cli/view/channels.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

struct ChannelRow {
    std::int64_t kept = 0;
    std::int64_t waiting = 0;
    std::optional<base::StoreTime> oldest_kept;
};

std::map<std::string, ChannelRow> collect(contracts::Store& store) {
    std::map<std::string, ChannelRow> rows;
    for (const model::ChannelCount& count : store.signals().channels()) {
        ChannelRow& row = rows[count.channel];
        row.kept = count.pending;
        for (const model::Signal& oldest : store.signals().peek(count.channel, 1)) {
            row.oldest_kept = oldest.created_at;
        }
    }
    for (const auto& [channel, waiting] : waiters_by_channel(store)) {
        rows[channel].waiting = static_cast<std::int64_t>(waiting);
    }
    return rows;
}

base::JsonText row_json(const std::string& channel, const ChannelRow& row) {
    model::JsonObjectWriter json;
    json.text("channel", channel);
    json.integer("kept", row.kept);
    json.integer("waiting", row.waiting);
    if (row.oldest_kept) {
        json.time("oldest_kept_at", *row.oldest_kept);
    } else {
        json.null("oldest_kept_at");
    }
    return json.finish();
}

std::string age(const ChannelRow& row, base::StoreTime now) {
    return row.oldest_kept
               ? base::human_duration(std::max(now - *row.oldest_kept, base::Millis{0})) + " ago"
               : "-";
}

int list_channels(CommandContext& context, const FormatOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    const std::map<std::string, ChannelRow> rows = collect(*store);
    if (options.format() != Format::table) {
        JsonList list(context.out, options.format());
        for (const auto& [channel, row] : rows) {
            list.add(row_json(channel, row));
        }
        list.finish();
        return kExitDone;
    }
    if (rows.empty()) {
        context.out << "no signals are kept, and nobody waits for one\n";
        return kExitDone;
    }
    Table table({{"CHANNEL", Align::left, true},
                 {"WAITING", Align::right},
                 {"KEPT", Align::right},
                 {"OLDEST KEPT", Align::right, false, true}});
    const base::StoreTime now = store->now();
    for (const auto& [channel, row] : rows) {
        table.add(
            {{channel}, {with_commas(row.waiting)}, {with_commas(row.kept)}, {age(row, now)}});
    }
    table.print(context.out, context.terminal);
    return kExitDone;
}

}  // namespace

void add_signals_command(Commands& commands) {
    CLI::App& app = commands.add(
        "signals", Group::seeing, "lists channels: who waits, and what is kept",
        {.description =
             "A line for each channel on which executions wait, or for which signals are kept\n"
             "because nobody waited when they were sent. Signals that were sent to one\n"
             "execution (`fleet signal --to`) are not counted.",
         .examples = "  fleet signals\n"
                     "  fleet signals --jsonl | jq -r 'select(.waiting > 0).channel'\n"});
    const auto options = std::make_shared<FormatOptions>();
    add_format_options(app, *options);
    commands.on(app,
                [options](CommandContext& context) { return list_channels(context, *options); });
}

}  // namespace fleet::cli
