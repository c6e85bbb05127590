#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/output.hpp"
#include "cli/view/describe.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

struct BatchOptions {
    std::size_t limit = 30;
    FormatOptions format;
};

base::JsonText batch_json(const model::Batch& batch) {
    model::JsonObjectWriter json;
    json.text("batch", batch.name);
    json.text("pool", batch.pool);
    json.text("state", model::to_text(batch.state));
    json.boolean("private_lane", batch.private_lane);
    json.integer("total", batch.counts.total());
    json.integer("pending", batch.counts.pending);
    json.integer("running", batch.counts.running);
    json.integer("waiting", batch.counts.waiting);
    json.integer("done", batch.counts.done);
    json.integer("failed", batch.counts.failed);
    json.integer("cancelled", batch.counts.cancelled);
    json.integer("loaded_lines", batch.loaded_lines);
    json.time("created_at", batch.created_at);
    if (batch.finished_at) {
        json.time("finished_at", *batch.finished_at);
    } else {
        json.null("finished_at");
    }
    return json.finish();
}

/// What a person wants to know first: is it finished, and how.
Cell state_cell(const model::Batch& batch) {
    if (batch.state != model::BatchState::sealed) {
        return {std::string(model::to_text(batch.state)), Colour::yellow};
    }
    if (batch.counts.terminal() < batch.counts.total()) {
        return {"open", Colour::cyan};
    }
    return batch.counts.failed > 0 ? Cell{"failures", Colour::red} : Cell{"done", Colour::green};
}

int list_batches(CommandContext& context, const BatchOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    const std::vector<model::Batch> batches = store->work().batches(options.limit);
    const Format format = options.format.format();
    if (format != Format::table) {
        JsonList list(context.out, format);
        for (const model::Batch& batch : batches) {
            list.add(batch_json(batch));
        }
        list.finish();
        return kExitDone;
    }
    if (batches.empty()) {
        context.out << "there are no batches; `fleet run` and `fleet submit` make them\n";
        return kExitDone;
    }
    Table table({{"BATCH", Align::left, true},
                 {"POOL", Align::left, true},
                 {"STATE"},
                 {"PENDING", Align::right},
                 {"RUNNING", Align::right},
                 {"WAITING", Align::right},
                 {"DONE", Align::right},
                 {"FAILED", Align::right},
                 {"CANCELLED", Align::right},
                 {"CREATED", Align::left, true}});
    const base::StoreTime now = store->now();
    for (const model::Batch& batch : batches) {
        table.add({{batch.name},
                   {batch.pool},
                   state_cell(batch),
                   {with_commas(batch.counts.pending)},
                   {with_commas(batch.counts.running)},
                   {with_commas(batch.counts.waiting)},
                   {with_commas(batch.counts.done)},
                   {with_commas(batch.counts.failed),
                    batch.counts.failed > 0 ? Colour::red : Colour::plain},
                   {with_commas(batch.counts.cancelled)},
                   {describe_instant(batch.created_at, now)}});
    }
    table.print(context.out, context.terminal);
    return kExitDone;
}

}  // namespace

void add_batches_command(Commands& commands) {
    CLI::App& app = commands.add(
        "batches", Group::seeing, "what was submitted together, with its counts",
        {.description =
             "The newest first. STATE is loading while its items are still being read in, open\n"
             "while some have not ended, done, failures (ended, some failed) or cancelled. A "
             "batch\n"
             "that stays loading was cut off: `fleet resume BATCH` goes on, `fleet cancel --batch\n"
             "BATCH` gives it up.",
         .examples = "  fleet batches\n"
                     "  fleet batches --limit 5 --jsonl\n"});
    const auto options = std::make_shared<BatchOptions>();
    app.add_option("--limit", options->limit, "at most so many (default 30)")->type_name("N");
    add_format_options(app, options->format);
    commands.on(app,
                [options](CommandContext& context) { return list_batches(context, *options); });
}

}  // namespace fleet::cli
