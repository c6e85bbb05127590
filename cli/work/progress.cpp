#include "cli/work/progress.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "cli/core/output.hpp"
#include "cli/view/provider_row.hpp"

namespace fleet::cli {
namespace {

constexpr std::chrono::seconds kRateWindow{10};
constexpr std::chrono::milliseconds kSmallestSpan{200};
constexpr std::chrono::seconds kLineEvery{10};
constexpr std::chrono::seconds kLinesApart{1};
constexpr int kStepPercent = 10;
constexpr std::size_t kBarWidth = 24;
constexpr std::int64_t kLongestEtaSeconds = 365LL * 24 * 3600;

std::string bar(const ProgressView& view, const Terminal& terminal) {
    const auto share = static_cast<std::size_t>(std::clamp(view.percent(), 0, 100));
    const std::size_t filled = kBarWidth * share / 100;
    return '[' + terminal.paint_err(std::string(filled, '#'), Colour::green) +
           std::string(kBarWidth - filled, '.') + ']';
}

std::string figure(const Terminal& terminal, const char* name, std::int64_t count, Colour colour) {
    const std::string text = std::string(name) + ' ' + with_commas(count);
    return count == 0 ? text : terminal.paint_err(text, colour);
}

std::string tempo(const ProgressView& view) {
    std::string text = human_rate(view.per_second);
    if (const auto remaining = view.remaining()) {
        text += "  ETA " + base::human_duration(*remaining);
    }
    return text;
}

/// "429s 0.8 %"
std::string density(const ProgressView& view) {
    return "429s " + percent_text(view.refused_share.value_or(0));
}

std::string painted_density(const ProgressView& view, const Terminal& terminal) {
    return terminal.paint_err(density(view),
                              view.refused_share > 0 ? Colour::yellow : Colour::plain);
}

std::string progress_of(const ProgressView& view) {
    return with_commas(view.counts.terminal()) + '/' + with_commas(view.items);
}

}  // namespace

void RateMeter::add(base::BootTime at, std::int64_t finished) {
    figures_.emplace_back(at, finished);
    while (figures_.size() > 2 && at - figures_[1].first >= kRateWindow) {
        figures_.pop_front();
    }
}

double RateMeter::per_second() const {
    if (figures_.size() < 2) {
        return 0;
    }
    const auto span = figures_.back().first - figures_.front().first;
    if (span < kSmallestSpan) {
        return 0;
    }
    const std::int64_t finished = figures_.back().second - figures_.front().second;
    return static_cast<double>(std::max<std::int64_t>(finished, 0)) /
           std::chrono::duration<double>(span).count();
}

int ProgressView::percent() const {
    if (items <= 0) {
        return 0;
    }
    return static_cast<int>(std::min<std::int64_t>(100, counts.terminal() * 100 / items));
}

std::optional<base::Millis> ProgressView::remaining() const {
    const std::int64_t left = items - counts.terminal();
    if (per_second <= 0 || left <= 0) {
        return std::nullopt;
    }
    const double seconds = static_cast<double>(left) / per_second;
    if (seconds > static_cast<double>(kLongestEtaSeconds)) {
        return std::nullopt;
    }
    // Whole seconds: nobody knows better.
    return std::chrono::seconds(std::llround(std::ceil(seconds)));
}

std::vector<std::string> progress_block(const ProgressView& view, const Terminal& terminal) {
    std::vector<std::string> lines;
    lines.push_back(terminal.paint_err(view.batch, Colour::bold) + "  " + bar(view, terminal) +
                    ' ' + std::to_string(view.percent()) + " %  " + progress_of(view) + "  " +
                    tempo(view));
    const base::Millis whole = std::chrono::duration_cast<std::chrono::seconds>(view.elapsed);
    lines.push_back(
        "  " + figure(terminal, "done", view.counts.done, Colour::green) + "  " +
        figure(terminal, "failed", view.counts.failed, Colour::red) + "  " +
        figure(terminal, "running", view.counts.running, Colour::cyan) + "  " +
        figure(terminal, "pending", view.counts.pending, Colour::plain) + "  " +
        (view.counts.cancelled == 0
             ? ""
             : figure(terminal, "cancelled", view.counts.cancelled, Colour::yellow) + "  ") +
        "workers " + std::to_string(view.workers) +
        (view.refused_share ? "  " + painted_density(view, terminal) : "") + "  elapsed " +
        base::human_duration(whole));
    if (view.loading) {
        lines.push_back("  loading items: " + with_commas(view.loaded) + " of " +
                        with_commas(view.items));
    }
    if (!view.note.empty()) {
        lines.push_back("  " + terminal.paint_err(view.note, Colour::yellow));
    }
    return lines;
}

std::string progress_line(const ProgressView& view) {
    std::string line =
        (view.is_pool ? "pool " : "batch ") + view.batch + ": " + progress_of(view) + " (" +
        std::to_string(view.percent()) + " %) done " + with_commas(view.counts.done) + ", failed " +
        with_commas(view.counts.failed) + ", running " + with_commas(view.counts.running) +
        ", pending " + with_commas(view.counts.pending) + ", workers " +
        std::to_string(view.workers) + (view.refused_share ? ", " + density(view) : "") + ", " +
        tempo(view) + ", elapsed " + base::human_duration(view.elapsed);
    if (view.loading) {
        line += ", loading " + with_commas(view.loaded) + " of " + with_commas(view.items);
    }
    if (!view.note.empty()) {
        line += "; " + view.note;
    }
    return line;
}

bool LinePace::is_due(base::BootTime now, int percent) {
    const int step = percent / kStepPercent;
    if (!last_) {
        // The first line is worth reading when there is something to tell.
        last_ = now;
        last_step_ = step;
        return false;
    }
    const bool next_step = step > last_step_ && now - *last_ >= kLinesApart;
    if (!next_step && now - *last_ < kLineEvery) {
        return false;
    }
    last_ = now;
    last_step_ = step;
    return true;
}

}  // namespace fleet::cli
