#include "cli/simulate/plot.hpp"

#include <algorithm>
#include <span>

#include "cli/simulate/chart.hpp"
#include "cli/simulate/figures.hpp"

namespace fleet::cli {
namespace {

using simulate::Moment;
using simulate::ProviderMoment;

/// More points than the picture is wide show nothing more.
constexpr std::size_t kMostPoints = 800;

/// Moments that make one point.
using Bucket = std::span<const Moment>;

std::vector<Bucket> buckets_of(const std::vector<Moment>& moments) {
    const std::size_t each = (moments.size() + kMostPoints - 1) / kMostPoints;
    std::vector<Bucket> buckets;
    const Bucket all(moments);
    for (std::size_t begin = 0; begin < all.size(); begin += each) {
        buckets.push_back(all.subspan(begin, std::min(each, all.size() - begin)));
    }
    return buckets;
}

double seconds(std::chrono::duration<double> span) {
    return span.count();
}

template <typename Value>
std::vector<double> mean_of(const std::vector<Bucket>& buckets, const Value& value) {
    std::vector<double> values;
    for (const Bucket& bucket : buckets) {
        double sum = 0;
        for (const Moment& moment : bucket) {
            sum += static_cast<double>(value(moment));
        }
        values.push_back(sum / static_cast<double>(bucket.size()));
    }
    return values;
}

Panel workers_panel(const std::vector<Bucket>& buckets) {
    Panel panel{.title = "Workers", .unit = "workers", .series = {}};
    panel.series.push_back({"active and starting",
                            mean_of(buckets, [](const Moment& one) { return one.workers; }), 0,
                            Series::Style::area});
    panel.series.push_back({"planned",
                            mean_of(buckets, [](const Moment& one) { return one.planned; }), 1,
                            Series::Style::dashed});
    panel.series.push_back(
        {"retiring", mean_of(buckets, [](const Moment& one) { return one.retiring; }), 3});
    return panel;
}

Panel backlog_panel(const simulate::Scenario& scenario, const std::vector<Bucket>& buckets) {
    Panel panel{.title = "Backlog by stage", .unit = "items", .series = {}, .is_stacked = true};
    for (std::size_t stage = 0; stage < scenario.stages.size(); ++stage) {
        const auto items = [stage](const Moment& one) {
            const simulate::StageMoment& there = one.stages[stage];
            return there.ready + there.delayed + there.running;
        };
        panel.series.push_back({scenario.stages[stage].name, mean_of(buckets, items),
                                static_cast<int>(stage), Series::Style::area});
    }
    return panel;
}

/// The times at which the provider gives nothing, or its circuit is not closed.
std::vector<Band> closed_times(const std::vector<Moment>& moments, std::size_t provider) {
    std::vector<Band> bands;
    bool is_closed = false;
    for (const Moment& moment : moments) {
        const ProviderMoment& there = moment.providers[provider];
        const bool closed = there.possible <= 0 || there.circuit != model::CircuitState::closed;
        if (closed && !is_closed) {
            bands.push_back({seconds(moment.at), seconds(moment.at)});
        }
        if (closed || is_closed) {
            bands.back().to = seconds(moment.at);
        }
        is_closed = closed;
    }
    return bands;
}

/// Calls come one by one: their rate is that of about a hundredth of the whole time around.
std::vector<double> smooth(const std::vector<double>& values) {
    const std::size_t half = values.size() / 200;
    std::vector<double> result;
    for (std::size_t at = 0; at < values.size(); ++at) {
        const std::size_t begin = at - std::min(at, half);
        const std::size_t end = std::min(values.size(), at + half + 1);
        double sum = 0;
        for (std::size_t near = begin; near < end; ++near) {
            sum += values[near];
        }
        result.push_back(sum / static_cast<double>(end - begin));
    }
    return result;
}

/// Calls a second, of what the moments of a bucket have counted.
std::vector<double> rate_of(const std::vector<Bucket>& buckets, std::size_t provider,
                            std::int64_t ProviderMoment::*count) {
    std::vector<double> values;
    double before = 0;
    for (const Bucket& bucket : buckets) {
        double sum = 0;
        for (const Moment& moment : bucket) {
            sum += static_cast<double>(moment.providers[provider].*count);
        }
        const double end = seconds(bucket.back().at);
        values.push_back(end > before ? sum / (end - before) : 0);
        before = end;
    }
    return smooth(values);
}

Panel pace_panel(const simulate::Report& report, const std::vector<Bucket>& buckets,
                 std::size_t provider) {
    Panel panel{
        .title = "Calls to " + report.providers[provider].name, .unit = "a second", .series = {}};
    panel.series.push_back(
        {"answered", rate_of(buckets, provider, &ProviderMoment::given), 2, Series::Style::area});
    panel.series.push_back(
        {"pace",
         mean_of(buckets, [provider](const Moment& one) { return one.providers[provider].pace; }),
         0});
    panel.series.push_back(
        {"what it gives",
         mean_of(buckets,
                 [provider](const Moment& one) { return one.providers[provider].possible; }),
         -1, Series::Style::dashed});
    panel.bands = closed_times(report.moments, provider);
    panel.bands_label = "out, or circuit not closed";
    return panel;
}

Panel refusals_panel(const simulate::Report& report, const std::vector<Bucket>& buckets) {
    Panel panel{.title = "Density of 429s", .unit = "% of the calls", .series = {}};
    for (std::size_t provider = 0; provider < report.providers.size(); ++provider) {
        std::vector<double> density = rate_of(buckets, provider, &ProviderMoment::refused);
        const std::vector<double> calls = rate_of(buckets, provider, &ProviderMoment::calls);
        for (std::size_t point = 0; point < density.size(); ++point) {
            density[point] = calls[point] > 0 ? 100 * density[point] / calls[point] : 0;
        }
        panel.series.push_back(
            {report.providers[provider].name, std::move(density), static_cast<int>(provider)});
    }
    return panel;
}

}  // namespace

std::string plot_svg(const simulate::Scenario& scenario, const simulate::Report& report) {
    const std::vector<Bucket> buckets = buckets_of(report.moments);
    Chart chart;
    chart.title = scenario.name.empty() ? "Simulation" : "Simulation: " + scenario.name;
    chart.subtitle = sentence_of(report);
    for (const Bucket& bucket : buckets) {
        chart.times.push_back(seconds(bucket.back().at));
    }
    chart.panels = {workers_panel(buckets), backlog_panel(scenario, buckets)};
    for (std::size_t provider = 0; provider < report.providers.size(); ++provider) {
        chart.panels.push_back(pace_panel(report, buckets, provider));
    }
    if (!report.providers.empty()) {
        chart.panels.push_back(refusals_panel(report, buckets));
    }
    return to_svg(chart);
}

std::string plot_html(const simulate::Scenario& scenario, const simulate::Report& report,
                      const std::string& table) {
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>" +
           xml_text("Simulation: " + scenario.name) +
           "</title>\n<style>\n"
           ":root { color-scheme: light dark; }\n"
           "body { margin: 1.5rem auto; max-width: 62rem; padding: 0 1rem; }\n"
           "svg { width: 100%; height: auto; }\n"
           "pre { font: 12px ui-monospace, monospace; overflow-x: auto; }\n"
           "@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } }\n"
           "</style>\n</head>\n<body>\n" +
           plot_svg(scenario, report) + "<pre>" + xml_lines(table) + "</pre>\n</body>\n</html>\n";
}

}  // namespace fleet::cli
