// Runs a case and says whether it gave what it should.
#pragma once

#include <string>

#include "common/base/json.hpp"
#include "tests/conformance/case_file.hpp"
#include "tests/conformance/row.hpp"

namespace fleet::conformance {

/// What a fleet did for a case.
struct Spread {
    int children = 0;
    int elsewhere = 0;  ///< run by another process than their parent
    int kills = 0;
    int lost = 0;  ///< starts that were lost with their worker
};

struct CaseOutcome {
    Verdict verdict = Verdict::passed;
    std::string op;    ///< of the first difference: "op#2(resume)"
    std::string path;  ///< in that op's result
    base::Json expected;
    base::Json got;
    base::Json results = base::Json::array();  ///< of all ops that were run
    Spread spread;                             ///< of cases that a fleet ran
};

/// Passed: every op gives the reference's result or, in a disputed case, the members that
/// `spec_expect` states for it. A disputed case that gives neither is disputed.
[[nodiscard]] CaseOutcome judge_case(const CaseFile& one);

}  // namespace fleet::conformance
