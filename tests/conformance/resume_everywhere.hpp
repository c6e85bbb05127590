// Runs a case's machines once for every checkpoint that they keep: torn down right after it, then
// resumed to the end. What comes out must be what came out without.
#pragma once

#include "tests/conformance/case_file.hpp"
#include "tests/conformance/judge_case.hpp"

namespace fleet::conformance {

/// Skipped: a case that crashes on purpose, whose stubs answer by how often they were asked, or
/// whose results tell the number of steps, which a resumed run has more of.
[[nodiscard]] CaseOutcome judge_resumed_everywhere(const CaseFile& one);

}  // namespace fleet::conformance
