// conformance DIR...: runs the conformance rows and machine cases of folders, also of folders that
// it has never seen. One line per failure, then "N passed, N failed, N disputed"; exit code 0 when
// nothing failed, 1 when something did, 2 for wrong use.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <iostream>
#include <thread>
#include <vector>

#include "common/base/errors.hpp"
#include "tests/conformance/case_file.hpp"
#include "tests/conformance/distributed.hpp"
#include "tests/conformance/judge_case.hpp"
#include "tests/conformance/options.hpp"
#include "tests/conformance/report.hpp"
#include "tests/conformance/resume_everywhere.hpp"
#include "tests/conformance/row.hpp"

namespace {

namespace fs = std::filesystem;
using namespace fleet::conformance;

std::vector<Row> selected_rows(const fs::path& folder, const Options& options) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".jsonl") {
            files.push_back(entry.path());
        }
    }
    std::ranges::sort(files);
    std::vector<Row> rows;
    for (const fs::path& file : files) {
        for (Row& row : read_rows(file)) {
            if (options.select(row.id, {row.group})) {
                rows.push_back(std::move(row));
            }
        }
    }
    return rows;
}

CaseOutcome judge_as_asked(const CaseFile& one, const Options& options) {
    if (options.distributed) {
        return judge_distributed(one, options.crowd);
    }
    return options.resume_everywhere ? judge_resumed_everywhere(one) : judge_case(one);
}

/// `jobs` cases at a time.
std::vector<CaseOutcome> judge_all(const std::vector<CaseFile>& cases, const Options& options) {
    std::vector<CaseOutcome> outcomes(cases.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t at = next++; at < cases.size(); at = next++) {
            outcomes[at] = judge_as_asked(cases[at], options);
        }
    };
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::min(options.jobs, cases.size()); ++i) {
        threads.emplace_back(work);
    }
    threads.clear();  // joins
    return outcomes;
}

void run_folder(const fs::path& folder, const Options& options, Report& report) {
    if (!options.resume_everywhere && !options.distributed) {
        for (const Row& row : selected_rows(folder, options)) {
            report.add(row, judge(row));
        }
    }
    std::vector<CaseFile> cases = read_cases(folder);
    std::erase_if(cases, [&](const CaseFile& one) { return !options.select(one.id, one.tags); });
    const auto outcomes = judge_all(cases, options);
    for (std::size_t at = 0; at < cases.size(); ++at) {
        report.add(cases[at], outcomes[at]);
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Options options = read_options(argc, argv);
        Report report(options.known_failures);
        for (const auto& folder : options.folders) {
            run_folder(folder, options, report);
        }
        return report.finish(options.report.value_or(fs::path()));
    } catch (const std::exception& failure) {
        std::cerr << "conformance: " << failure.what() << "\n" << kUsage;
        return 2;
    }
}
