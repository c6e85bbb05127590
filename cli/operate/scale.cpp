// `fleet scale`: a pool's limits.
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/duration.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "cli/operate/stage_option.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

struct ScaleOptions {
    std::string pool;
    std::optional<int> min_workers;
    std::string max_workers;
    std::string slots;
    std::string drain_target;
    std::vector<std::string> stages;
    bool create = false;
    FormatOptions format;

    [[nodiscard]] bool changes() const {
        return create || min_workers || !max_workers.empty() || !slots.empty() ||
               !drain_target.empty() || !stages.empty();
    }
};

/// A number, or nullopt for "auto".
std::optional<int> number_or_auto(const std::string& text, const std::string& option, int least) {
    if (text == "auto") {
        return std::nullopt;
    }
    constexpr int kMost = 100'000;
    int value = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end || value < least || value > kMost) {
        throw UsageError(option + ": \"" + text + "\" is not a number from " +
                             std::to_string(least) + " to " + std::to_string(kMost),
                         "write a number, or auto");
    }
    return value;
}

void apply(const ScaleOptions& options, model::PoolPolicy& policy) {
    if (options.min_workers) {
        if (*options.min_workers < 0) {
            throw UsageError("--min: a pool cannot have fewer than 0 workers");
        }
        policy.min_workers = *options.min_workers;
    }
    if (!options.max_workers.empty()) {
        policy.max_workers = number_or_auto(options.max_workers, "--max", 0);
    }
    if (policy.max_workers && policy.min_workers > *policy.max_workers) {
        throw UsageError("the least number of workers (" + std::to_string(policy.min_workers) +
                             ") would be above the most (" + std::to_string(*policy.max_workers) +
                             ")",
                         "give both --min and --max");
    }
    if (!options.slots.empty()) {
        policy.slots_per_worker = number_or_auto(options.slots, "--slots", 1).value_or(0);
    }
    for (const std::string& stage : options.stages) {
        apply_stage_option(stage, policy.stages);
    }
    if (options.drain_target == "none") {
        policy.drain_target.reset();
    } else if (!options.drain_target.empty()) {
        policy.drain_target = parse_duration(options.drain_target, "--drain-target");
    }
}

base::JsonText stages_json(const model::PoolPolicy& policy) {
    std::string text = "[";
    for (const model::StagePolicy& stage : policy.stages) {
        model::JsonObjectWriter json;
        json.text("stage", stage.stage);
        json.integer("rank", stage.rank);
        for (const auto& [name, water] :
             {std::pair{"low_water", stage.low_water}, {"high_water", stage.high_water}}) {
            if (water) {
                json.integer(name, *water);
            } else {
                json.null(name);
            }
        }
        if (!stage.provider.empty()) {
            json.text("provider", stage.provider);
        }
        text += (text.size() > 1 ? "," : "") + json.finish();
    }
    return text + "]";
}

base::JsonText policy_json(const model::PoolPolicy& policy) {
    model::JsonObjectWriter json;
    json.text("pool", policy.pool);
    json.integer("min_workers", policy.min_workers);
    if (policy.max_workers) {
        json.integer("max_workers", *policy.max_workers);
    } else {
        json.null("max_workers");
    }
    json.integer("slots_per_worker", policy.slots_per_worker);
    if (policy.drain_target) {
        json.integer("drain_target_ms", policy.drain_target->count());
    } else {
        json.null("drain_target_ms");
    }
    json.integer("max_wait_ms", policy.max_wait.count());
    json.integer("stabilization_ms", policy.stabilization.count());
    json.embed("stages", stages_json(policy));
    json.boolean("paused", policy.paused);
    json.integer("version", policy.version);
    return json.finish();
}

void print_policies(CommandContext& context, const std::vector<model::PoolPolicy>& policies,
                    Format format) {
    if (format != Format::table) {
        JsonList list(context.out, format);
        for (const model::PoolPolicy& policy : policies) {
            list.add(policy_json(policy));
        }
        list.finish();
        return;
    }
    Table table({{"POOL", Align::left, true},
                 {"MIN", Align::right},
                 {"MAX", Align::right},
                 {"SLOTS", Align::right},
                 {"DRAIN TARGET", Align::right},
                 {"STATE"}});
    for (const model::PoolPolicy& policy : policies) {
        table.add(
            {{policy.pool},
             {std::to_string(policy.min_workers)},
             {policy.max_workers ? std::to_string(*policy.max_workers) : "auto"},
             {policy.slots_per_worker > 0 ? std::to_string(policy.slots_per_worker) : "auto"},
             {policy.drain_target ? base::human_duration(*policy.drain_target) : "none"},
             {policy.paused ? "paused" : "open", policy.paused ? Colour::yellow : Colour::plain}});
    }
    table.print(context.out, context.terminal);
    for (const model::PoolPolicy& policy : policies) {
        for (const model::StagePolicy& stage : policy.stages) {
            context.out << policy.pool << ", stage " << printable(stage.stage) << ": "
                        << describe_stage(stage) << '\n';
        }
    }
}

model::PoolPolicy current_policy(contracts::Store& store, const ScaleOptions& options) {
    if (options.create) {
        if (store.scaling().pool(options.pool)) {
            throw base::ConfigError("creating pool \"" + options.pool + "\": it is there already",
                                    "change it by the same command without --create");
        }
        model::PoolPolicy policy;
        policy.pool = options.pool;
        return policy;
    }
    return require_pool(store, options.pool);
}

int scale(CommandContext& context, const ScaleOptions& options) {
    if (options.pool.empty() && options.changes()) {
        throw UsageError("which pool is meant?", "name it: fleet scale POOL ...");
    }
    const auto store =
        context.open_store(options.create ? store::Missing::create : store::Missing::refuse);
    if (options.pool.empty()) {
        print_policies(context, store->scaling().pools(), options.format.format());
        return kExitDone;
    }
    model::PoolPolicy policy = current_policy(*store, options);
    if (options.changes()) {
        apply(options, policy);
        policy.version = store->scaling().put_pool(policy);
        store->triggers().notify(contracts::scaler_topic());
    }
    print_policies(context, {policy}, options.format.format());
    return kExitDone;
}

}  // namespace

void add_scale_command(Commands& commands) {
    CLI::App& app = commands.add(
        "scale", Group::running, "shows or changes how many workers a pool may have",
        {.description =
             "Without options it shows a pool's limits, or those of all pools; with options it\n"
             "changes what they name and leaves the rest. Scalers follow at once. MAX auto is the\n"
             "number of cores of a host; SLOTS auto is 4, for commands as many as keep slots x\n"
             "workers within the cores. The drain target is the time in which the backlog should "
             "be\n"
             "gone: without one, as fast as the box allows.\n"
             "\n"
             "Stages: those with a larger rank are claimed first, so that what is begun ends.\n"
             "While fewer than LOW executions are pending in a stage, the stage before it is\n"
             "claimed first instead; with HIGH or more it is not claimed at all. PROVIDER is\n"
             "the provider/model that the stage's executions call.\n"
             "\n"
             "What fleet.yml names (`fleet apply`) is set again whenever that is applied.",
         .examples =
             "  fleet scale\n"
             "  fleet scale default --min 1 --max 8\n"
             "  fleet scale gpu --create --max 2 --slots 1\n"
             "  fleet scale default --max auto --drain-target 2h\n"
             "  fleet scale default --stage plan:rank=0 --stage write:rank=1,low=4,high=40\n"});
    const auto options = std::make_shared<ScaleOptions>();
    app.add_option("POOL", options->pool, "the pool (default: show all of them)");
    app.add_option("--min", options->min_workers, "keep at least so many workers")->type_name("N");
    app.add_option("--max", options->max_workers, "never more workers than this, or auto")
        ->type_name("N");
    app.add_option("--slots", options->slots, "executions that one worker runs at once, or auto")
        ->type_name("N");
    app.add_option("--drain-target", options->drain_target,
                   "have the backlog done within this time, or none")
        ->type_name("DURATION");
    app.add_option("--stage", options->stages, "a stage's place and marks; may be repeated")
        ->type_name("NAME:rank=N,low=N,high=N,provider=NAME")
        ->allow_extra_args(false);
    app.add_flag("--create", options->create, "make the pool, which must not be there");
    add_format_options(app, options->format);
    commands.on(app, [options](CommandContext& context) { return scale(context, *options); });
}

}  // namespace fleet::cli
