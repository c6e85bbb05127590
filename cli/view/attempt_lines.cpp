#include "cli/view/attempt_lines.hpp"

#include <algorithm>
#include <string_view>

#include "cli/core/output.hpp"
#include "cli/view/describe.hpp"

namespace fleet::cli {
namespace {

/// The most lines of standard error that are shown of one attempt.
constexpr std::size_t kLastWords = 12;

std::string figures(const model::Attempt& attempt, base::StoreTime now) {
    std::string text;
    if (attempt.duration.count() > 0) {
        text += " after " + base::human_duration(attempt.duration);
    }
    if (attempt.cpu_time) {
        text += ", cpu " + base::human_duration(*attempt.cpu_time);
    }
    if (attempt.max_rss_bytes) {
        text += ", memory " + human_bytes(*attempt.max_rss_bytes);
    }
    if (!attempt.worker_id.empty()) {
        text += ", worker " + attempt.worker_id;
    }
    if (base::count_ms(attempt.started_at) != 0) {
        text += ", begun " +
                base::human_duration(std::max(now - attempt.started_at, base::Millis{0})) + " ago";
    }
    return text;
}

void append_last_words(std::vector<std::string>& lines, std::string_view excerpt) {
    std::vector<std::string_view> words;
    while (!excerpt.empty()) {
        const std::size_t end = std::min(excerpt.find('\n'), excerpt.size());
        if (end > 0) {
            words.push_back(excerpt.substr(0, end));
        }
        excerpt.remove_prefix(std::min(end + 1, excerpt.size()));
    }
    if (words.empty()) {
        return;
    }
    lines.emplace_back("     last words on standard error:");
    const std::size_t first = words.size() > kLastWords ? words.size() - kLastWords : 0;
    for (std::size_t at = first; at < words.size(); ++at) {
        lines.push_back("       | " + printable(words[at]));
    }
}

}  // namespace

std::vector<std::string> attempt_lines(const model::Attempt& attempt, bool running,
                                       base::StoreTime now, const Terminal& terminal) {
    const bool recorded = base::count_ms(attempt.finished_at) != 0;
    const bool good = (running || recorded) && !attempt.error &&
                      attempt.exit_code.value_or(0) == 0 && !attempt.signal;
    std::vector<std::string> lines;
    lines.push_back(
        "  " + std::to_string(attempt.number) + "  " +
        terminal.paint(running ? "running" : describe_end(attempt), running ? Colour::cyan
                                                                    : good  ? Colour::green
                                                                            : Colour::red) +
        figures(attempt, now));
    if (attempt.error && !attempt.error->message.empty()) {
        lines.push_back("     " + printable(attempt.error->message));
    }
    if (attempt.suspicious) {
        lines.emplace_back(
            "     its end deserves a look: it left something behind or was cut short");
    }
    if (!attempt.stdout_path.empty()) {
        lines.push_back("     stdout " + printable(attempt.stdout_path));
    }
    if (!attempt.stderr_path.empty()) {
        lines.push_back("     stderr " + printable(attempt.stderr_path));
    }
    append_last_words(lines, attempt.stderr_excerpt);
    return lines;
}

}  // namespace fleet::cli
