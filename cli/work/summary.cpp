#include "cli/work/summary.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "cli/core/output.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

double per_second(const Summary& summary) {
    const double seconds = std::chrono::duration<double>(summary.elapsed).count();
    return seconds > 0 ? static_cast<double>(summary.finished_here) / seconds : 0;
}

std::int64_t open_items(const model::StatusCounts& counts) {
    return counts.pending + counts.running + counts.waiting;
}

std::string head_line(const Summary& summary, const Terminal& terminal) {
    const model::StatusCounts& counts = summary.batch.counts;
    const bool is_batch = !summary.batch.name.empty();
    std::string line =
        (is_batch ? "batch " : "pool ") +
        terminal.paint(is_batch ? summary.batch.name : summary.batch.pool, Colour::bold) +
        (is_batch ? ": " : ", shared work: ") +
        terminal.paint(with_commas(counts.done) + " done",
                       counts.done > 0 ? Colour::green : Colour::plain) +
        ", " +
        terminal.paint(with_commas(counts.failed) + " failed",
                       counts.failed > 0 ? Colour::red : Colour::plain);
    if (counts.cancelled > 0) {
        line += ", " + with_commas(counts.cancelled) + " cancelled";
    }
    if (open_items(counts) > 0 && !summary.only_new_is_open) {
        line += ", " + with_commas(open_items(counts)) + " not finished";
    }
    line += " in " + base::human_duration(summary.elapsed) + " (" +
            human_rate(per_second(summary)) + ")";
    if (summary.empty_lines > 0) {
        line += "; " + with_commas(summary.empty_lines) + " empty lines skipped";
    }
    return line;
}

void add_failures(const Summary& summary, const Terminal& terminal,
                  std::vector<std::string>& lines) {
    if (summary.errors.empty()) {
        return;
    }
    lines.emplace_back("failures:");
    const std::size_t shown = std::min(summary.errors.size(), kSummaryGroups);
    for (std::size_t index = 0; index < shown; ++index) {
        const contracts::ErrorGroup& group = summary.errors[index];
        lines.push_back("  " + terminal.paint(with_commas(group.count), Colour::red) + " x " +
                        std::string(to_text(group.kind)) + ": " + printable(group.prefix));
        lines.push_back("      fleet why " + group.example.text());
    }
    if (summary.errors.size() > shown) {
        lines.push_back("  and more: fleet errors --batch " + summary.batch.name);
    }
}

}  // namespace

std::vector<std::string> summary_lines(const Summary& summary, const Terminal& terminal) {
    std::vector<std::string> lines{head_line(summary, terminal)};
    add_failures(summary, terminal, lines);
    if (!summary.output.empty()) {
        lines.push_back("results: " + summary.output);
    } else if (summary.batch.counts.terminal() > 0 && !summary.batch.name.empty()) {
        lines.push_back("results: " + (summary.single_id.empty()
                                           ? "fleet results --batch " + summary.batch.name
                                           : "fleet result " + summary.single_id +
                                                 "; its output: fleet logs " + summary.single_id));
    }
    if (!summary.how_to_go_on.empty()) {
        lines.push_back(summary.how_to_go_on);
    }
    return lines;
}

base::JsonText summary_json(const Summary& summary) {
    const model::StatusCounts& counts = summary.batch.counts;
    model::JsonObjectWriter json;
    json.text("batch", summary.batch.name);
    json.text("pool", summary.batch.pool);
    json.text("state", to_text(summary.batch.state));
    json.integer("items", counts.total());
    json.integer("done", counts.done);
    json.integer("failed", counts.failed);
    json.integer("cancelled", counts.cancelled);
    json.integer("pending", counts.pending);
    json.integer("running", counts.running);
    json.integer("waiting", counts.waiting);
    json.integer("empty_lines", summary.empty_lines);
    json.integer("elapsed_ms", summary.elapsed.count());
    json.integer("finished", summary.finished_here);
    json.integer("items_per_second", std::llround(per_second(summary)));
    json.boolean("interrupted", summary.interrupted);
    json.boolean("only_new_is_open", summary.only_new_is_open);
    std::string errors = "[";
    for (const contracts::ErrorGroup& group : summary.errors) {
        model::JsonObjectWriter error;
        error.text("kind", to_text(group.kind));
        error.text("message", group.prefix);
        error.integer("count", group.count);
        error.text("example", group.example.text());
        errors += (errors.size() > 1 ? "," : "") + error.finish();
    }
    json.embed("errors", errors + "]");
    json.text("output", summary.output);
    json.integer("exit_code", summary.exit_code);
    return json.finish();
}

}  // namespace fleet::cli
