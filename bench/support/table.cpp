#include "bench/support/table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "common/base/json.hpp"

namespace fleet::bench {
namespace {

constexpr std::array<const char*, 6> kColumns{"name", "value", "unit", "limit", "ratio", "samples"};

/// Four digits that count; large numbers without decimals.
std::string figure(double value) {
    std::array<char, 64> text{};
    const double size = std::fabs(value);
    const int decimals = size >= 1000.0 ? 0 : size >= 100.0 ? 1 : size >= 10.0 ? 2 : 3;
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return text.data();
}

std::string figure(const std::optional<double>& value) {
    return value ? figure(*value) : "-";
}

std::array<std::string, 6> cells(const Row& row) {
    return {row.name,          figure(row.value),
            row.unit,          figure(row.limit),
            figure(row.ratio), row.samples > 0 ? std::to_string(row.samples) : "-"};
}

bool is_left_aligned(std::size_t column) {
    return column == 0 || column == 2;
}

}  // namespace

std::string table_text(const std::vector<Row>& rows) {
    std::vector<std::array<std::string, 6>> lines;
    lines.emplace_back();
    std::copy(kColumns.begin(), kColumns.end(), lines.back().begin());
    for (const Row& row : rows) {
        lines.push_back(cells(row));
    }
    std::array<std::size_t, 6> widths{};
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            widths[i] = std::max(widths[i], line[i].size());
        }
    }
    std::string text;
    for (const auto& line : lines) {
        std::string printed;
        for (std::size_t i = 0; i < line.size(); ++i) {
            const std::string space(widths[i] - line[i].size(), ' ');
            printed += is_left_aligned(i) ? line[i] + space : space + line[i];
            printed += "  ";
        }
        printed.erase(printed.find_last_not_of(' ') + 1);
        text += printed + "\n";
    }
    return text;
}

std::string table_json(const std::vector<Row>& rows) {
    const auto number = [](const std::optional<double>& value) {
        return value ? base::Json(*value) : base::Json(nullptr);
    };
    base::Json array = base::Json::array();
    for (const Row& row : rows) {
        array.push_back({{"name", row.name},
                         {"value", row.value},
                         {"unit", row.unit},
                         {"limit", number(row.limit)},
                         {"ratio", number(row.ratio)},
                         {"samples", row.samples}});
    }
    return base::dump_json(array) + "\n";
}

void print_table(const std::vector<Row>& rows, bool json) {
    std::fputs((json ? table_json(rows) : table_text(rows)).c_str(), stdout);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2.0;
}

bool wants_json(int argc, const char* const* argv) {
    return std::any_of(argv + 1, argv + argc,
                       [](const char* text) { return std::string_view(text) == "--json"; });
}

int integer_option(int argc, const char* const* argv, const std::string& name, int fallback) {
    for (int i = 1; i < argc; ++i) {
        if (name != argv[i]) {
            continue;
        }
        const std::string_view text = i + 1 < argc ? argv[i + 1] : "";
        int value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size() || value <= 0) {
            std::fprintf(stderr, "%s: %s needs a positive number\n", argv[0], name.c_str());
            std::exit(2);
        }
        return value;
    }
    return fallback;
}

}  // namespace fleet::bench
