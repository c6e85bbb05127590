// What every benchmark prints: one table for people, or one JSON array with --json.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fleet::bench {

/// One figure. `limit` is the raw limit of the machine taken in the same run, `ratio` what of it
/// was reached.
struct Row {
    std::string name;
    double value = 0.0;
    std::string unit;
    std::optional<double> limit = std::nullopt;
    std::optional<double> ratio = std::nullopt;
    int samples = 0;
};

/// Rows `name value unit limit ratio samples`; absent figures are "-" in the table, null in JSON.
[[nodiscard]] std::string table_text(const std::vector<Row>& rows);
[[nodiscard]] std::string table_json(const std::vector<Row>& rows);

/// On standard output, as `json` says.
void print_table(const std::vector<Row>& rows, bool json);

/// Of at least one value.
[[nodiscard]] double median(std::vector<double> values);

/// True if --json stands among the arguments.
[[nodiscard]] bool wants_json(int argc, const char* const* argv);
/// The number after an option such as "--rounds", else `fallback`. Exits with 2 when it is none.
[[nodiscard]] int integer_option(int argc, const char* const* argv, const std::string& name,
                                 int fallback);

}  // namespace fleet::bench
