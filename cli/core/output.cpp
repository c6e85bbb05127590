#include "cli/core/output.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include <CLI/App.hpp>

namespace fleet::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastShrunk = 8;

std::string one_decimal(double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
}

void append_aligned(std::string& line, const std::string& painted, std::size_t width,
                    std::size_t wanted, Align align, bool last) {
    const std::size_t padding = wanted > width ? wanted - width : 0;
    if (align == Align::right) {
        line.append(padding, ' ').append(painted);
    } else {
        line.append(painted).append(last ? 0 : padding, ' ');
    }
    line.append(last ? 0 : kGap, ' ');
}

}  // namespace

void add_format_options(CLI::App& command, FormatOptions& options) {
    CLI::Option* json = command.add_flag("--json", options.json, "print one JSON array");
    CLI::Option* lines = command.add_flag("--jsonl", options.jsonl, "print one JSON object a line");
    json->excludes(lines);
}

void JsonList::add(const base::JsonText& object) {
    if (format_ == Format::jsonl) {
        out_ << object << '\n';
        return;
    }
    out_ << (first_ ? "[\n  " : ",\n  ") << object;
    first_ = false;
}

void JsonList::finish() {
    if (format_ == Format::json) {
        out_ << (first_ ? "[]\n" : "\n]\n");
    }
}

void Table::add(std::vector<Cell> row) {
    for (Cell& cell : row) {
        cell.text = printable(cell.text);
    }
    row.resize(columns_.size());
    rows_.push_back(std::move(row));
}

bool Table::is_empty(std::size_t column) const {
    return std::all_of(rows_.begin(), rows_.end(),
                       [column](const auto& row) { return row[column].text == "-"; });
}

void Table::shrink(std::vector<Placed>& placed, std::size_t room) const {
    const auto total = [&placed] {
        std::size_t sum = kGap * (placed.size() - 1);
        for (const Placed& one : placed) {
            sum += one.width;
        }
        return sum;
    };
    for (std::size_t at = placed.size(); at-- > 0 && total() > room;) {
        if (columns_[placed[at].column].may_vanish && is_empty(placed[at].column)) {
            placed.erase(placed.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }
    while (total() > room) {
        // One character at a time from the widest: what is short stays whole.
        Placed* widest = nullptr;
        for (Placed& one : placed) {
            const Column& column = columns_[one.column];
            const std::size_t least = std::max(kLeastShrunk, display_width(column.title));
            if (column.may_shrink && one.width > least &&
                (widest == nullptr || one.width > widest->width)) {
                widest = &one;
            }
        }
        if (widest == nullptr) {
            break;
        }
        --widest->width;
    }
}

std::vector<Table::Placed> Table::place(const Terminal& terminal) const {
    std::vector<Placed> placed;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        std::size_t width = display_width(columns_[column].title);
        for (const auto& row : rows_) {
            width = std::max(width, display_width(row[column].text));
        }
        placed.push_back({column, width});
    }
    if (terminal.out_is_terminal() && !placed.empty()) {
        shrink(placed, static_cast<std::size_t>(std::max(terminal.columns() - 1, 1)));
    }
    return placed;
}

std::vector<std::string> Table::lines(const Terminal& terminal) const {
    const std::vector<Placed> placed = place(terminal);
    std::vector<std::string> lines(1);
    for (std::size_t at = 0; at < placed.size(); ++at) {
        const Column& column = columns_[placed[at].column];
        append_aligned(lines.front(), terminal.paint(column.title, Colour::bold),
                       display_width(column.title), placed[at].width, column.align,
                       at + 1 == placed.size());
    }
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t at = 0; at < placed.size(); ++at) {
            const Cell& cell = row[placed[at].column];
            const std::string text = cut_to_width(cell.text, placed[at].width);
            append_aligned(line, terminal.paint(text, cell.colour), display_width(text),
                           placed[at].width, columns_[placed[at].column].align,
                           at + 1 == placed.size());
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

void Table::print(std::ostream& out, const Terminal& terminal) const {
    for (const std::string& line : lines(terminal)) {
        out << line << '\n';
    }
}

base::JsonText json_number(double value) {
    std::array<char, 400> text{};
    std::snprintf(text.data(), text.size(), "%.3f", std::isfinite(value) ? value : 0.0);
    std::string number = text.data();
    number.erase(number.find_last_not_of('0') + 1);
    if (number.back() == '.') {
        number.pop_back();
    }
    return number;
}

std::string with_commas(std::int64_t number) {
    std::string digits = std::to_string(number);
    const std::size_t first = digits.front() == '-' ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3;) {
        at -= 3;
        digits.insert(at, 1, ',');
    }
    return digits;
}

std::string human_bytes(std::int64_t bytes) {
    constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return (unit == 0 ? std::to_string(bytes) : one_decimal(value)) + " " + kUnits[unit];
}

std::string human_rate(double per_second) {
    if (per_second < 0.05) {
        return "0/s";
    }
    return (per_second < 100 ? one_decimal(per_second) : with_commas(std::llround(per_second))) +
           "/s";
}

}  // namespace fleet::cli
