#include "cli/simulate/chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <utility>

#include "cli/core/terminal.hpp"
#include "common/base/time.hpp"

namespace fleet::cli {
namespace {

constexpr double kWidth = 960;
constexpr double kLeft = 64;
constexpr double kRight = 24;
constexpr double kHead = 64;
constexpr double kPanelTop = 44;  // its title and legend
constexpr double kPanelHeight = 150;
constexpr double kPanelGap = 26;
constexpr double kFoot = 44;
constexpr int kColours = 6;

/// Two sets of colours, told apart also by those who see some of them alike. Written out for each
/// class: not every viewer of pictures knows variables.
struct Palette {
    std::string_view ground, ink, soft, grid, band;
    std::array<std::string_view, kColours> series;
};
constexpr Palette kLight{
    "#ffffff", "#1f2328", "#59636e",
    "#d8dde3", "#cf222e", {"#0969da", "#bc4c00", "#1a7f37", "#8250df", "#9a6700", "#0e8a8a"}};
constexpr Palette kDark{
    "#0d1117", "#e6edf3", "#9198a1",
    "#30363d", "#ff7b72", {"#58a6ff", "#ffa657", "#56d364", "#d2a8ff", "#e3b341", "#76e3ea"}};

constexpr std::string_view kShapes = R"(.chart { font: 12px system-ui, sans-serif; }
.chart .title { font-size: 16px; font-weight: 600; }
.chart .name { font-weight: 600; }
.chart .end { text-anchor: end; }
.chart .middle { text-anchor: middle; }
.chart .grid, .chart .axis { stroke-width: 1; }
.chart .band { fill-opacity: 0.14; }
.chart .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
.chart .dashed { fill: none; stroke-width: 1.4; stroke-dasharray: 5 3; }
.chart .area { fill-opacity: 0.55; stroke-width: 1; }
)";

std::string rule(const std::string& selector, const char* property, std::string_view colour) {
    return ".chart " + selector + " { " + property + ": " + std::string(colour) + "; }\n";
}

std::string colours(const Palette& palette) {
    std::string css = rule("text", "fill", palette.soft);
    css += rule(".title", "fill", palette.ink) + rule(".name", "fill", palette.ink);
    css += rule(".ground", "fill", palette.ground) + rule(".band", "fill", palette.band);
    css += rule(".grid", "stroke", palette.grid) + rule(".axis", "stroke", palette.soft);
    css += rule(".soft", "stroke", palette.soft) + rule(".area.soft", "fill", palette.soft);
    for (std::size_t i = 0; i < palette.series.size(); ++i) {
        const std::string name = ".c" + std::to_string(i);
        css += rule(name, "stroke", palette.series.at(i));
        css += rule(".area" + name, "fill", palette.series.at(i));
    }
    return css;
}

std::string style_sheet() {
    return "<style>\n" + std::string(kShapes) + colours(kLight) +
           "@media (prefers-color-scheme: dark) {\n" + colours(kDark) + "}\n</style>\n";
}

std::string number(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
}

/// "0.25", "12", "3.5k", "2M".
std::string label_of(double value) {
    constexpr std::array<std::pair<double, char>, 2> kUnits{{{1e6, 'M'}, {1e3, 'k'}}};
    std::array<char, 32> text{};
    for (const auto& [unit, suffix] : kUnits) {
        if (value >= unit) {
            std::snprintf(text.data(), text.size(), "%.4g%c", value / unit, suffix);
            return text.data();
        }
    }
    std::snprintf(text.data(), text.size(), "%.3g", value);
    return text.data();
}

/// 1, 2 or 5 times a power of ten, so that about `parts` of them make `whole`.
double nice_step(double whole, int parts) {
    const double rough = whole / parts;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (rough <= factor * power) {
            return factor * power;
        }
    }
    return 10 * power;
}

/// Of time: what people divide it by.
double nice_time_step(double whole) {
    constexpr std::array<double, 17> kSteps{
        1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 604800};
    constexpr double kParts = 9;
    for (const double step : kSteps) {
        if (whole / step <= kParts) {
            return step;
        }
    }
    return nice_step(whole, static_cast<int>(kParts));
}

/// "0", "45s", "10m", "1h30m".
std::string time_label(double time) {
    std::string text = base::human_duration(base::Millis{std::llround(time * 1000)});
    for (const char* zeros : {"00s", "00m", "00h"}) {
        if (text.size() > 3 && text.ends_with(zeros)) {
            text.resize(text.size() - 3);
        }
    }
    return time > 0 ? text : "0";
}

std::string text_at(double x, double y, std::string_view style, const std::string& text) {
    return "<text class=\"" + std::string(style) + "\" x=\"" + number(x) + "\" y=\"" + number(y) +
           "\">" + xml_text(text) + "</text>\n";
}

std::string line_at(double x1, double y1, double x2, double y2, std::string_view style) {
    return "<line class=\"" + std::string(style) + "\" x1=\"" + number(x1) + "\" y1=\"" +
           number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) + "\"/>\n";
}

std::string colour_of(const Series& series) {
    return series.colour < 0 ? "soft" : "c" + std::to_string(series.colour % kColours);
}

/// One panel while it is drawn.
class Drawing {
  public:
    Drawing(const Chart& chart, const Panel& panel, double top)
        : chart_(chart),
          panel_(panel),
          top_(top + kPanelTop),
          end_(std::max(1.0, chart.times.empty() ? 1 : chart.times.back())) {
        double most = panel.least_top;
        std::vector<double> sums(chart.times.size(), 0);
        for (const Series& series : panel.series) {
            for (std::size_t i = 0; i < series.values.size(); ++i) {
                sums[i] = panel.is_stacked ? sums[i] + series.values[i] : series.values[i];
                most = std::max(most, sums[i]);
            }
        }
        step_ = nice_step(most, 4);
        most_ = std::ceil(most / step_ - 1e-9) * step_;
    }

    std::string draw() {
        svg_ =
            text_at(kLeft, top_ - kPanelTop + 18, "name", panel_.title + " (" + panel_.unit + ")");
        legend();
        bands();
        axes();
        std::vector<double> below(chart_.times.size(), 0);
        for (const Series& series : panel_.series) {
            if (series.style == Series::Style::area) {
                area(series, below);
            } else {
                line(series);
            }
        }
        return std::move(svg_);
    }

  private:
    [[nodiscard]] double x(double seconds) const {
        return kLeft + seconds / end_ * (kWidth - kLeft - kRight);
    }
    [[nodiscard]] double y(double value) const { return top_ + kPanelHeight * (1 - value / most_); }

    void legend() {
        double at = kLeft;
        const double middle = top_ - 12;
        const auto entry = [&](const std::string& mark, const std::string& label) {
            svg_ += mark + text_at(at + 22, middle + 4, "", label);
            at += 40 + 6.6 * static_cast<double>(display_width(label));
        };
        for (const Series& series : panel_.series) {
            if (series.style == Series::Style::area) {
                entry("<rect class=\"" + class_of(series) + "\" x=\"" + number(at) + "\" y=\"" +
                          number(middle - 5) + "\" width=\"16\" height=\"10\"/>\n",
                      series.label);
            } else {
                entry("<path class=\"" + class_of(series) + "\" d=\"M" + number(at) + ' ' +
                          number(middle) + "h16\"/>\n",
                      series.label);
            }
        }
        if (!panel_.bands.empty()) {
            entry("<rect class=\"band\" x=\"" + number(at) + "\" y=\"" + number(middle - 5) +
                      "\" width=\"16\" height=\"10\"/>\n",
                  panel_.bands_label);
        }
    }

    void bands() {
        for (const Band& band : panel_.bands) {
            svg_ += "<rect class=\"band\" x=\"" + number(x(band.from)) + "\" y=\"" + number(top_) +
                    "\" width=\"" + number(std::max(1.0, x(band.to) - x(band.from))) +
                    "\" height=\"" + number(kPanelHeight) + "\"/>\n";
        }
    }

    void axes() {
        for (double value = 0; value <= most_ * (1 + 1e-9); value += step_) {
            svg_ +=
                line_at(kLeft, y(value), kWidth - kRight, y(value), value > 0 ? "grid" : "axis");
            svg_ += text_at(kLeft - 8, y(value) + 4, "end", label_of(value));
        }
        const double step = nice_time_step(end_);
        for (double time = 0; time <= end_; time += step) {
            svg_ += line_at(x(time), y(0), x(time), y(0) + 4, "axis");
            svg_ += text_at(x(time), y(0) + 17, "middle", time_label(time));
        }
    }

    [[nodiscard]] static std::string class_of(const Series& series) {
        const char* const shape = series.style == Series::Style::area     ? "area "
                                  : series.style == Series::Style::dashed ? "dashed "
                                                                          : "line ";
        return shape + colour_of(series);
    }

    void line(const Series& series) {
        std::string path;
        for (std::size_t i = 0; i < series.values.size(); ++i) {
            path += (i == 0 ? "M" : "L") + number(x(chart_.times[i])) + ' ' +
                    number(y(series.values[i]));
        }
        svg_ += "<path class=\"" + class_of(series) + "\" d=\"" + path + "\"><title>" +
                xml_text(series.label) + "</title></path>\n";
    }

    void area(const Series& series, std::vector<double>& below) {
        std::string there;
        std::string back;
        for (std::size_t i = 0; i < series.values.size(); ++i) {
            const std::string at = number(x(chart_.times[i])) + ' ';
            const double base = panel_.is_stacked ? below[i] : 0;
            there += (i == 0 ? "M" : "L") + at + number(y(base + series.values[i]));
            back.insert(0, "L" + at + number(y(base)));
            below[i] = base + series.values[i];
        }
        svg_ += "<path class=\"" + class_of(series) + "\" d=\"" + there + back + "Z\"><title>" +
                xml_text(series.label) + "</title></path>\n";
    }

    const Chart& chart_;
    const Panel& panel_;
    double top_;
    double end_;
    double step_ = 1;
    double most_ = 1;
    std::string svg_;
};

}  // namespace

std::string xml_text(const std::string& text) {
    std::string result;
    for (const char character : printable(text)) {
        switch (character) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            default:
                result += character;
        }
    }
    return result;
}

std::string xml_lines(const std::string& text) {
    std::string result;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        result += xml_text(text.substr(begin, end - begin)) + '\n';
        begin = end + 1;
    }
    return result;
}

std::string to_svg(const Chart& chart) {
    const double each = kPanelTop + kPanelHeight + kPanelGap;
    const double height =
        kHead + each * static_cast<double>(chart.panels.size()) + kFoot - kPanelGap;
    const std::string size = number(kWidth) + ' ' + number(height);
    std::string svg =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" "
        "viewBox=\"0 0 " +
        size + "\" width=\"" + number(kWidth) + "\" height=\"" + number(height) + "\">\n<title>" +
        xml_text(chart.title) + "</title>\n";
    svg += style_sheet();
    svg += "<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n";
    svg += text_at(kLeft, 28, "title", chart.title);
    svg += text_at(kLeft, 48, "", chart.subtitle);
    double top = kHead;
    for (const Panel& panel : chart.panels) {
        svg += Drawing(chart, panel, top).draw();
        top += each;
    }
    svg += text_at(kWidth - kRight, height - 8, "end", "time since the begin");
    return svg + "</svg>\n";
}

}  // namespace fleet::cli
