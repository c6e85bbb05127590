// What every file has to keep to: its size, its name, its guard.
#include <array>
#include <filesystem>
#include <regex>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "tests/architecture/source_tree.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/temporary_folder.hpp"

using fleet::architecture::all_sources;
using fleet::architecture::SourceFile;
using fleet::architecture::split_lines;
using fleet::architecture::Violations;

namespace {

constexpr std::size_t kMaximumLines = 600;
constexpr std::size_t kMaximumColumns = 100;

std::size_t columns(std::string_view line) {
    std::size_t count = 0;
    for (const char c : line) {
        // Only the first byte of a UTF-8 character counts.
        count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
    }
    return count;
}

}  // namespace

TEST_CASE("no file is longer than 600 lines") {
    Violations violations;
    for (const SourceFile& file : all_sources()) {
        if (file.lines.size() > kMaximumLines) {
            violations.add(file, file.lines.size(),
                           std::to_string(file.lines.size()) + " lines: split it by idea");
        }
    }
    violations.require_none("a file holds one idea, about 400 lines, never over 600");
}

TEST_CASE("no line is longer than 100 columns") {
    Violations violations;
    for (const SourceFile& file : all_sources()) {
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            if (columns(file.lines[i]) > kMaximumColumns) {
                violations.add(file, i + 1, std::to_string(columns(file.lines[i])) + " columns");
            }
        }
    }
    violations.require_none("lines hold at most 100 columns");
}

TEST_CASE("every header is guarded by #pragma once") {
    Violations violations;
    for (const SourceFile& file : all_sources()) {
        bool guarded = false;
        for (const std::string& line : file.code) {
            guarded = guarded || line == "#pragma once";
        }
        if (file.is_header() && !guarded) {
            violations.add(file, 1, "has no #pragma once");
        }
    }
    violations.require_none("every header can be included twice");
}

TEST_CASE("every header opens with what it is for") {
    Violations violations;
    for (const SourceFile& file : all_sources()) {
        if (file.is_header() && (file.lines.empty() || !file.lines.front().starts_with("//"))) {
            violations.add(file, 1, "begin with a comment: what it is for, who may use it");
        }
    }
    violations.require_none("headers explain themselves");
}

TEST_CASE("files are named for what they hold") {
    static const std::regex form{"[a-z][a-z0-9_]*\\.[ch]pp"};
    static const std::regex vague{"(^|_)(util|utils|helper|helpers|manager|misc|common)(_|\\.)"};
    Violations violations;
    for (const SourceFile& file : all_sources()) {
        const std::string name = file.name();
        if (!std::regex_match(name, form)) {
            violations.add(file, 1, "file names are snake_case");
        }
        if (std::regex_search(name, vague)) {
            violations.add(file, 1, "the name says nothing; name the idea");
        }
    }
    violations.require_none("whole words, snake_case, no util, helper or manager");
}

TEST_CASE("the documentation names only files that exist") {
    // In backquotes, with a known top folder and an extension: `common/base/clock.hpp`.
    static const std::regex mention{
        "`((bench|cli|common|coordinator|deploy|docs|machines|scaler|tests|worker|cmake|\\.ci)/"
        "[A-Za-z0-9_./-]*[A-Za-z0-9_])`"};
    const std::filesystem::path root = fleet::test_support::source_dir();
    Violations violations;
    const auto check = [&](const std::filesystem::path& page) {
        const auto lines = split_lines(fleet::test_support::read_file(page));
        for (std::size_t i = 0; i < lines.size(); ++i) {
            for (std::sregex_iterator it(lines[i].begin(), lines[i].end(), mention), end; it != end;
                 ++it) {
                if (!std::filesystem::exists(root / (*it)[1].str())) {
                    violations.add(page.lexically_relative(root).string(), i + 1,
                                   "there is no " + (*it)[1].str());
                }
            }
        }
    };
    for (const std::string_view folder : {"docs", "deploy"}) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
            if (entry.path().extension() == ".md") {
                check(entry.path());
            }
        }
    }
    check(root / "README.md");
    violations.require_none("paths in the documentation are real");
}
