#include "cli/view/pool_rows.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

std::string count_text(std::int64_t count) {
    return count == 0 ? "-" : with_commas(count);
}

Cell count_cell(std::int64_t count, Colour colour) {
    return {count_text(count), count == 0 ? Colour::dim : colour};
}

void set_marks(const std::optional<model::PoolPolicy>& policy, PoolRow& row) {
    row.low_water.reset();
    row.high_water.reset();
    if (!policy) {
        return;
    }
    const auto stage =
        std::ranges::find(policy->stages, row.stage.stage, &model::StagePolicy::stage);
    if (stage != policy->stages.end()) {
        row.low_water = stage->low_water;
        row.high_water = stage->high_water;
    }
}

/// "12 (5..40)": with its marks, where it has any.
Cell buffer_cell(const PoolRow& row) {
    if (!row.buffer) {
        return {"-"};
    }
    const bool starves = row.low_water && *row.buffer < *row.low_water;
    const bool full = row.high_water && *row.buffer >= *row.high_water;
    std::string text = with_commas(*row.buffer);
    if (row.low_water || row.high_water) {
        text += " (" + (row.low_water ? with_commas(*row.low_water) : "") + ".." +
                (row.high_water ? with_commas(*row.high_water) : "") + ")";
    }
    return {text, starves || full ? Colour::yellow : Colour::plain};
}

void embed_count(model::JsonObjectWriter& json, std::string_view name,
                 const std::optional<std::int64_t>& count) {
    if (count) {
        json.integer(name, *count);
    } else {
        json.null(name);
    }
}

void embed_millis(model::JsonObjectWriter& json, std::string_view name,
                  const std::optional<base::Millis>& span) {
    if (span) {
        json.integer(name, span->count());
    } else {
        json.null(name);
    }
}

}  // namespace

std::vector<PoolRow> collect_pool_rows(contracts::Store& store, const std::string& pool) {
    std::vector<std::string> names;
    if (pool.empty()) {
        for (const model::PoolPolicy& policy : store.scaling().pools()) {
            names.push_back(policy.pool);
        }
    } else {
        names.push_back(pool);
    }
    contracts::WorkerFilter filter;
    filter.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating};
    filter.kind = model::WorkerKind::worker;
    const std::vector<model::WorkerRecord> workers = store.registration().list(filter);
    std::vector<PoolRow> rows;
    for (const std::string& name : names) {
        std::optional<model::PoolPressure> pressure =
            store.work().pressure(name, contracts::kAllLanes);
        if (!pressure) {
            continue;
        }
        PoolRow row;
        row.pool = name;
        row.paused = pressure->paused;
        for (const model::WorkerRecord& worker : workers) {
            if (worker.pool == name && !worker.stale) {
                ++row.workers;
                row.slots += worker.slots;
                row.busy += worker.busy;
            }
        }
        if (pressure->stages.empty()) {
            pressure->stages.emplace_back();
        }
        const auto policy = store.scaling().pool(name);
        for (const model::StagePressure& stage : pressure->stages) {
            row.stage = stage;
            row.buffer.reset();
            // Later stages come first: the last one is where the pool's work begins.
            if (stage.stage != pressure->stages.back().stage) {
                row.buffer = stage.counts.pending;
            }
            set_marks(policy, row);
            rows.push_back(row);
        }
    }
    return rows;
}

Table pool_table(const std::vector<PoolRow>& rows) {
    Table table({{"POOL", Align::left, true},
                 {"STAGE", Align::left, true, true},
                 {"BUFFER", Align::right, false, true},
                 {"READY", Align::right},
                 {"DELAYED", Align::right, false, true},
                 {"RUNNING", Align::right},
                 {"WAITING", Align::right, false, true},
                 {"DONE", Align::right},
                 {"FAILED", Align::right},
                 {"CANCELLED", Align::right, false, true},
                 {"OLDEST", Align::right, false, true},
                 {"RATE", Align::right},
                 {"WORKERS", Align::right},
                 {"SLOTS", Align::right}});
    for (const PoolRow& row : rows) {
        const model::StagePressure& stage = row.stage;
        table.add({{row.paused ? row.pool + " (paused)" : row.pool,
                    row.paused ? Colour::yellow : Colour::plain},
                   {stage.stage.empty() ? "-" : stage.stage},
                   buffer_cell(row),
                   count_cell(stage.ready, Colour::plain),
                   count_cell(stage.delayed, Colour::plain),
                   count_cell(stage.counts.running, Colour::cyan),
                   count_cell(stage.counts.waiting, Colour::plain),
                   count_cell(stage.counts.done, Colour::green),
                   count_cell(stage.counts.failed, Colour::red),
                   count_cell(stage.counts.cancelled, Colour::plain),
                   {stage.oldest_ready_age ? base::human_duration(*stage.oldest_ready_age) : "-"},
                   {human_rate(stage.completions_per_second)},
                   {std::to_string(row.workers)},
                   {std::to_string(row.busy) + "/" + std::to_string(row.slots)}});
    }
    return table;
}

base::JsonText pool_row_json(const PoolRow& row) {
    const model::StagePressure& stage = row.stage;
    model::JsonObjectWriter json;
    json.text("pool", row.pool);
    json.text("stage", stage.stage);
    json.boolean("paused", row.paused);
    json.integer("pending", stage.counts.pending);
    json.integer("ready", stage.ready);
    json.integer("delayed", stage.delayed);
    json.integer("running", stage.counts.running);
    json.integer("waiting", stage.counts.waiting);
    json.integer("done", stage.counts.done);
    json.integer("failed", stage.counts.failed);
    json.integer("cancelled", stage.counts.cancelled);
    json.integer("in_flight", stage.counts.running + stage.counts.waiting);
    json.integer("terminal", stage.counts.terminal());
    embed_count(json, "buffer", row.buffer);
    embed_count(json, "low_water", row.low_water);
    embed_count(json, "high_water", row.high_water);
    embed_millis(json, "oldest_ready_age_ms", stage.oldest_ready_age);
    json.embed("arrivals_per_second", json_number(stage.arrivals_per_second));
    json.embed("completions_per_second", json_number(stage.completions_per_second));
    embed_millis(json, "service_mean_ms", stage.service_mean);
    embed_millis(json, "service_p95_ms", stage.service_p95);
    json.integer("workers", row.workers);
    json.integer("slots", row.slots);
    json.integer("busy", row.busy);
    return json.finish();
}

std::vector<std::string> pool_hints(const std::vector<PoolRow>& rows) {
    std::vector<std::string> hints;
    std::set<std::string> told;
    bool any = false;
    for (const PoolRow& row : rows) {
        any = any || row.stage.counts.total() > 0;
        const bool has_ready = row.stage.ready > 0;
        if (row.paused && row.stage.counts.pending > 0) {
            if (told.insert(row.pool).second) {
                hints.push_back("pool " + row.pool +
                                " is paused: nothing of it starts; `fleet unpause " + row.pool +
                                "` goes on");
            }
        } else if (has_ready && row.workers == 0 && told.insert(row.pool).second) {
            hints.push_back(
                "work is ready in pool " + row.pool +
                " and no worker serves it; start `scaler`, or go on with the batch of a "
                "`fleet run` by `fleet resume`");
        }
    }
    if (!any) {
        hints.emplace_back("there is no work yet; `fleet run --help` shows how to begin");
    }
    return hints;
}

}  // namespace fleet::cli
