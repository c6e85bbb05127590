#include <memory>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/output.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

int check(CommandContext& context, const FormatOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    const std::vector<contracts::CheckFinding> findings = store->check();
    bool good = true;
    Table table({{"STATE"}, {"WHAT"}, {"DETAIL"}});
    for (const contracts::CheckFinding& finding : findings) {
        good = good && finding.ok;
        table.add({{finding.ok ? "ok" : "BAD", finding.ok ? Colour::green : Colour::red},
                   {finding.what},
                   {finding.detail}});
    }
    const Format format = options.format();
    if (format == Format::table) {
        table.print(context.out, context.terminal);
        context.out << (good ? "\nall is well with " : "\nsomething is wrong with ")
                    << store->url().text_without_secrets() << '\n';
        return good ? kExitDone : kExitError;
    }
    JsonList list(context.out, format);
    for (const contracts::CheckFinding& finding : findings) {
        model::JsonObjectWriter json;
        json.boolean("ok", finding.ok);
        json.text("what", finding.what);
        json.text("detail", finding.detail);
        list.add(json.finish());
    }
    list.finish();
    return good ? kExitDone : kExitError;
}

}  // namespace

void add_check_command(Commands& commands) {
    CLI::App& app = commands.add(
        "check", Group::care, "looks for damage and leftovers in the store",
        {.description =
             "Integrity of the file, leases without a living owner, counters against rows,\n"
             "the size of the write-ahead log, the clock, free disk space. It changes\n"
             "nothing and may be run at any time.",
         .examples = "  fleet check\n"
                     "  fleet check --jsonl | jq 'select(.ok | not)'\n",
         .exit_codes = "  0  all is well\n  1  something is wrong, or an error\n  2  bad usage\n"});
    const auto options = std::make_shared<FormatOptions>();
    add_format_options(app, *options);
    commands.on(app, [options](CommandContext& context) { return check(context, *options); });
}

}  // namespace fleet::cli
