// The picture of a simulation: well-formed, self-contained, and true to the figures.
#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "cli/simulate/chart.hpp"
#include "cli/simulate/plot.hpp"
#include "scaler/simulate/fleet_run.hpp"

using namespace fleet;

namespace {

/// The name of each element that is open; fails where the text is no well-formed XML. Knows
/// what a picture holds: elements, attributes in double quotes, text, entities.
void check_well_formed(const std::string& xml) {
    std::vector<std::string> open;
    std::size_t at = 0;
    while (at < xml.size()) {
        if (xml[at] == '&') {
            const std::size_t end = xml.find(';', at);
            REQUIRE(end != std::string::npos);
            const std::string entity = xml.substr(at + 1, end - at - 1);
            REQUIRE((entity == "amp" || entity == "lt" || entity == "gt" || entity == "quot"));
            at = end + 1;
        } else if (xml[at] != '<') {
            REQUIRE((static_cast<unsigned char>(xml[at]) >= 0x20 || xml[at] == '\n'));
            ++at;
        } else {
            // No attribute holds a '>': that is replaced.
            const std::size_t end = xml.find('>', at);
            REQUIRE(end != std::string::npos);
            const std::string tag = xml.substr(at + 1, end - at - 1);
            REQUIRE(tag.find('<') == std::string::npos);
            REQUIRE(std::ranges::count(tag, '"') % 2 == 0);
            const std::string name = tag.substr(0, tag.find_first_of(" /\n", 1));
            if (tag.front() == '/') {
                REQUIRE_FALSE(open.empty());
                REQUIRE('/' + open.back() == tag);
                open.pop_back();
            } else if (tag.back() != '/' && tag.front() != '!') {
                open.push_back(name);
            }
            at = end + 1;
        }
    }
    CHECK(open.empty());
}

simulate::Scenario scenario() {
    simulate::Scenario result;
    result.name = "a <b> & \"c\" \x1b[31m";
    result.items = {{.count = 500}};
    result.stages = {{.name = "first & last"}, {.name = "<second>", .provider = 0}};
    result.providers.emplace_back().rules.name = "x<y>/\"z\"";
    result.providers[0].outages = {{std::chrono::seconds(20), std::chrono::seconds(40)}};
    result.pool.max_workers = 10;
    return result;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a plot is well-formed whatever names are in it, and needs nothing from outside") {
    const simulate::Scenario simulated = scenario();
    const simulate::Report report = simulate::run_fleet(simulated);
    const std::string svg = cli::plot_svg(simulated, report);
    const std::string html = cli::plot_html(simulated, report, "a < b & c\n<script>\n");
    check_well_formed(svg);
    check_well_formed(html);
    for (const std::string& text : {svg, html}) {
        CHECK_FALSE(contains(text, "<script"));
        CHECK_FALSE(contains(text, "href"));
        CHECK_FALSE(contains(text, "url("));
        CHECK_FALSE(contains(text, "@import"));
        CHECK_FALSE(contains(text, "var("));  // which only browsers know
        CHECK(contains(text, "prefers-color-scheme: dark"));
        CHECK_FALSE(contains(text, "nan"));
        CHECK_FALSE(contains(text, "inf"));
    }
    for (const char* part :
         {"Workers (workers)", "Backlog by stage (items)", "first &amp; last", "&lt;second&gt;",
          "Calls to x&lt;y&gt;/&quot;z&quot; (a second)", "Density of 429s (% of the calls)",
          "out, or circuit not closed", "time since the begin"}) {
        CHECK(contains(svg, part));
    }
}

TEST_CASE("a simulation of nothing has a plot too") {
    simulate::Scenario nothing;
    const simulate::Report report = simulate::run_fleet(nothing);
    CHECK(report.drained);
    check_well_formed(cli::plot_svg(nothing, report));
    check_well_formed(cli::plot_svg(nothing, {}));
}

TEST_CASE("a chart's values stand where its axes say") {
    cli::Chart chart{.title = "t", .subtitle = "", .times = {0, 50, 100}, .panels = {}};
    chart.panels.push_back({.title = "p", .unit = "u", .series = {{"s", {0, 5, 20}}}});
    const std::string svg = cli::to_svg(chart);
    // From the origin at (64, 258) to (936, 108), which is 100 s and 20.
    CHECK(contains(svg, "d=\"M64.0 258.0L500.0 220.5L936.0 108.0\""));
    CHECK(contains(svg, ">20</text>"));
    CHECK(contains(svg, ">1m40s</text>") == false);
    CHECK(contains(svg, ">30s</text>"));
    check_well_formed(svg);
}

TEST_CASE("stacked areas stand on each other") {
    cli::Chart chart{.title = "t", .subtitle = "", .times = {0, 100}, .panels = {}};
    chart.panels.push_back({.title = "p",
                            .unit = "u",
                            .series = {{"a", {10, 10}, 0, cli::Series::Style::area},
                                       {"b", {10, 0}, 1, cli::Series::Style::area}},
                            .is_stacked = true});
    const std::string svg = cli::to_svg(chart);
    CHECK(contains(svg, "d=\"M64.0 183.0L936.0 183.0L936.0 258.0L64.0 258.0Z\""));
    CHECK(contains(svg, "d=\"M64.0 108.0L936.0 183.0L936.0 183.0L64.0 183.0Z\""));
}
