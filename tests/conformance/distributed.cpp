#include "tests/conformance/distributed.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "tests/conformance/case_fleet.hpp"
#include "tests/conformance/compare.hpp"
#include "tests/conformance/scenario.hpp"

namespace fleet::conformance {
namespace {

using base::Json;

bool is_execution(const Json& op) {
    return op.at("op") == "run" || op.at("op") == "resume";
}

bool is_for_a_fleet(const CaseFile& one, bool kills) {
    // Those that only look are left out of what is compared.
    constexpr std::array<std::string_view, 8> kOps{"run",    "resume", "load",    "signal",
                                                   "latest", "list",   "signals", "validate"};
    const auto fits = [&](const Json& op) {
        const bool is_cut_short =
            op.contains("crash") || op.contains("max_steps") || op.contains("max_agent_calls");
        return !is_cut_short &&
               std::ranges::find(kOps, op.at("op").get<std::string>()) != kOps.end();
    };
    const auto& scenario = one.scenario();
    const bool resumes =
        std::ranges::any_of(scenario, [](const Json& op) { return op.at("op") == "resume"; });
    if ((resumes || kills) && one.prints_counts()) {
        return false;  // a fleet resumes after kills, and not what nothing has woken
    }
    return std::ranges::all_of(scenario, fits) &&
           std::ranges::any_of(scenario, [](const Json& op) { return op.at("op") == "run"; });
}

/// What is compared of a run in one process.
Json ends_of(const Json& result) {
    Json ends;
    for (const char* const key : {"output", "error"}) {
        if (result.contains(key)) {
            ends[key] = result[key];
        }
    }
    ends["children"] = Json::array();
    for (const Json& child : result.value("children", Json::array())) {
        ends["children"].push_back({{"machine", child["machine"]},
                                    {"input", child["input"]},
                                    {"outcome", child["outcome"]}});
    }
    return ends;
}

class DistributedCase {
  public:
    DistributedCase(const CaseFile& one, const CrowdOptions& options)
        : case_(one), fleet_(options), comparison_(one) {}

    /// `whole` is the op's result in one process.
    void run(std::size_t place, const Json& whole, CaseOutcome& outcome) {
        const Json& op = case_.scenario()[place];
        if (op.at("op") == "signal") {
            fleet_.signal(op.at("channel"), op.value("data", Json()));
        }
        if (!is_execution(op)) {
            return;
        }
        const std::string name = op.value("id", kMainId);
        if (op.at("op") == "run" || !fleet_.knows(name)) {
            const auto loaded =
                config::load_machine(case_.folder / op.value("file", "machine.yml"));
            if (!loaded.bundle) {
                return;  // nothing that could be pushed
            }
            fleet_.push(name, *loaded.bundle, op.value("input", Json::object()));
        } else {
            fleet_.requeue_failed(name);
        }
        if (outcome.verdict == Verdict::skipped) {
            outcome.verdict = Verdict::passed;
        }
        judge(place, ends_of(whole), fleet_.ends_of(name), outcome);
    }
    [[nodiscard]] Spread spread() const { return fleet_.spread(); }

  private:
    void judge(std::size_t place, const Json& expected, Json got, CaseOutcome& outcome) const {
        Difference difference = comparison_.compare(expected, got);
        if (difference.path.starts_with(".output")) {
            difference.got = got;  // how it ended instead
        }
        outcome.results.push_back(std::move(got));
        if (difference.path.empty() || outcome.verdict == Verdict::failed) {
            return;
        }
        outcome.verdict = Verdict::failed;
        outcome.op = "op#" + std::to_string(place) + "(" +
                     case_.scenario()[place].at("op").get<std::string>() + ", by a fleet)";
        outcome.path = std::move(difference.path);
        outcome.expected = std::move(difference.expected);
        outcome.got = std::move(difference.got);
    }

    const CaseFile& case_;
    CaseFleet fleet_;
    const Comparison comparison_;
};

}  // namespace

CaseOutcome judge_distributed(const CaseFile& one, const CrowdOptions& options) {
    CaseOutcome outcome;
    outcome.verdict = Verdict::skipped;
    if (!is_for_a_fleet(one, options.kills)) {
        return outcome;
    }
    try {
        Scenario scenario(one, ResumeStyle::product);
        std::vector<Json> whole;
        for (const Json& op : one.scenario()) {
            whole.push_back(scenario.run_op(op));
        }
        if (options.kills && scenario.memory().stubs.is_counter_used()) {
            return outcome;
        }
        DistributedCase distributed(one, options);
        for (std::size_t place = 0; place < whole.size(); ++place) {
            distributed.run(place, whole[place], outcome);
        }
        outcome.spread = distributed.spread();
        if (outcome.verdict == Verdict::passed &&
            outcome.spread.elsewhere < outcome.spread.children) {
            outcome.verdict = Verdict::failed;
            outcome.op = "by a fleet";
            outcome.path = ".children";
            outcome.expected = outcome.spread.children;
            outcome.got =
                std::to_string(outcome.spread.elsewhere) + " on another process than their parent";
        }
    } catch (const std::exception& failure) {
        outcome.verdict = Verdict::failed;
        outcome.op = "by a fleet";
        outcome.path = ".";
        outcome.got = std::string("the runner failed: ") + failure.what();
    }
    return outcome;
}

}  // namespace fleet::conformance
