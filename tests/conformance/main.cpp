// conformance DIR... [--report FILE] [--only ID] [--tag T]: runs the conformance rows of folders.
// One line per failure, then "N passed, N failed, N disputed"; exit code 0 when nothing failed,
// 1 when something did, 2 for wrong use.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include "common/base/errors.hpp"
#include "tests/conformance/row.hpp"

namespace {

using fleet::base::ConfigError;
using fleet::base::Json;
using fleet::conformance::Outcome;
using fleet::conformance::Row;
using fleet::conformance::Verdict;

struct Options {
    std::vector<std::filesystem::path> folders;
    std::optional<std::filesystem::path> report;
    std::vector<std::string> only;
    std::vector<std::string> tags;
};

Options read_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        const bool takes_value =
            argument == "--report" || argument == "--only" || argument == "--tag";
        if (!takes_value) {
            if (argument.starts_with("-")) {
                throw ConfigError("unknown option " + argument);
            }
            options.folders.emplace_back(argument);
            continue;
        }
        if (++i == argc) {
            throw ConfigError(argument + " needs a value");
        }
        if (argument == "--report") {
            options.report = argv[i];
        } else {
            (argument == "--only" ? options.only : options.tags).emplace_back(argv[i]);
        }
    }
    if (options.folders.empty()) {
        throw ConfigError("no folder given");
    }
    return options;
}

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

class Run {
  public:
    explicit Run(Options options) : options_(std::move(options)) {}

    void folder(const std::filesystem::path& folder) {
        if (!std::filesystem::is_directory(folder)) {
            throw ConfigError(folder.string() + " is no folder");
        }
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            if (entry.path().extension() == ".jsonl") {
                files.push_back(entry.path());
            }
        }
        std::ranges::sort(files);
        for (const auto& file : files) {
            for (const Row& row : fleet::conformance::read_rows(file)) {
                if (is_selected(row.id, {row.group})) {
                    one(row);
                }
            }
        }
        if (std::filesystem::is_directory(folder / "cases")) {
            skip_cases(folder / "cases");
        }
    }

    int finish() {
        if (skipped_cases_ > 0) {
            std::cout << skipped_cases_ << " cases skipped: this build runs rows only\n";
        }
        if (skipped_rows_ > 0) {
            std::cout << skipped_rows_ << " rows skipped: they expect a host's own object\n";
        }
        std::cout << passed_ << " passed, " << failed_ << " failed, " << disputed_ << " disputed\n";
        if (options_.report) {
            const Json report{{"passed", passed_},
                              {"failed", failed_},
                              {"disputed", disputed_},
                              {"skipped", skipped_rows_ + skipped_cases_},
                              {"results", results_}};
            std::ofstream stream(*options_.report);
            stream << report.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
            if (!stream.flush()) {
                throw ConfigError("cannot write " + options_.report->string());
            }
        }
        return failed_ == 0 ? 0 : 1;
    }

  private:
    [[nodiscard]] bool is_selected(const std::string& id,
                                   const std::vector<std::string>& tags) const {
        const bool named =
            options_.only.empty() || std::ranges::find(options_.only, id) != options_.only.end();
        const bool tagged =
            options_.tags.empty() || std::ranges::any_of(tags, [&](const std::string& tag) {
                return std::ranges::find(options_.tags, tag) != options_.tags.end();
            });
        return named && tagged;
    }

    void one(const Row& row) {
        const Outcome outcome = fleet::conformance::judge(row);
        Json result{{"id", row.id}, {"op", row.kind}, {"verdict", name_of(outcome.verdict)}};
        if (outcome.verdict != Verdict::passed) {
            result["path"] = outcome.path;
            result["expected"] = outcome.expected;
            result["got"] = outcome.got;
        }
        switch (outcome.verdict) {
            case Verdict::passed:
                ++passed_;
                break;
            case Verdict::failed:
                ++failed_;
                std::cout << row.id << " " << row.kind << " " << outcome.path << ": expected "
                          << fleet::base::dump_json(outcome.expected) << ", got "
                          << fleet::base::dump_json(outcome.got) << "\n";
                break;
            case Verdict::disputed:
                ++disputed_;
                result["disputed"] = row.json["disputed"];
                result["spec_says"] = row.json.value("spec_says", "");
                break;
            case Verdict::skipped:
                ++skipped_rows_;
                break;
        }
        results_.push_back(std::move(result));
    }

    void skip_cases(const std::filesystem::path& cases) {
        for (const auto& entry : std::filesystem::directory_iterator(cases)) {
            const std::filesystem::path file = entry.path() / "case.json";
            if (!std::filesystem::exists(file)) {
                continue;
            }
            std::ifstream stream(file);
            const std::string text{std::istreambuf_iterator<char>(stream), {}};
            const Json json = fleet::base::parse_json(text, file.string());
            const std::string id = json.value("id", entry.path().filename().string());
            if (is_selected(id, json.value("tags", std::vector<std::string>()))) {
                ++skipped_cases_;
                results_.push_back({{"id", id}, {"op", "case"}, {"verdict", "skipped"}});
            }
        }
    }

    Options options_;
    Json results_ = Json::array();
    int passed_ = 0;
    int failed_ = 0;
    int disputed_ = 0;
    int skipped_rows_ = 0;
    int skipped_cases_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    try {
        const Options options = read_options(argc, argv);
        Run run(options);
        for (const auto& folder : options.folders) {
            run.folder(folder);
        }
        return run.finish();
    } catch (const std::exception& failure) {
        std::cerr << "conformance: " << failure.what() << "\n"
                  << "usage: conformance DIR... [--report FILE] [--only ID] [--tag T]\n";
        return 2;
    }
}
