// Charts over time as one self-contained SVG: panels below each other with a common axis of time,
// each with its own axis of values, unit and legend. Readable on light and dark ground; no scripts,
// no fonts and nothing else from outside. Pure.
#pragma once

#include <string>
#include <vector>

namespace fleet::cli {

struct Series {
    enum class Style { line, dashed, area };
    std::string label;
    std::vector<double> values;  ///< one for each of the chart's times
    int colour = 0;              ///< which of the palette's, round and round; -1: grey
    Style style = Style::line;
};

/// A stretch of time that is set off.
struct Band {
    double from = 0;  ///< seconds
    double to = 0;
};

struct Panel {
    std::string title;
    std::string unit;  ///< of the values: "workers", "calls a second", "%"
    std::vector<Series> series;
    bool is_stacked = false;  ///< areas stand on each other, the first at the bottom
    std::vector<Band> bands = {};
    std::string bands_label = {};  ///< what they are; for the legend
    double least_top = 1;          ///< the axis reaches at least to here
};

struct Chart {
    std::string title;
    std::string subtitle;
    std::vector<double> times;  ///< seconds, growing
    std::vector<Panel> panels;
};

/// An `<svg>` element with its own styles; well-formed XML.
[[nodiscard]] std::string to_svg(const Chart& chart);
/// The text with what XML reserves replaced, and without control characters.
[[nodiscard]] std::string xml_text(const std::string& text);
/// The same for each line of a text; line breaks stay.
[[nodiscard]] std::string xml_lines(const std::string& text);

}  // namespace fleet::cli
