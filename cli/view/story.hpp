// The story of one execution in sentences: what happened, what it waits for, what to do next. Pure:
// from the values of a case file alone.
#pragma once

#include <string>
#include <vector>

#include "cli/view/case_file.hpp"

namespace fleet::cli {

/// A step for the reader: the reason, and a command to type (may be empty).
struct Advice {
    std::string why;
    std::string command;
    bool operator==(const Advice&) const = default;
};

struct Story {
    std::string headline;              ///< "failed: exit code 3, after 2 of 2 allowed failures"
    std::vector<std::string> history;  ///< takeovers, releases and what else was counted
    std::vector<std::string> waits;    ///< why it does not run now; empty once it has ended or runs
    std::vector<Advice> next;          ///< never empty
};

[[nodiscard]] Story tell_story(const CaseFile& file);

}  // namespace fleet::cli
