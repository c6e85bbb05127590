#include "tests/conformance/case_file.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "common/base/errors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::conformance {
namespace {

namespace fs = std::filesystem;
using base::Json;

constexpr const char* kCaseFile = "case.json";
constexpr const char* kExpectedFile = "expected.json";

CaseFile read_case(const fs::path& folder) {
    CaseFile found;
    found.folder = folder;
    const fs::path file = folder / kCaseFile;
    found.json = base::parse_json(test_support::read_file(file), file.string());
    found.id = found.json.value("id", folder.filename().string());
    found.tags = found.json.value("tags", std::vector<std::string>());
    const fs::path expected = folder / kExpectedFile;
    found.expected = base::parse_json(test_support::read_file(expected), expected.string())
                         .value("reference", Json::array());
    if (!found.json.contains("scenario") ||
        found.json["scenario"].size() != found.expected.size()) {
        throw base::ConfigError(folder.string() +
                                ": a case has as many expected results as ops in its scenario");
    }
    std::vector<fs::path> sources;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (entry.is_regular_file() && name != kCaseFile && name != kExpectedFile) {
            sources.push_back(entry.path());
        }
    }
    std::ranges::sort(sources);
    for (const fs::path& source : sources) {
        found.sources += test_support::read_file(source) + "\n";
    }
    return found;
}

}  // namespace

bool CaseFile::prints_counts() const {
    constexpr std::array<std::string_view, 5> kCounts{"machine.step", "fields: [step",
                                                      "total_api_calls", "{{ context.machine }}",
                                                      "{{ context }}"};
    return std::ranges::any_of(
        kCounts, [&](std::string_view text) { return sources.find(text) != std::string::npos; });
}

std::vector<CaseFile> read_cases(const fs::path& folder) {
    if (fs::exists(folder / kCaseFile)) {
        std::vector<CaseFile> one;
        one.push_back(read_case(folder));
        return one;
    }
    const fs::path cases = fs::is_directory(folder / "cases") ? folder / "cases" : folder;
    std::vector<CaseFile> found;
    for (const auto& entry : fs::directory_iterator(cases)) {
        if (fs::exists(entry.path() / kCaseFile)) {
            found.push_back(read_case(entry.path()));
        }
    }
    std::ranges::sort(found, {}, &CaseFile::id);
    return found;
}

}  // namespace fleet::conformance
