// `fleet why`: the story of one execution.
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/view/case_file.hpp"
#include "cli/view/record.hpp"
#include "cli/view/story.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

struct WhyOptions {
    std::string id;
    bool json = false;
};

base::JsonText strings_json(const std::vector<std::string>& strings) {
    std::string json = "[";
    for (const std::string& text : strings) {
        json += json.size() > 1 ? "," : "";
        model::append_json_string(json, text);
    }
    return json + "]";
}

base::JsonText story_json(const CaseFile& file, const Story& story) {
    std::string next = "[";
    for (const Advice& advice : story.next) {
        model::JsonObjectWriter step;
        step.text("why", advice.why);
        step.text("command", advice.command);
        next += (next.size() > 1 ? "," : "") + step.finish();
    }
    model::JsonObjectWriter json;
    json.text("headline", story.headline);
    json.embed("history", strings_json(story.history));
    json.embed("waits_for", strings_json(story.waits));
    json.embed("next", next + "]");
    return joined_json(record_json(file), json.finish());
}

int why(CommandContext& context, const WhyOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    const CaseFile file = read_case_file(*store, options.id, context.clock.wall_now());
    const Story story = tell_story(file);
    if (options.json) {
        context.out << story_json(file, story) << '\n';
        return kExitDone;
    }
    print_title(context, file, story.headline);
    print_facts(context, common_facts(file));
    print_attempts(context, file);
    print_list(context, "What else happened", story.history);
    print_list(context, model::is_terminal(file.execution.status) ? "Note" : "What it waits for",
               story.waits);
    std::vector<std::string> next;
    for (const Advice& advice : story.next) {
        next.push_back(advice.why);
        if (!advice.command.empty()) {
            next.push_back("    " + advice.command);
        }
    }
    print_list(context, "What to do next", next);
    return kExitDone;
}

}  // namespace

void add_why_command(Commands& commands) {
    CLI::App& app = commands.add(
        "why", Group::seeing, "the story of one execution, and what to do next",
        {.description =
             "What happened to it: attempts with exit codes or signals, durations, memory, the "
             "last\n"
             "words on standard error and the log files; take-overs and hand-backs; what it waits\n"
             "for; and what you can do about it, with the command to type. ID is as in\n"
             "`fleet show`.",
         .examples = "  fleet why last\n"
                     "  fleet why $(fleet ps --status failed --limit 1 --jsonl | jq -r .id)\n"
                     "  fleet why 20261121-075030-abcd#12 --json\n"});
    const auto options = std::make_shared<WhyOptions>();
    app.add_option("ID", options->id, "an id, its beginning, `last`, or BATCH#N")->required();
    app.add_flag("--json,--jsonl", options->json, "print one JSON object on one line");
    commands.on(app, [options](CommandContext& context) { return why(context, *options); });
}

}  // namespace fleet::cli
