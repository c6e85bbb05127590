#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/duration.hpp"
#include "cli/core/interrupts.hpp"
#include "cli/core/known_names.hpp"
#include "cli/view/pool_rows.hpp"
#include "cli/view/provider_report.hpp"
#include "cli/view/providers.hpp"
#include "cli/view/worker_rows.hpp"

namespace fleet::cli {
namespace {

struct TopOptions {
    std::string pool;
    std::string interval = "1s";
    bool once = false;
};

void add_block(std::vector<std::string>& lines, const std::vector<std::string>& block) {
    lines.emplace_back();
    lines.insert(lines.end(), block.begin(), block.end());
}

std::vector<std::string> screen(contracts::Store& store, const CommandContext& context,
                                const std::string& pool) {
    const Terminal& terminal = context.terminal;
    const std::vector<PoolRow> rows = collect_pool_rows(store, pool);
    std::vector<std::string> lines = pool_table(rows).lines(terminal);
    const std::vector<ProviderRow> providers = read_provider_rows(store, context.clock);
    if (!providers.empty()) {
        add_block(lines, provider_table(providers).lines(terminal));
    }
    contracts::WorkerFilter live;
    live.kind = model::WorkerKind::worker;
    live.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating};
    live.pool = pool;
    std::vector<model::WorkerRecord> workers = store.registration().list(live);
    if (workers.empty()) {
        add_block(lines, {"no workers"});
    } else {
        add_block(lines, worker_table(std::move(workers)).lines(terminal));
    }
    std::vector<std::string> hints = pool_hints(rows);
    for (std::string& hint : provider_hints(providers)) {
        hints.push_back(std::move(hint));
    }
    for (const std::string& hint : hints) {
        add_block(lines, {terminal.paint(printable(hint), Colour::yellow)});
    }
    return lines;
}

/// The key `q`, Escape or Ctrl-D.
bool wants_to_quit(Keyboard& keyboard) {
    constexpr char kEscape = 27;
    constexpr char kEnd = 4;
    bool quit = false;
    while (const std::optional<char> key = keyboard.key()) {
        quit = quit || *key == 'q' || *key == 'Q' || *key == kEscape || *key == kEnd;
    }
    return quit;
}

int watch(CommandContext& context, contracts::Store& store, const TopOptions& options,
          base::Millis interval, Interrupts& interrupts) {
    Keyboard keyboard(context.terminal);
    LiveBlock block(context.out, context.terminal);
    const std::string title =
        context.terminal.paint("fleet top", Colour::bold) + "  " +
        store.url().text_without_secrets() + "  " +
        context.terminal.paint(keyboard.fd() >= 0 ? "q quits" : "Ctrl-C quits", Colour::dim);
    for (;;) {
        std::vector<std::string> lines{title, ""};
        const std::vector<std::string> body = screen(store, context, options.pool);
        lines.insert(lines.end(), body.begin(), body.end());
        block.show(lines);
        if (interrupts.wait(interval, keyboard.fd()) != 0 || wants_to_quit(keyboard)) {
            return kExitDone;
        }
    }
}

int top(CommandContext& context, const TopOptions& options) {
    const base::Millis interval = parse_duration(options.interval, "--interval");
    constexpr base::Millis kLeast{100};
    if (interval < kLeast) {
        throw UsageError("--interval: at least 100ms");
    }
    // Before the store, which has threads.
    std::optional<Interrupts> interrupts;
    if (!options.once && context.terminal.out_is_terminal()) {
        interrupts.emplace();
    }
    const auto store = context.open_store(store::Missing::refuse);
    if (!options.pool.empty()) {
        require_pool(*store, options.pool);
    }
    if (interrupts) {
        return watch(context, *store, options, interval, *interrupts);
    }
    for (const std::string& line : screen(*store, context, options.pool)) {
        context.out << line << '\n';
    }
    return kExitDone;
}

}  // namespace

void add_top_command(Commands& commands) {
    CLI::App& app = commands.add(
        "top", Group::seeing, "pools, providers and workers, live, in the terminal",
        {.description =
             "What `fleet status`, `fleet providers` and `fleet workers --live` show, drawn again\n"
             "every second; q or Ctrl-C ends it. Where standard output is not a terminal it prints "
             "once.",
         .examples = "  fleet top\n"
                     "  fleet top --pool gpu --interval 5s\n"
                     "  fleet top --once\n"});
    const auto options = std::make_shared<TopOptions>();
    app.add_option("--pool", options->pool, "only this pool")->type_name("POOL");
    app.add_option("--interval", options->interval, "time between two looks (default 1s)")
        ->type_name("DURATION");
    app.add_flag("--once", options->once, "print once and end");
    commands.on(app, [options](CommandContext& context) { return top(context, *options); });
}

}  // namespace fleet::cli
