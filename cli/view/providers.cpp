// `fleet providers`: how fast each provider may be called, and whether it may be called at all.
#include "cli/view/providers.hpp"

#include <memory>
#include <utility>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/known_names.hpp"
#include "cli/core/output.hpp"
#include "cli/view/provider_report.hpp"
#include "common/base/errors.hpp"

namespace fleet::cli {
namespace {

constexpr std::size_t kLongestReason = 500;

struct ProviderOptions {
    std::string name;
    std::string open;
    std::string close;
    std::string reason;
    FormatOptions format;
};

void print_json(CommandContext& context, const std::vector<ProviderRow>& rows, Format format) {
    JsonList list(context.out, format);
    for (const ProviderRow& row : rows) {
        list.add(provider_json(row));
    }
    list.finish();
}

void print_one(CommandContext& context, const ProviderRow& row) {
    context.out << context.terminal.paint(printable(row.provider.rules.name), Colour::bold) << "  "
                << context.terminal.paint(circuit_text(row), circuit_colour(row)) << '\n';
    print_facts(context, provider_facts(row));
    print_list(context, "What to do next", provider_hints(std::span(&row, 1)));
}

int list_providers(CommandContext& context, const ProviderOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    const std::vector<ProviderRow> rows = read_provider_rows(*store, context.clock, options.name);
    const Format format = options.format.format();
    if (format != Format::table) {
        print_json(context, rows, format);
    } else if (rows.empty()) {
        context.out << "no provider is known yet: the first call to one makes it known\n";
    } else if (!options.name.empty()) {
        print_one(context, rows.front());
    } else {
        provider_table(rows).print(context.out, context.terminal);
        for (const std::string& hint : provider_hints(rows)) {
            context.out << '\n' << printable(hint) << '\n';
        }
    }
    return kExitDone;
}

void check_change(const ProviderOptions& options) {
    if (!options.name.empty()) {
        throw UsageError("--open and --close take the provider's name themselves",
                         "leave out \"" + options.name + "\" or the other name");
    }
    if (options.open.empty()) {
        return;
    }
    if (options.reason.empty()) {
        throw UsageError("--open needs --reason TEXT",
                         "say why: everybody who waits for the provider is shown it");
    }
    if (options.reason.size() > kLongestReason) {
        throw UsageError("--reason has " + std::to_string(options.reason.size()) + " bytes",
                         "at most " + std::to_string(kLongestReason));
    }
}

int change_circuit(CommandContext& context, const ProviderOptions& options) {
    check_change(options);
    const bool opens = !options.open.empty();
    const std::string& name = opens ? options.open : options.close;
    const auto store = context.open_store(store::Missing::refuse);
    const model::Provider before = require_provider(*store, name);
    const auto state = opens ? model::CircuitState::open : model::CircuitState::closed;
    if (!store->usage().set_circuit(name, state, printable(options.reason))) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               "provider " + name + " has vanished from the store meanwhile");
    }
    const Format format = options.format.format();
    if (format != Format::table) {
        print_json(context, read_provider_rows(*store, context.clock, name), format);
    } else if (opens) {
        context.out << "the circuit of provider " << printable(name)
                    << " is open until a person closes it; what has begun goes on, nothing new "
                       "begins; `fleet providers --close "
                    << name << "` ends it\n";
    } else if (before.circuit.state == model::CircuitState::closed) {
        context.out << "the circuit of provider " << printable(name) << " was closed already\n";
    } else {
        context.out << "the circuit of provider " << printable(name)
                    << " is closed: it is called again. It was open because "
                    << printable(before.circuit.reason) << '\n';
    }
    return kExitDone;
}

int run_providers(CommandContext& context, const ProviderOptions& options) {
    if (!options.open.empty() || !options.close.empty()) {
        return change_circuit(context, options);
    }
    if (!options.reason.empty()) {
        throw UsageError("--reason belongs to --open");
    }
    return list_providers(context, options);
}

}  // namespace

std::vector<ProviderRow> read_provider_rows(contracts::Store& store, const base::Clock& clock,
                                            const std::string& name) {
    std::vector<model::Provider> providers;
    if (name.empty()) {
        providers = store.usage().providers();
    } else {
        providers.push_back(require_provider(store, name));
    }
    const pace::Moment moment{store.now(), clock.wall_now()};
    std::vector<ProviderRow> rows;
    rows.reserve(providers.size());
    for (const model::Provider& provider : providers) {
        rows.push_back(provider_row(provider, moment));
    }
    return rows;
}

void add_providers_command(Commands& commands) {
    CLI::App& app = commands.add(
        "providers", Group::seeing, "how fast each provider may be called, and whether it may",
        {.description =
             "One line a provider; with a name, all that is known of it and why it has its "
             "pace.\n"
             "429 10S and 429 60S are the shares of the calls of the last 10 and 60 seconds\n"
             "that it refused; CALLS, 429S, ERRORS and LATENCY are of the last 60 seconds.\n"
             "USED/HELD/LEFT is each budget of its day, RESET when that ends. A provider that\n"
             "WAITS is not called before. Times are UTC.\n"
             "\n"
             "--open stops new calls until --close, for a person who knows better: calls under\n"
             "way end, executions that need the provider wait. --close also ends a circuit\n"
             "that opened by itself, as after a refused key or an empty account.",
         .examples = "  fleet providers\n"
                     "  fleet providers openai/gpt-4o\n"
                     "  fleet providers --jsonl | jq 'select(.refused_share_60s > 0.01)'\n"
                     "  fleet providers --open openai/gpt-4o --reason 'invoice is disputed'\n"
                     "  fleet providers --close openai/gpt-4o\n"});
    const auto options = std::make_shared<ProviderOptions>();
    app.add_option("PROVIDER", options->name, "only this one, in full");
    CLI::Option* open =
        app.add_option("--open", options->open, "have this provider not called any more")
            ->type_name("PROVIDER");
    app.add_option("--close", options->close, "have it called again")
        ->type_name("PROVIDER")
        ->excludes(open);
    app.add_option("--reason", options->reason, "why it is opened")->type_name("TEXT");
    add_format_options(app, options->format);
    commands.on(app,
                [options](CommandContext& context) { return run_providers(context, *options); });
}

}  // namespace fleet::cli
