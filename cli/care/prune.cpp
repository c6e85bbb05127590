#include <memory>
#include <optional>
#include <string>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/duration.hpp"
#include "cli/core/interrupts.hpp"
#include "cli/core/output.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

struct PruneOptions {
    std::string older_than = "7d";
    std::string keep = "failed";
    bool json = false;
};

contracts::PruneRequest request_of(const PruneOptions& options) {
    contracts::PruneRequest request;
    request.older_than = parse_duration(options.older_than, "--older-than");
    if (options.keep == "failed") {
        request.keep_failed = true;
        request.keep_done = false;
    } else if (options.keep == "all") {
        request.keep_failed = true;
        request.keep_done = true;
    } else if (options.keep == "none") {
        request.keep_failed = false;
        request.keep_done = false;
    } else {
        throw UsageError("--keep: \"" + options.keep + "\" is not known",
                         "write failed, all or none");
    }
    return request;
}

void add_up(contracts::PruneResult& total, const contracts::PruneResult& part) {
    total.executions += part.executions;
    total.checkpoints += part.checkpoints;
    total.decisions += part.decisions;
    total.registrations += part.registrations;
    total.result_files += part.result_files;
    total.more = part.more;
}

std::string summary(const contracts::PruneResult& total) {
    return with_commas(total.executions) + " executions, " + with_commas(total.checkpoints) +
           " checkpoints, " + with_commas(total.decisions) + " decisions, " +
           with_commas(total.registrations) + " registrations, " + with_commas(total.result_files) +
           " result files";
}

base::JsonText result_json(const contracts::PruneResult& total) {
    model::JsonObjectWriter json;
    json.integer("executions", total.executions);
    json.integer("checkpoints", total.checkpoints);
    json.integer("decisions", total.decisions);
    json.integer("registrations", total.registrations);
    json.integer("result_files", total.result_files);
    json.boolean("more", total.more);
    return json.finish();
}

int prune(CommandContext& context, const PruneOptions& options) {
    const contracts::PruneRequest request = request_of(options);
    Interrupts interrupts;
    const auto store = context.open_store(store::Missing::refuse);
    contracts::PruneResult total;
    bool interrupted = false;
    std::optional<LiveBlock> progress;
    if (context.terminal.err_is_terminal()) {
        progress.emplace(context.err, context.terminal);
    }
    do {
        add_up(total, store->prune(request));
        if (progress && total.more) {
            progress->show({"removed " + summary(total)});
        }
        interrupted = interrupts.take() != 0;
    } while (total.more && !interrupted);
    if (progress) {
        progress->clear();
        progress.reset();
    }
    if (options.json) {
        context.out << result_json(total) << '\n';
    } else {
        context.out << "removed " << summary(total) << '\n';
    }
    if (interrupted && total.more) {
        context.err << "fleet: interrupted; what was removed is gone, the same command goes on"
                    << std::endl;
        return kExitInterrupted;
    }
    return kExitDone;
}

}  // namespace

void add_prune_command(Commands& commands) {
    CLI::App& app = commands.add(
        "prune", Group::care, "removes what ended long ago",
        {.description =
             "Ended executions with their attempts, checkpoints and results, and besides them old\n"
             "decisions, ended registrations and result files that nothing refers to. --keep "
             "failed\n"
             "(the default) leaves the failed executions, all leaves every execution, none leaves\n"
             "neither. What something unfinished still needs stays. It works in small steps, so "
             "it\n"
             "may run beside a busy fleet, and may be interrupted.",
         .examples = "  fleet prune\n"
                     "  fleet prune --older-than 12h --keep none\n",
         .exit_codes = "  0    done\n  1    an error, told on standard error\n  2    bad usage\n"
                       "  130  interrupted\n"});
    const auto options = std::make_shared<PruneOptions>();
    app.add_option("--older-than", options->older_than, "what ended so long ago (default 7d)")
        ->type_name("DURATION");
    app.add_option("--keep", options->keep, "failed, all or none (default failed)")
        ->type_name("WHAT");
    app.add_flag("--json,--jsonl", options->json, "print one JSON object on one line");
    commands.on(app, [options](CommandContext& context) { return prune(context, *options); });
}

}  // namespace fleet::cli
