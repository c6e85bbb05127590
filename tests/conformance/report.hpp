// Counts verdicts, prints failures as they come and writes the report. Not thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/base/json.hpp"
#include "tests/conformance/case_file.hpp"
#include "tests/conformance/judge_case.hpp"
#include "tests/conformance/row.hpp"

namespace fleet::conformance {

class Report {
  public:
    /// Ids of cases of which it is known that they fail.
    explicit Report(std::vector<std::string> known_failures)
        : known_failures_(std::move(known_failures)) {}

    void add(const Row& row, const Outcome& outcome);
    void add(const CaseFile& one, const CaseOutcome& outcome);

    /// The counts, and the report when a file is named; throws ConfigError when it cannot be
    /// written. Gives the program's exit code: 0 when just the known failures failed.
    [[nodiscard]] int finish(const std::filesystem::path& file) const;

  private:
    void count(Verdict verdict);
    void compare_with_known(const std::string& id, Verdict verdict);

    const std::vector<std::string> known_failures_;
    base::Json results_ = base::Json::array();
    int surprises_ = 0;  ///< failed though not known, or known and passed
    int passed_ = 0;
    int failed_ = 0;
    int disputed_ = 0;
    int skipped_ = 0;
    Spread spread_;  ///< of all cases that a fleet ran
};

}  // namespace fleet::conformance
