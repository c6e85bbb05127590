#include "tests/conformance/resume_everywhere.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <set>
#include <string_view>
#include <utility>

#include "tests/conformance/compare.hpp"
#include "tests/conformance/scenario.hpp"

namespace fleet::conformance {
namespace {

using base::Json;

bool is_about_ends(const CaseFile& one) {
    // These print the number of steps or of calls of one process.
    constexpr std::array<std::string_view, 5> kCounts{"machine.step", "fields: [step",
                                                      "total_api_calls", "{{ context.machine }}",
                                                      "{{ context }}"};
    const bool counts = std::ranges::any_of(kCounts, [&](std::string_view text) {
        return one.sources.find(text) != std::string::npos;
    });
    const bool crashes = std::ranges::any_of(one.scenario(), [](const Json& op) {
        return op.contains("crash") || op.contains("max_steps");
    });
    return !counts && !crashes;
}

bool is_run(const Json& op) {
    return op.at("op") == "run";
}

/// {output} or {error}, and what became of the children: each kind once, because a state that runs
/// again runs its children again.
Json ends_of(const Json& result) {
    Json ends;
    for (const char* const key : {"output", "error"}) {
        if (result.contains(key)) {
            ends[key] = result[key];
        }
    }
    std::set<std::string> children;
    for (const Json& child : result.value("children", Json::array())) {
        children.insert(base::dump_json({{"machine", child["machine"]},
                                         {"input", child["input"]},
                                         {"outcome", child["outcome"]}}));
    }
    ends["children"] = children;
    return ends;
}

/// What both runs of the machine did together.
Json joined(const Json& before, Json after) {
    Json children = before.value("children", Json::array());
    for (const Json& child : after.value("children", Json::array())) {
        children.push_back(child);
    }
    after["children"] = std::move(children);
    return after;
}

/// A case up to the op `place`, which is then torn down at its nth kept checkpoint and resumed.
Json run_torn(const CaseFile& one, std::size_t place, int nth, Json& crashed) {
    Scenario scenario(one, ResumeStyle::product);
    for (std::size_t before = 0; before < place; ++before) {
        static_cast<void>(scenario.run_op(one.scenario()[before]));
    }
    const Json& op = one.scenario()[place];
    CrashPoint crash;
    crash.nth = nth;
    const Json first = scenario.run_machine(op, false, crash);
    crashed = first.value("crashed", Json());
    if (crashed.is_null()) {
        return first;
    }
    return joined(first, scenario.run_machine(op, true, std::nullopt));
}

void judge_op(const CaseFile& one, std::size_t place, const Json& whole, CaseOutcome& outcome) {
    const Comparison comparison(one);
    const Json expected = ends_of(whole);
    // A machine's end is one with what its hooks make of it: nobody is torn down in between.
    const Json checkpoints = whole.value("checkpoints", Json::array());
    const bool has_ended = !checkpoints.empty() && checkpoints.back().front() == "machine_end";
    const auto kept = static_cast<int>(checkpoints.size()) - (has_ended ? 1 : 0);
    for (int nth = 1; nth <= kept && outcome.verdict != Verdict::failed; ++nth) {
        Json crashed;
        const Json got = ends_of(run_torn(one, place, nth, crashed));
        Difference difference = comparison.compare(expected, got);
        if (!difference.path.empty()) {
            outcome.verdict = Verdict::failed;
            outcome.op = "op#" + std::to_string(place) + "(run, torn down " +
                         (crashed.is_string() ? crashed.get<std::string>() : "nowhere") + ")";
            outcome.path = std::move(difference.path);
            outcome.expected = std::move(difference.expected);
            outcome.got = std::move(difference.got);
        }
    }
}

}  // namespace

CaseOutcome judge_resumed_everywhere(const CaseFile& one) {
    CaseOutcome outcome;
    outcome.verdict = Verdict::skipped;
    if (!is_about_ends(one)) {
        return outcome;
    }
    try {
        Scenario scenario(one, ResumeStyle::product);
        for (const Json& op : one.scenario()) {
            outcome.results.push_back(scenario.run_op(op));
        }
        if (scenario.memory().stubs.is_counter_used()) {
            return outcome;
        }
        for (std::size_t place = 0; place < outcome.results.size(); ++place) {
            if (is_run(one.scenario()[place])) {
                outcome.verdict =
                    outcome.verdict == Verdict::failed ? Verdict::failed : Verdict::passed;
                judge_op(one, place, outcome.results[place], outcome);
            }
        }
    } catch (const std::exception& failure) {
        outcome.verdict = Verdict::failed;
        outcome.op = "resumed everywhere";
        outcome.path = ".";
        outcome.got = std::string("the runner failed: ") + failure.what();
    }
    return outcome;
}

}  // namespace fleet::conformance
