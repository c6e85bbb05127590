// `fleet show` (the record) and `fleet why` (the story) of one execution.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/output.hpp"
#include "cli/view/attempt_lines.hpp"
#include "cli/view/case_file.hpp"
#include "cli/view/describe.hpp"
#include "cli/view/story.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

struct ShowOptions {
    std::string id;
    bool json = false;
};

using Facts = std::vector<std::pair<std::string, std::string>>;

void add_work(const CaseFile& file, Facts& facts) {
    if (!file.spec) {
        return;
    }
    facts.emplace_back("work", describe_work(*file.spec));
    if (!file.spec->directory.empty()) {
        facts.emplace_back("directory", file.spec->directory);
    }
    if (file.spec->timeout) {
        facts.emplace_back("time limit", base::human_duration(*file.spec->timeout));
    }
}

std::string place_text(const model::Execution& execution) {
    return execution.pool + (execution.stage.empty() ? "" : ", stage " + execution.stage) +
           (execution.priority != 0 ? ", priority " + std::to_string(execution.priority) : "");
}

std::string batch_text(const model::Execution& execution) {
    const std::string item =
        execution.item_number > 0 ? " item " + std::to_string(execution.item_number) : "";
    return execution.batch.empty() ? "-" : execution.batch + item;
}

std::string owner_text(const CaseFile& file) {
    const std::string& id = file.execution.worker_id;
    if (!file.owner) {
        return id + " (its registration is gone)";
    }
    return id + " (" + std::string(model::to_text(file.owner->status)) + ", host " +
           file.owner->host + ", pid " + std::to_string(file.owner->process.pid) + ", heard of " +
           base::human_duration(file.owner->heartbeat_age) + " ago)";
}

Facts common_facts(const CaseFile& file) {
    const model::Execution& execution = file.execution;
    Facts facts;
    add_work(file, facts);
    facts.emplace_back("input", describe_input(execution.input));
    facts.emplace_back("batch", batch_text(execution));
    facts.emplace_back("pool", place_text(execution));
    facts.emplace_back("created", describe_instant(execution.created_at, file.now));
    if (execution.started_at) {
        facts.emplace_back("last begun", describe_instant(*execution.started_at, file.now));
    }
    if (execution.finished_at) {
        facts.emplace_back("ended", describe_instant(*execution.finished_at, file.now));
    }
    if (!execution.worker_id.empty()) {
        facts.emplace_back("worker", owner_text(file));
    }
    return facts;
}

Facts record_facts(const CaseFile& file) {
    const model::Execution& execution = file.execution;
    const model::Counters& counters = execution.counters;
    Facts facts = common_facts(file);
    facts.emplace_back("attempts", std::to_string(counters.attempt));
    facts.emplace_back("failures", std::to_string(counters.failures) + " of " +
                                       std::to_string(execution.max_attempts) + " allowed");
    facts.emplace_back("counters", "transient " + std::to_string(counters.transient) +
                                       ", rate limited " + std::to_string(counters.rate_limited) +
                                       ", lost workers " + std::to_string(counters.lost_worker) +
                                       ", takeovers " + std::to_string(counters.takeovers) +
                                       ", releases " + std::to_string(counters.releases));
    if (execution.due_in) {
        facts.emplace_back("due in", base::human_duration(*execution.due_in));
    }
    if (!execution.channel.empty()) {
        facts.emplace_back("waits for", "channel " + execution.channel);
    }
    if (!execution.unique_key.empty()) {
        facts.emplace_back("unique key", execution.unique_key);
    }
    if (execution.cancel_requested) {
        facts.emplace_back("cancelling", "asked for");
    }
    if (!execution.output.empty()) {
        facts.emplace_back("output", describe_input(execution.output));
    }
    if (execution.error) {
        facts.emplace_back("last error", std::string(model::to_text(execution.error->kind)) + ": " +
                                             execution.error->message);
        if (!execution.error->evidence.empty()) {
            facts.emplace_back("evidence", execution.error->evidence);
        }
    }
    return facts;
}

void print_facts(CommandContext& context, const Facts& facts) {
    constexpr std::size_t kNameWidth = 12;
    for (const auto& [name, value] : facts) {
        std::string padded = name;
        padded.resize(std::max(kNameWidth, name.size() + 1), ' ');
        context.out << "  " << context.terminal.paint(padded, Colour::dim) << printable(value)
                    << '\n';
    }
}

void print_attempts(CommandContext& context, const CaseFile& file) {
    if (file.attempts.empty()) {
        return;
    }
    context.out << '\n' << context.terminal.paint("Attempts", Colour::bold) << '\n';
    for (const model::Attempt& attempt : file.attempts) {
        const bool running = attempt.number == file.running_attempt;
        for (const std::string& line :
             attempt_lines(attempt, running, file.now, context.terminal)) {
            context.out << line << '\n';
        }
    }
}

void print_title(CommandContext& context, const CaseFile& file, const std::string& headline) {
    context.out << context.terminal.paint(file.execution.id.text(), Colour::bold) << "  "
                << context.terminal.paint(printable(headline), colour_of(file.execution.status))
                << '\n';
}

base::JsonText attempts_json(const CaseFile& file) {
    std::string json = "[";
    for (const model::Attempt& attempt : file.attempts) {
        json += (json.size() > 1 ? "," : "") + model::to_json_text(attempt);
    }
    return json + "]";
}

base::JsonText counters_json(const model::Counters& counters) {
    model::JsonObjectWriter json;
    json.integer("attempt", counters.attempt);
    json.integer("failures", counters.failures);
    json.integer("transient", counters.transient);
    json.integer("rate_limited", counters.rate_limited);
    json.integer("lost_worker", counters.lost_worker);
    json.integer("takeovers", counters.takeovers);
    json.integer("releases", counters.releases);
    return json.finish();
}

/// The keys of an execution as everywhere, and after them what only this command tells.
base::JsonText record_json(const CaseFile& file) {
    const model::Execution& execution = file.execution;
    model::JsonObjectWriter more;
    more.integer("item_number", execution.item_number);
    more.integer("max_attempts", execution.max_attempts);
    more.embed("counters", counters_json(execution.counters));
    if (execution.due_in) {
        more.integer("due_in_ms", execution.due_in->count());
    } else {
        more.null("due_in_ms");
    }
    more.text("channel", execution.channel);
    more.text("unique_key", execution.unique_key);
    more.boolean("cancel_requested", execution.cancel_requested);
    more.boolean("poisoned", execution.poisoned);
    more.embed("spec", file.spec ? model::to_json_text(*file.spec) : base::JsonText());
    more.embed("attempts", attempts_json(file));
    std::string json = model::to_json_text(execution);
    json.back() = ',';
    return json + more.finish().substr(1);
}

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
    std::string text = record_json(file);
    text.back() = ',';
    return text + json.finish().substr(1);
}

void print_list(CommandContext& context, const std::string& title,
                const std::vector<std::string>& lines) {
    if (lines.empty()) {
        return;
    }
    context.out << '\n' << context.terminal.paint(title, Colour::bold) << '\n';
    for (const std::string& line : lines) {
        context.out << "  " << printable(line) << '\n';
    }
}

int show(CommandContext& context, const ShowOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    const CaseFile file = read_case_file(*store, options.id);
    if (options.json) {
        context.out << record_json(file) << '\n';
        return kExitDone;
    }
    print_title(context, file, std::string(model::to_text(file.execution.status)));
    print_facts(context, record_facts(file));
    print_attempts(context, file);
    return kExitDone;
}

int why(CommandContext& context, const ShowOptions& options) {
    const auto store = context.open_store(store::Missing::refuse);
    const CaseFile file = read_case_file(*store, options.id);
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

void add_arguments(CLI::App& app, ShowOptions& options) {
    app.add_option("ID", options.id, "an id, its beginning, `last`, or BATCH#N")->required();
    app.add_flag("--json,--jsonl", options.json, "print one JSON object on one line");
}

}  // namespace

void add_show_command(Commands& commands) {
    CLI::App& app = commands.add(
        "show", Group::seeing, "the record of one execution with all its attempts",
        {.description =
             "ID may be a full id, its beginning (8 hex digits or more, looked for among\n"
             "the newest 10,000), `last` for the newest execution, or BATCH#N for item N\n"
             "of a batch.",
         .examples = "  fleet show last\n"
                     "  fleet show 20261121-075030-abcd#12 --json | jq .attempts\n"});
    const auto options = std::make_shared<ShowOptions>();
    add_arguments(app, *options);
    commands.on(app, [options](CommandContext& context) { return show(context, *options); });
}

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
    const auto options = std::make_shared<ShowOptions>();
    add_arguments(app, *options);
    commands.on(app, [options](CommandContext& context) { return why(context, *options); });
}

}  // namespace fleet::cli
