#include "cli/view/record.hpp"

#include <algorithm>
#include <utility>

#include "cli/core/output.hpp"
#include "cli/view/attempt_lines.hpp"
#include "cli/view/describe.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

void add_work(const CaseFile& file, Facts& facts) {
    if (!file.spec) {
        return;
    }
    facts.emplace_back("work", file.machine_name.empty() ? describe_work(*file.spec)
                                                         : "machine " + file.machine_name);
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

}  // namespace

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
    if (!execution.parent.is_nil()) {
        facts.emplace_back(
            "parent",
            execution.parent.text() + (execution.label.empty() ? "" : ", as " + execution.label));
    }
    if (file.checkpoint) {
        facts.emplace_back("checkpoint", describe_checkpoint(*file.checkpoint, file.now));
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
    if (execution.children_open > 0) {
        facts.emplace_back("waits for", count_children(execution.children_open));
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
                                             describe_error(*execution.error));
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

base::JsonText joined_json(base::JsonText first, const base::JsonText& second) {
    first.back() = ',';
    return std::move(first) + second.substr(1);
}

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
    more.text("parent", execution.parent.is_nil() ? "" : execution.parent.text());
    more.text("root", execution.root.text());
    more.text("label", execution.label);
    more.integer("children_open", execution.children_open);
    more.text("machine", file.machine_name);
    more.embed("checkpoint", file.checkpoint ? checkpoint_json(*file.checkpoint) : "");
    return joined_json(model::to_json_text(execution), more.finish());
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

}  // namespace fleet::cli
