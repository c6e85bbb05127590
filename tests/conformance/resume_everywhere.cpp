#include "tests/conformance/resume_everywhere.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "tests/conformance/compare.hpp"
#include "tests/conformance/scenario.hpp"

namespace fleet::conformance {
namespace {

using base::Json;

bool is_about_ends(const CaseFile& one) {
    const bool crashes = std::ranges::any_of(one.scenario(), [](const Json& op) {
        return op.contains("crash") || op.contains("max_steps");
    });
    return !one.prints_counts() && !crashes;
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
        if (child["outcome"].contains("error") && child["outcome"]["error"]["class"] == "crash") {
            continue;
        }
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

/// Every checkpoint that is kept while the op runs, once: those of the first machine, then those of
/// its children. The first machine's end is one with what its hooks make of it: nobody is torn down
/// in between.
std::vector<CrashPoint> crash_points(const Json& whole) {
    std::vector<CrashPoint> points;
    const auto add = [&](const std::optional<std::string>& machine, std::size_t count) {
        for (std::size_t nth = 1; nth <= count; ++nth) {
            points.push_back({{}, {}, machine, static_cast<int>(nth)});
        }
    };
    const Json own = whole.value("checkpoints", Json::array());
    const bool has_ended = !own.empty() && own.back().front() == "machine_end";
    add(std::nullopt, own.size() - (has_ended ? 1 : 0));
    std::map<std::string, std::size_t> of_children;
    for (const Json& child : whole.value("children", Json::array())) {
        of_children[child["machine"].get<std::string>()] += child["checkpoints"].size();
    }
    for (const auto& [machine, count] : of_children) {
        add(machine, count);
    }
    return points;
}

/// A case up to the op `place`, which is then torn down and resumed. nullopt: the first machine was
/// not torn down, as nobody waited for the one that was.
std::optional<Json> run_torn(const CaseFile& one, std::size_t place, const CrashPoint& crash,
                             std::string& where) {
    Scenario scenario(one, ResumeStyle::product);
    for (std::size_t before = 0; before < place; ++before) {
        static_cast<void>(scenario.run_op(one.scenario()[before]));
    }
    const Json& op = one.scenario()[place];
    const Json first = scenario.run_machine(op, false, crash);
    if (!first.contains("crashed")) {
        return std::nullopt;
    }
    where = first["crashed"].get<std::string>();
    return joined(first, scenario.run_machine(op, true, std::nullopt));
}

void judge_op(const CaseFile& one, std::size_t place, const Json& whole, CaseOutcome& outcome) {
    const Comparison comparison(one);
    const Json expected = ends_of(whole);
    for (const CrashPoint& crash : crash_points(whole)) {
        std::string where;
        const auto torn = run_torn(one, place, crash, where);
        if (!torn) {
            continue;
        }
        Difference difference = comparison.compare(expected, ends_of(*torn));
        if (!difference.path.empty()) {
            outcome.verdict = Verdict::failed;
            outcome.op = "op#" + std::to_string(place) + "(run, " + crash.machine.value_or("main") +
                         " torn down " + where + ")";
            outcome.path = std::move(difference.path);
            outcome.expected = std::move(difference.expected);
            outcome.got = std::move(difference.got);
            return;
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
            if (is_run(one.scenario()[place]) && outcome.verdict != Verdict::failed) {
                outcome.verdict = Verdict::passed;
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
