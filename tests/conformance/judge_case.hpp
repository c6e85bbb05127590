// Runs a case and says whether it gave what it should.
#pragma once

#include <string>

#include "common/base/json.hpp"
#include "tests/conformance/case_file.hpp"
#include "tests/conformance/row.hpp"

namespace fleet::conformance {

struct CaseOutcome {
    Verdict verdict = Verdict::passed;
    std::string op;    ///< of the first difference: "op#2(resume)"
    std::string path;  ///< in that op's result
    base::Json expected;
    base::Json got;
    base::Json results = base::Json::array();  ///< of all ops that were run
};

/// Passed: every op gives the reference's result or, in a disputed case, the members that
/// `spec_expect` states for it. A disputed case that gives neither is disputed.
[[nodiscard]] CaseOutcome judge_case(const CaseFile& one);

}  // namespace fleet::conformance
