// `fleet result` and `fleet results`: what executions have produced.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/find_execution.hpp"
#include "cli/core/known_names.hpp"
#include "cli/work/results_writer.hpp"
#include "common/base/errors.hpp"
#include "common/base/nearest.hpp"
#include "common/base/portable_json.hpp"

namespace fleet::cli {
namespace {

struct ResultsOptions {
    std::string batch;
    std::vector<std::string> statuses;
    std::string output;
    bool children = false;
};

const Help kResultHelp{
    .description =
        "Prints the output of one execution as JSON. Of a command that is its exit\n"
        "code, the end of what it printed, and the paths of the whole.",
    .examples =
        "  fleet result last\n"
        "  fleet result 0192f3a4 | jq -r .stdout\n",
    .exit_codes =
        "  0    it is done\n"
        "  1    it is not finished yet, or an error\n"
        "  2    bad usage\n"
        "  3    it failed or was cancelled\n",
};

const Help kResultsHelp{
    .description =
        "Prints one JSON object per line for each execution that has ended: id, status,\n"
        "input, output, error; in the order in which they were submitted. Children of\n"
        "other executions are left out: their results went to their parents.",
    .examples =
        "  fleet results --batch nightly --output results.jsonl\n"
        "  fleet results --batch nightly --status failed | jq -r .error.message\n",
};

int result(CommandContext& context, const std::string& typed) {
    const auto store = context.open_store(store::Missing::refuse);
    const model::Execution execution = find_execution(*store, typed);
    const std::string id = execution.id.text();
    if (execution.status == model::Status::done) {
        context.out << (execution.output.empty() ? "null" : base::portable_json(execution.output))
                    << std::endl;
        return kExitDone;
    }
    if (!model::is_terminal(execution.status)) {
        throw base::ConfigError("execution " + id + " has no result yet, it is " +
                                    std::string(to_text(execution.status)),
                                "`fleet wait " + id + "` waits for it");
    }
    context.err << "execution " << id << " is " << to_text(execution.status);
    if (execution.error) {
        context.err << " (" << to_text(execution.error->kind)
                    << "): " << printable(execution.error->message);
    }
    context.err << "; see `fleet why " << id << "`" << std::endl;
    return kExitSomeFailed;
}

std::vector<model::Status> parse_statuses(const std::vector<std::string>& names) {
    if (names.empty()) {
        return {model::Status::done, model::Status::failed, model::Status::cancelled};
    }
    static const std::vector<std::string> kKnown{"pending", "running", "waiting",
                                                 "done",    "failed",  "cancelled"};
    std::vector<model::Status> statuses;
    for (const std::string& name : names) {
        const auto status = model::parse_status(name);
        if (!status) {
            const auto nearest = base::nearest_name(name, kKnown);
            throw UsageError("\"" + name + "\" is not a status",
                             nearest ? "did you mean " + *nearest + "?"
                                     : "known are pending, running, waiting, done, failed and "
                                       "cancelled");
        }
        statuses.push_back(*status);
    }
    return statuses;
}

int results(CommandContext& context, const ResultsOptions& options) {
    contracts::ExecutionFilter filter;
    filter.statuses = parse_statuses(options.statuses);
    filter.roots_only = !options.children;
    const auto store = context.open_store(store::Missing::refuse);
    if (!options.batch.empty()) {
        filter.batch = require_batch(*store, options.batch).name;
    }
    if (options.output.empty() || options.output == "-") {
        write_results(store->work(), filter, context.out);
        context.out << std::flush;
    } else {
        const auto file = (context.directory / options.output).lexically_normal();
        check_output_file(file);
        write_results_file(store->work(), filter, file);
    }
    return kExitDone;
}

}  // namespace

void add_result_commands(Commands& commands) {
    CLI::App& one =
        commands.add("result", Group::work, "prints the output of one execution", kResultHelp);
    auto id = std::make_shared<std::string>();
    one.add_option("ID", *id, "the execution")->required();
    commands.on(one, [id](CommandContext& context) { return result(context, *id); });

    CLI::App& many =
        commands.add("results", Group::work, "prints results as JSON lines", kResultsHelp);
    auto options = std::make_shared<ResultsOptions>();
    many.add_option("--batch", options->batch, "of this batch only")->type_name("NAME");
    many.add_option("--status", options->statuses, "only these (default: done,failed,cancelled)")
        ->type_name("STATUS")
        ->delimiter(',');
    many.add_flag("--children", options->children, "results of children as well");
    many.add_option("--output", options->output, "write to this file instead")->type_name("FILE");
    commands.on(many, [options](CommandContext& context) { return results(context, *options); });
}

}  // namespace fleet::cli
