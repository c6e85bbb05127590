// What is wrong with a configuration, and where. A reader collects all of it before anybody is
// told. Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "machines/config/node.hpp"

namespace fleet::config {

enum class Severity {
    warning,     ///< probably not what was meant; everything works
    run_error,   ///< an error; the family's SDK starts such a machine and fails when it gets there
    load_error,  ///< an error; the machine cannot be started
};

/// What kind of thing is wrong: `syntax` and `missing_file` are said of a load_error, `expression`
/// of a template or an expression that cannot be read.
enum class Fault { config, syntax, missing_file, expression };

struct Diagnostic {
    Severity severity = Severity::load_error;
    Fault fault = Fault::config;
    std::string file;
    Position at;
    std::string path;     ///< "data.states.start.transitions.0"; empty for the whole file
    std::string message;  ///< what is wrong
    std::string advice;   ///< what would be right; may be empty

    /// "FILE:LINE:COLUMN: error: MESSAGE; ADVICE".
    [[nodiscard]] std::string line() const;
};

/// Errors of either kind: what `fleet validate` fails for.
[[nodiscard]] bool has_errors(const std::vector<Diagnostic>& diagnostics);
[[nodiscard]] bool has_load_errors(const std::vector<Diagnostic>& diagnostics);
/// Errors of templates and expressions.
[[nodiscard]] bool has_expression_errors(const std::vector<Diagnostic>& diagnostics);
/// By file in the order of their first mention, then by position.
void sort(std::vector<Diagnostic>& diagnostics);

/// Where in which file: a value or key with its dotted path.
struct Place {
    Position at;
    std::string path;
};

/// Collects what is found in one file.
class Findings {
  public:
    explicit Findings(std::string file) : file_(std::move(file)) {}

    void warn(const Place& place, std::string message, std::string advice);
    /// A run_error.
    void error(const Place& place, std::string message, std::string advice,
               Fault fault = Fault::config);
    /// A load_error.
    void refuse(const Place& place, std::string message, std::string advice,
                Fault fault = Fault::config);

    [[nodiscard]] const std::string& file() const { return file_; }
    [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }

  private:
    void add(Severity severity, Fault fault, const Place& place, std::string message,
             std::string advice);

    std::string file_;
    std::vector<Diagnostic> all_;
};

/// "`a`, `b` or `c`".
[[nodiscard]] std::string one_of(const std::vector<std::string>& names);
/// "did you mean `x`?" when one is near, else "one of `a`, `b` or `c`"; "" without names.
[[nodiscard]] std::string suggestion(std::string_view typed, const std::vector<std::string>& names);

}  // namespace fleet::config
