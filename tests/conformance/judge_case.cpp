#include "tests/conformance/judge_case.hpp"

#include <exception>
#include <utility>

#include "tests/conformance/compare.hpp"
#include "tests/conformance/scenario.hpp"

namespace fleet::conformance {
namespace {

using base::Json;

/// What the specification states for the op; null when it states nothing.
Json stated_for(const CaseFile& one, std::size_t op) {
    const std::string key = std::to_string(op);
    if (!one.is_disputed() || !one.json.contains("spec_expect") ||
        !one.json["spec_expect"].contains(key)) {
        return {};
    }
    return one.json["spec_expect"][key];
}

void judge_op(const CaseFile& one, const Comparison& comparison, std::size_t place,
              CaseOutcome& outcome) {
    const Json& got = outcome.results.back();
    Difference difference = comparison.compare(one.expected[place], got);
    if (difference.path.empty()) {
        return;
    }
    const Json stated = stated_for(one, place);
    if (!stated.is_null() && comparison.compare_stated(stated, got).path.empty()) {
        return;
    }
    if (outcome.verdict != Verdict::passed) {
        return;  // the first difference is told
    }
    outcome.verdict = one.is_disputed() ? Verdict::disputed : Verdict::failed;
    outcome.op = "op#" + std::to_string(place) + "(" +
                 one.scenario()[place].at("op").get<std::string>() + ")";
    outcome.path = std::move(difference.path);
    outcome.expected = std::move(difference.expected);
    outcome.got = std::move(difference.got);
}

}  // namespace

CaseOutcome judge_case(const CaseFile& one) {
    CaseOutcome outcome;
    try {
        Scenario scenario(one, ResumeStyle::family);
        const Comparison comparison(one);
        for (std::size_t place = 0; place < one.scenario().size(); ++place) {
            outcome.results.push_back(scenario.run_op(one.scenario()[place]));
            judge_op(one, comparison, place, outcome);
        }
    } catch (const std::exception& failure) {
        outcome.verdict = Verdict::failed;
        outcome.op = "op#" + std::to_string(outcome.results.size());
        outcome.path = ".";
        outcome.got = std::string("the runner failed: ") + failure.what();
    }
    return outcome;
}

}  // namespace fleet::conformance
