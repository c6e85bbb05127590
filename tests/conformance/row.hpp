// One row of a conformance file: an expression or a template, its variables, what must come out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/json.hpp"

namespace fleet::conformance {

struct Row {
    std::string id;
    std::string kind;   ///< condition, render, render_dict, prompt
    std::string group;  ///< what `--tag` selects
    base::Json json;    ///< all of it
};

/// Every line of a .jsonl file; throws ConfigError with file and line.
[[nodiscard]] std::vector<Row> read_rows(const std::filesystem::path& file);

enum class Verdict { passed, failed, disputed, skipped };

struct Outcome {
    Verdict verdict = Verdict::failed;
    std::string path;  ///< in the result, where it differs first
    base::Json expected;
    base::Json got;
};

/// What this project gives: {"value": ..., "truthy": ...} or {"error": {"class", "message"}}.
[[nodiscard]] base::Json run_row(const Row& row);

/// Runs the row and compares. Passed: the reference's result or `spec_expect`. A disputed row that
/// gives neither, and has no `spec_expect`, is disputed; one whose expectation is an object of the
/// reference's own language is skipped.
[[nodiscard]] Outcome judge(const Row& row);

/// Where two results differ first, or nothing when they agree: numbers by value, text exactly.
[[nodiscard]] std::string first_difference(const base::Json& expected, const base::Json& got,
                                           const std::string& path, base::Json* left,
                                           base::Json* right);

}  // namespace fleet::conformance
