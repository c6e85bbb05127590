// What a dry run says to people.
#include <cmath>

#include "cli/core/output.hpp"
#include "cli/view/provider_row.hpp"
#include "cli/work/dry_run.hpp"

namespace fleet::cli {
namespace {

using estimate::AgentLine;
using estimate::CallsFrom;
using estimate::InputFrom;
using estimate::LimitedBy;
using estimate::OutputFrom;

std::string whole(double number) {
    return with_commas(std::llround(number));
}

std::string counted(double number, const std::string& noun) {
    return whole(number) + ' ' + noun + (std::llround(number) == 1 ? "" : "s");
}

std::string at_most(bool is_at_most, const std::string& text) {
    return (is_at_most ? "<= " : "") + text;
}

std::string calls_text(const AgentLine& line) {
    switch (line.calls_from) {
        case CallsFrom::graph:
            return whole(line.calls);
        case CallsFrom::history:
        case CallsFrom::trial:
            return "~" + whole(line.calls);
        case CallsFrom::at_least:
            break;
    }
    return ">= " + whole(line.calls);
}

std::string bound_text(const std::optional<double>& most) {
    return most ? whole(*most) : "no limit";
}

Cell cost_cell(const std::optional<double>& micros, bool is_at_most) {
    return micros ? Cell{at_most(is_at_most, cost_text(std::llround(*micros)))}
                  : Cell{"?", Colour::yellow};
}

Table agent_table(const estimate::Estimate& estimate) {
    Table table({{"STAGE", Align::left, true, true},
                 {"AGENT", Align::left, true},
                 {"PROVIDER/MODEL", Align::left, true},
                 {"CALLS", Align::right},
                 {"AT MOST", Align::right},
                 {"INPUT TOKENS", Align::right},
                 {"OUTPUT TOKENS", Align::right},
                 {"COST", Align::right}});
    for (const AgentLine& line : estimate.agents) {
        const bool is_model = !line.provider.empty();
        table.add(
            {{line.stage.empty() ? "-" : line.stage},
             {line.agent},
             {is_model               ? line.provider
              : line.program.empty() ? "-"
                                     : "program " + line.program},
             {calls_text(line)},
             {bound_text(line.bounds.most_with_errors)},
             {is_model ? whole(line.calls * line.input_tokens) : "-"},
             {is_model ? at_most(line.is_at_most(), whole(line.calls * line.output_tokens)) : "-"},
             is_model ? cost_cell(line.cost_micros, line.is_at_most()) : Cell{"-"}});
    }
    return table;
}

std::string calls_source(const AgentLine& line, const DryRun& run) {
    const double items = static_cast<double>(run.items);
    switch (line.calls_from) {
        case CallsFrom::history:
            return "calls as in " +
                   counted(static_cast<double>(run.history.executions), "earlier execution") +
                   (run.history.is_same ? "" : " of other versions of the machine");
        case CallsFrom::graph:
            return counted(line.calls / items, "call") + " an item by the machine's graph";
        case CallsFrom::trial: {
            const auto most = line.bounds.most;
            return "calls as in trial runs of " +
                   counted(static_cast<double>(run.trials.items), "item") +
                   " with invented answers; by the graph at least " + whole(line.bounds.least) +
                   (most ? ", at most " + whole(*most) : "");
        }
        case CallsFrom::at_least:
            break;
    }
    return "at least so many calls by the machine's graph, which does not say how many";
}

std::string days_of(const estimate::CallHistory& history) {
    return with_commas(history.calls) + " calls of this model in this stage, " +
           (history.from_day == history.to_day ? "on " + history.to_day
                                               : history.from_day + " to " + history.to_day);
}

std::string tokens_source(const AgentLine& line, const DryRun& run) {
    std::string text = "input " + whole(line.input_tokens) + " a call";
    switch (line.input_from) {
        case InputFrom::trial:
            text += " by prompts of " + counted(static_cast<double>(run.trials.items), "item") +
                    ", 4 bytes a token";
            break;
        case InputFrom::history:
            text += " as in " + days_of(*line.history);
            break;
        case InputFrom::prompt_text:
            text += " at least, by the prompt's own text";
            break;
    }
    text += "; output " + whole(line.output_tokens) + " a call";
    switch (line.output_from) {
        case OutputFrom::history:
            return text + " as in " + days_of(*line.history);
        case OutputFrom::max_tokens:
            return text + " at most, by max_tokens";
        case OutputFrom::default_most:
            break;
    }
    return text + " at most, by default: the profile has no max_tokens";
}

std::string limits_text(const estimate::BudgetLeft& left) {
    std::string text;
    const auto add = [&text](const std::string& part) {
        text += (text.empty() ? "" : ", ") + part;
    };
    if (left.requests) {
        add(with_commas(*left.requests) + " calls");
    }
    if (left.tokens) {
        add(with_commas(*left.tokens) + " tokens");
    }
    if (left.cost_micros) {
        add(cost_text(*left.cost_micros) + " of cost");
    }
    return text;
}

std::string budget_text(const ProviderOutlook& one, base::WallTime now) {
    const std::string left = limits_text(one.left);
    if (left.empty()) {
        return "none";
    }
    std::string text = left + " left on " + one.left.day + ", until " +
                       minute_text(now + one.left.resets_in, now) + " UTC; ";
    if (one.course.never) {
        return text + "a day's budget does not pay for this batch, however long it runs";
    }
    if (one.course.days == 1) {
        return text + "it is enough";
    }
    // Calls are counted on; tokens and cost are at most so many.
    const bool is_up_to = one.line.is_at_most && (one.left.tokens || one.left.cost_micros);
    return text + "the batch takes " + (is_up_to ? "up to " : "") + with_commas(one.course.days) +
           " days of it, the last is " + one.course.last_day;
}

std::string pace_text(const ProviderOutlook& one) {
    const estimate::KnownPace pace = estimate::known_pace(one.row);
    if (!pace.is_known) {
        return "not known yet; it is learned from the answers, from " +
               rate_text(one.row.rules.first_rate) + " calls/s on";
    }
    std::string text(to_text(pace.source));
    text += pace.calls_per_second ? ", " + rate_text(*pace.calls_per_second) + " calls/s" : "";
    text += pace.tokens_per_second ? ", " + rate_text(*pace.tokens_per_second) + " tokens/s" : "";
    return text + (one.course.at_pace && one.course.at_pace->count() > 0
                       ? ": " + base::human_duration(*one.course.at_pace) + " for the calls"
                       : "");
}

std::string end_text(const ProviderOutlook& one, base::WallTime now) {
    if (!one.course.ends_at) {
        return one.course.never ? "never" : "not known";
    }
    std::string text =
        "not before " + clock_text(*one.course.ends_at, now) + " UTC if it begins now";
    if (one.course.limited_by == LimitedBy::budget) {
        text += ", held up by the budget";
    } else if (one.course.limited_by == LimitedBy::pace) {
        text += ", by its pace";
    }
    return text;
}

void print_providers(CommandContext& context, const DryRun& run) {
    for (const ProviderOutlook& one : run.providers) {
        const estimate::ProviderLine& line = one.line;
        const std::string cost =
            line.cost_micros
                ? at_most(line.is_at_most, cost_text(std::llround(*line.cost_micros))) + " of cost"
                : "no price known";
        context.out << '\n'
                    << printable(line.provider) << '\n'
                    << "  needs   " << counted(line.calls, "call") << ", "
                    << at_most(line.is_at_most, whole(line.input_tokens + line.output_tokens))
                    << " tokens, " << cost << '\n'
                    << "  budget  " << budget_text(one, run.now) << '\n'
                    << "  pace    " << pace_text(one) << '\n'
                    << "  ends    " << end_text(one, run.now) << '\n';
    }
}

void print_sources(CommandContext& context, const DryRun& run) {
    context.out << "\nWhere the figures are from\n";
    for (const AgentLine& line : run.estimate->agents) {
        const std::string name = line.stage.empty() ? line.agent : line.stage + ", " + line.agent;
        context.out << "  " << printable(name) << ": " << calls_source(line, run) << '\n';
        if (!line.provider.empty()) {
            context.out << "    " << tokens_source(line, run) << '\n';
        }
    }
    context.out
        << "  Prompts hold stand-ins for earlier answers, as long as those are counted on.\n"
           "  AT MOST is if every call needed all its tries and every item all its "
           "attempts.\n";
}

void print_machine(CommandContext& context, const DryRun& run) {
    if (run.estimate->agents.empty()) {
        context.out << "It calls no agents.\n";
        return;
    }
    agent_table(*run.estimate).print(context.out, context.terminal);
    print_providers(context, run);
    print_sources(context, run);
}

void print_times(CommandContext& context, const DryRun& run) {
    if (!run.times) {
        context.out << "How long it takes is not known: nothing like it has run in this pool.\n";
        return;
    }
    const base::Millis all = run.times->mean * run.items;
    context.out << "An attempt took " << base::human_duration(run.times->mean) << " in the mean of "
                << counted(static_cast<double>(run.times->attempts), "attempt")
                << (run.times->is_same ? " at the same work"
                                       : " at the same program with other arguments")
                << ": " << base::human_duration(all) << " of work";
    if (run.slots > 0) {
        context.out << ", about " << base::human_duration(all / run.slots) << " with "
                    << counted(run.slots, "slot");
    } else {
        context.out << "; no worker serves the pool now";
    }
    context.out << ".\n";
}

}  // namespace

void print_dry_run(CommandContext& context, const DryRun& run) {
    context.out << printable(run.what) << ": " << counted(static_cast<double>(run.items), "item");
    if (run.empty_lines > 0) {
        context.out << " (" << counted(static_cast<double>(run.empty_lines), "empty line")
                    << " skipped)";
    }
    context.out << " for pool " << run.pool
                << "\nA dry run: nothing is stored and no provider is called.\n\n";
    if (run.estimate) {
        print_machine(context, run);
    } else {
        print_times(context, run);
    }
    for (const std::string& note : run.notes) {
        context.out << (&note == run.notes.data() ? "\n" : "") << "note: " << printable(note)
                    << '\n';
    }
    context.out << std::flush;
}

}  // namespace fleet::cli
