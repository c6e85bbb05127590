// `fleet pause` and `fleet unpause`: whether a pool's work may start.
#include <memory>
#include <string>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/known_names.hpp"

namespace fleet::cli {
namespace {

int set_paused(CommandContext& context, const std::string& name, bool paused) {
    const auto store = context.open_store(store::Missing::refuse);
    const model::PoolPolicy before = require_pool(*store, name);
    store->scaling().set_paused(name, paused);
    store->triggers().notify(contracts::scaler_topic());
    if (before.paused == paused) {
        context.out << "pool " << name << (paused ? " was paused already\n" : " was not paused\n");
    } else if (paused) {
        context.out << "pool " << name
                    << " is paused: what runs goes on, nothing new starts; `fleet "
                    << "unpause " << name << "` ends it\n";
    } else {
        context.out << "pool " << name << " goes on\n";
    }
    return kExitDone;
}

}  // namespace

void add_pause_commands(Commands& commands) {
    CLI::App& pause = commands.add(
        "pause", Group::running, "lets nothing new of a pool start",
        {.description =
             "What is running goes on to its end; workers stay. Submitting is still allowed.",
         .examples = "  fleet pause default\n"});
    const auto paused_pool = std::make_shared<std::string>();
    pause.add_option("POOL", *paused_pool, "the pool")->required();
    commands.on(pause, [paused_pool](CommandContext& context) {
        return set_paused(context, *paused_pool, true);
    });

    CLI::App& unpause = commands.add(
        "unpause", Group::running, "lets a paused pool go on",
        {.description = "Its workers are woken at once.", .examples = "  fleet unpause default\n"});
    const auto open_pool = std::make_shared<std::string>();
    unpause.add_option("POOL", *open_pool, "the pool")->required();
    commands.on(unpause, [open_pool](CommandContext& context) {
        return set_paused(context, *open_pool, false);
    });
}

}  // namespace fleet::cli
