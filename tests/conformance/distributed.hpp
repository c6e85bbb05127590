// Runs a case a second time by a fleet, with its children on whichever worker process claims them,
// and says whether everything ended as it does in one process.
#pragma once

#include "tests/conformance/case_file.hpp"
#include "tests/conformance/judge_case.hpp"
#include "tests/conformance/worker_crowd.hpp"

namespace fleet::conformance {

/// Passed: every run and resume ends alike, with the same children. Skipped: the case is about
/// something else, or is cut short on purpose.
[[nodiscard]] CaseOutcome judge_distributed(const CaseFile& one, const CrowdOptions& options);

}  // namespace fleet::conformance
