// The forms in which commands print lists: a table for people, JSON for programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/core/terminal.hpp"
#include "common/base/json_text.hpp"
#include "common/base/time.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own name
class App;
}

namespace fleet::cli {

enum class Format { table, json, jsonl };

/// The targets of `--json` and `--jsonl`.
struct FormatOptions {
    bool json = false;
    bool jsonl = false;
    [[nodiscard]] Format format() const {
        return json ? Format::json : jsonl ? Format::jsonl : Format::table;
    }
};
/// Adds `--json` (one array) and `--jsonl` (one object a line), which exclude each other.
void add_format_options(CLI::App& command, FormatOptions& options);

/// Writes objects one by one, as one array or as lines. `finish` closes the array.
class JsonList {
  public:
    /// `format` is json or jsonl.
    JsonList(std::ostream& out, Format format) : out_(out), format_(format) {}
    void add(const base::JsonText& object);
    void finish();

  private:
    std::ostream& out_;
    Format format_;
    bool first_ = true;
};

enum class Align { left, right };

struct Column {
    std::string title;
    Align align = Align::left;
    /// Columns that may shrink give way, the widest first, when the table is wider than the
    /// terminal; never below their title's width or 8.
    bool may_shrink = false;
    /// Left out, the last one first, when the table is wider than the terminal and all its cells
    /// are
    /// "-".
    bool may_vanish = false;
};

struct Cell {
    std::string text;  ///< control characters are removed when it is printed
    Colour colour = Colour::plain;
};

/// Rows are kept until `print`. Without a terminal nothing is cut.
class Table {
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    /// As many cells as columns.
    void add(std::vector<Cell> row);
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    /// The title line and the rows, without final line breaks; for blocks that are redrawn.
    [[nodiscard]] std::vector<std::string> lines(const Terminal& terminal) const;
    void print(std::ostream& out, const Terminal& terminal) const;

  private:
    /// A column with its width in this terminal.
    struct Placed {
        std::size_t column = 0;
        std::size_t width = 0;
    };
    [[nodiscard]] std::vector<Placed> place(const Terminal& terminal) const;
    [[nodiscard]] bool is_empty(std::size_t column) const;
    void shrink(std::vector<Placed>& placed, std::size_t room) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

/// A JSON number with at most three decimals.
[[nodiscard]] base::JsonText json_number(double value);
/// "1,234,567".
[[nodiscard]] std::string with_commas(std::int64_t number);
/// "12.3 MiB".
[[nodiscard]] std::string human_bytes(std::int64_t bytes);
/// "12.3/s", "1,200/s", "0/s".
[[nodiscard]] std::string human_rate(double per_second);

}  // namespace fleet::cli
