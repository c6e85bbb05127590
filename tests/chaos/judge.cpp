#include "tests/chaos/judge.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <vector>

#include "common/base/json.hpp"

namespace fleet::chaos {
namespace {

constexpr std::size_t kPage = 10'000;

std::string name_of(const model::Execution& execution) {
    return "execution " + execution.id.text() + " (batch " + execution.batch + ", item " +
           std::to_string(execution.item_number) + ")";
}

std::vector<model::Execution> all_of(contracts::Store& store, const std::string& batch) {
    std::vector<model::Execution> all;
    contracts::ExecutionFilter filter;
    filter.batch = batch;
    filter.limit = kPage;
    do {
        contracts::ExecutionPage page = store.work().find(filter);
        std::move(page.executions.begin(), page.executions.end(), std::back_inserter(all));
        filter.after = page.next;
    } while (filter.after != 0);
    return all;
}

void judge_attempts(contracts::Store& store, const model::Execution& execution, Tally& tally) {
    int last = 0;
    for (const model::Attempt& attempt : store.work().attempts(execution.id)) {
        if (attempt.number <= last) {
            tally.break_rule("attempts do not grow in the store: " + name_of(execution) +
                             ", attempt " + std::to_string(attempt.number) + " after " +
                             std::to_string(last));
        }
        last = attempt.number;
    }
    if (last != execution.counters.attempt) {
        tally.break_rule(
            "the last attempt in the store is not the last one: " + name_of(execution) + ", " +
            std::to_string(last) + " of " + std::to_string(execution.counters.attempt));
    }
}

/// What was recorded is the last that was begun, its command has ended, and its output says so.
void judge_command(contracts::Store& store, const model::Execution& execution,
                   const Journal& journal, Tally& tally) {
    judge_attempts(store, execution, tally);
    const std::vector<Work>& works = journal.of(execution.id.text());
    if (works.empty()) {
        tally.break_rule("done without its command: " + name_of(execution));
        return;
    }
    const Work& last = works.back();
    if (last.attempt != execution.counters.attempt || !last.ended_at_ns) {
        ++tally.doubled;
        tally.break_rule("what was recorded is not what was done last: " + name_of(execution) +
                         ", recorded attempt " + std::to_string(execution.counters.attempt) +
                         ", the last command was of attempt " + std::to_string(last.attempt) +
                         (last.ended_at_ns ? "" : ", which never ended"));
        return;
    }
    const std::string said = execution.id.text() + " " + std::to_string(last.attempt) + " " +
                             std::to_string(last.token) + "\n";
    const base::Json output = base::parse_json(execution.output, "output");
    if (output.at("stdout") != said) {
        tally.break_rule("the output is of another attempt: " + name_of(execution) + ", output " +
                         execution.output);
    }
    for (const Work& work : works) {
        tally.repeated += work.ended_at_ns && work.attempt != last.attempt ? 1 : 0;
    }
}

}  // namespace

void judge_batch(contracts::Store& store, const Submitted& submitted, const Journal& journal,
                 Tally& tally) {
    std::set<std::int64_t> seen;
    for (const model::Execution& execution : all_of(store, submitted.batch)) {
        tally.takeovers += execution.counters.takeovers;
        if (!seen.insert(execution.item_number).second) {
            ++tally.doubled;
            tally.break_rule("an item is there twice: " + name_of(execution));
        }
        if (execution.status != model::Status::done) {
            ++tally.lost;
            tally.break_rule("not done: " + name_of(execution) + " is " +
                             std::string(model::to_text(execution.status)) +
                             (execution.error
                                  ? ", " + std::string(model::to_text(execution.error->kind)) +
                                        ": " + execution.error->message
                                  : ""));
        } else if (submitted.commands) {
            judge_command(store, execution, journal, tally);
        }
    }
    std::int64_t missing = 0;
    std::int64_t first = 0;
    for (std::int64_t number = submitted.items; number >= 1; --number) {
        if (!seen.contains(number)) {
            ++missing;
            first = number;
        }
    }
    if (missing > 0) {
        tally.lost += missing;
        tally.break_rule(std::to_string(missing) + " items of batch " + submitted.batch +
                         " are not in the store, the first is item " + std::to_string(first));
    }
    const auto batch = store.work().batch(submitted.batch);
    if (!batch || batch->counts.done != submitted.items ||
        batch->counts.total() != submitted.items) {
        tally.break_rule("batch " + submitted.batch + " counts " +
                         (batch ? std::to_string(batch->counts.done) + " done of " +
                                      std::to_string(batch->counts.total())
                                : "nothing") +
                         ", " + std::to_string(submitted.items) + " were submitted");
    }
}

void judge_store(contracts::Store& store, Tally& tally) {
    for (const contracts::CheckFinding& finding : store.check()) {
        if (!finding.ok) {
            tally.break_rule("the store's check of " + finding.what + ": " + finding.detail);
        }
    }
}

void judge_results(const std::string& lines, const Submitted& submitted, Tally& tally) {
    std::set<std::string> ids;
    std::int64_t count = 0;
    std::istringstream stream(lines);
    for (std::string line; std::getline(stream, line); ++count) {
        const base::Json result = base::parse_json(line, "a line of fleet results");
        if (!ids.insert(result.at("id").get<std::string>()).second) {
            ++tally.doubled;
            tally.break_rule("fleet results names an execution twice: " + line);
        }
    }
    if (count != submitted.items) {
        tally.break_rule("fleet results has " + std::to_string(count) + " lines for batch " +
                         submitted.batch + " of " + std::to_string(submitted.items) + " items");
    }
}

std::int64_t refused_commits(const contracts::Store& store) {
    constexpr std::string_view kRefused = " leases were lost before their results came";
    constexpr std::string_view kCount = "executions=";
    std::int64_t refused = 0;
    const auto folder = store.data_folder() / "logs" / "workers";
    if (!std::filesystem::exists(folder)) {
        return 0;
    }
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        std::ifstream stream(file.path());
        for (std::string line; std::getline(stream, line);) {
            const std::size_t count = line.find(kCount);
            if (line.find(kRefused) != std::string::npos && count != std::string::npos) {
                std::int64_t number = 0;
                std::from_chars(line.data() + count + kCount.size(), line.data() + line.size(),
                                number);
                refused += number;
            }
        }
    }
    return refused;
}

}  // namespace fleet::chaos
