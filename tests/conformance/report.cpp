#include "tests/conformance/report.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <string_view>
#include <utility>

#include "common/base/errors.hpp"

namespace fleet::conformance {
namespace {

using base::Json;

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::passed:
            return "passed";
        case Verdict::failed:
            return "failed";
        case Verdict::disputed:
            return "disputed";
        case Verdict::skipped:
            break;
    }
    return "skipped";
}

void print_difference(const std::string& where, const Json& expected, const Json& got) {
    std::cout << where << ": expected " << base::dump_json(expected) << ", got "
              << base::dump_json(got) << "\n";
}

void add_dispute(const Json& source, Json& result) {
    result["disputed"] = source["disputed"];
    result["spec_says"] = source.value("spec_says", "");
}

}  // namespace

void Report::count(Verdict verdict) {
    switch (verdict) {
        case Verdict::passed:
            ++passed_;
            break;
        case Verdict::failed:
            ++failed_;
            break;
        case Verdict::disputed:
            ++disputed_;
            break;
        case Verdict::skipped:
            ++skipped_;
            break;
    }
}

void Report::compare_with_known(const std::string& id, Verdict verdict) {
    const bool is_known = std::ranges::find(known_failures_, id) != known_failures_.end();
    const bool has_failed = verdict == Verdict::failed;
    if (is_known != has_failed && verdict != Verdict::skipped) {
        ++surprises_;
        if (is_known) {
            std::cout << id << " passed, and is named as a known failure\n";
        }
    }
}

void Report::add(const Row& row, const Outcome& outcome) {
    Json result{{"id", row.id}, {"op", row.kind}, {"verdict", name_of(outcome.verdict)}};
    if (outcome.verdict != Verdict::passed) {
        result["path"] = outcome.path;
        result["expected"] = outcome.expected;
        result["got"] = outcome.got;
    }
    if (outcome.verdict == Verdict::failed) {
        print_difference(row.id + " " + row.kind + " " + outcome.path, outcome.expected,
                         outcome.got);
    } else if (outcome.verdict == Verdict::disputed) {
        add_dispute(row.json, result);
    }
    compare_with_known(row.id, outcome.verdict);
    count(outcome.verdict);
    results_.push_back(std::move(result));
}

void Report::add(const CaseFile& one, const CaseOutcome& outcome) {
    Json result{{"id", one.id}, {"op", outcome.op}, {"verdict", name_of(outcome.verdict)}};
    if (outcome.verdict == Verdict::failed || outcome.verdict == Verdict::disputed) {
        result["path"] = outcome.path;
        result["expected"] = outcome.expected;
        result["got"] = outcome.got;
        result["results"] = outcome.results;
    }
    if (outcome.verdict == Verdict::failed) {
        print_difference(one.id + " " + outcome.op + " " + outcome.path, outcome.expected,
                         outcome.got);
    } else if (outcome.verdict == Verdict::disputed) {
        add_dispute(one.json, result);
    }
    compare_with_known(one.id, outcome.verdict);
    count(outcome.verdict);
    spread_.children += outcome.spread.children;
    spread_.elsewhere += outcome.spread.elsewhere;
    spread_.kills += outcome.spread.kills;
    spread_.lost += outcome.spread.lost;
    results_.push_back(std::move(result));
}

int Report::finish(const std::filesystem::path& file) const {
    if (skipped_ > 0) {
        std::cout << skipped_ << " skipped\n";
    }
    if (spread_.children > 0) {
        std::cout << spread_.children << " children, " << spread_.elsewhere
                  << " on another process than their parent; " << spread_.kills
                  << " workers killed, " << spread_.lost << " starts lost with them\n";
    }
    std::cout << passed_ << " passed, " << failed_ << " failed, " << disputed_ << " disputed\n";
    if (!file.empty()) {
        const Json report{{"passed", passed_},
                          {"failed", failed_},
                          {"disputed", disputed_},
                          {"skipped", skipped_},
                          {"results", results_}};
        std::ofstream stream(file);
        stream << report.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
        if (!stream.flush()) {
            throw base::ConfigError("cannot write " + file.string());
        }
    }
    return surprises_ == 0 ? 0 : 1;
}

}  // namespace fleet::conformance
