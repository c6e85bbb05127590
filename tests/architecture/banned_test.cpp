// What never appears in this repository's code: unfinished work, and calls that break its promises.
#include <algorithm>
#include <functional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/architecture/source_tree.hpp"

using fleet::architecture::all_sources;
using fleet::architecture::SourceFile;
using fleet::architecture::Violations;

namespace {

struct Ban {
    std::string_view pattern;
    std::string_view instead;
    std::function<bool(const SourceFile&)> exempt = [](const SourceFile&) { return false; };
};

bool is_test_or_benchmark(const SourceFile& file) {
    return file.is_in("tests") || file.is_in("bench");
}

/// This folder spells out what it forbids.
bool is_this_folder(const SourceFile& file) {
    return file.is_in("tests/architecture");
}

/// The conformance cases call their scripted agents and hooks stubs.
bool names_scripted_parts(const SourceFile& file) {
    return is_this_folder(file) || file.is_in("tests/conformance");
}

void check(const std::vector<Ban>& bans, std::vector<std::string> SourceFile::*text,
           std::string_view rule) {
    Violations violations;
    for (const Ban& ban : bans) {
        const std::regex pattern{std::string(ban.pattern),
                                 std::regex::ECMAScript | std::regex::optimize};
        for (const SourceFile& file : all_sources()) {
            if (ban.exempt(file)) {
                continue;
            }
            const auto& lines = file.*text;
            for (std::size_t i = 0; i < lines.size(); ++i) {
                std::smatch match;
                if (std::regex_search(lines[i], match, pattern)) {
                    violations.add(file, i + 1,
                                   "'" + match[0].str() + "': " + std::string(ban.instead));
                }
            }
        }
    }
    violations.require_none(rule);
}

}  // namespace

TEST_CASE("no unfinished work is left in the sources") {
    check(
        {
            {"\\b(TODO|FIXME|XXX|HACK|WIP)\\b", "finish it or leave it out", is_this_folder},
            {"\\b[Ss]tub(s|bed)?\\b", "methods that do not exist yet are absent",
             names_scripted_parts},
            {"[Nn]ot (yet )?implemented|[Uu]nimplemented|[Pp]laceholder "
             "(code|implementation|value)",
             "finish it or leave it out", is_this_folder},
            {"\\b[Ii]ssue #?[0-9]+\\b", "say why, not where it was discussed", is_this_folder},
            {"/work/main|/work/shared|/root/", "no machine's own paths", is_this_folder},
        },
        &SourceFile::lines, "unfinished work and private references");
}

TEST_CASE("processes are started from argument vectors, never by a shell") {
    check({{"\\b(std::|::)?(system|popen)\\s*\\(", "use common/process"}}, &SourceFile::code,
          "no shell strings");
}

TEST_CASE("memory has an owner and threads are joined") {
    check(
        {
            {"\\bnew\\s+[A-Za-z_:]", "std::make_unique"},
            {"\\bdelete(\\[\\])?\\s+[A-Za-z_*(]", "unique_ptr owns"},
            {"\\b(malloc|calloc|realloc|free)\\s*\\(", "containers and unique_ptr own"},
            {"\\.detach\\s*\\(", "join it: std::jthread",
             // The handle of a child process is let go there, not a thread.
             [](const SourceFile& file) { return file.is_in("common/process"); }},
            {"\\bstd::thread\\s+[a-z]", "std::jthread joins by itself"},
        },
        &SourceFile::code, "ownership");
}

TEST_CASE("nobody sleeps for a fixed time where a condition could be waited for") {
    check({{"\\b(sleep_for|sleep_until|usleep)\\b|(^|[^a-z_:.>])::sleep\\s*\\(",
            "wait for the condition with a deadline",
            [](const SourceFile& file) { return file.is_in("bench") || is_this_folder(file); }}},
          &SourceFile::code, "no sleeping");
}

TEST_CASE("only base reads the clock") {
    check({{"\\b(system_clock|steady_clock|high_resolution_clock)::now\\b|\\bclock_gettime\\s*\\(|"
            "\\bgettimeofday\\s*\\(",
            "take a base::Clock",
            [](const SourceFile& file) {
                return file.is_in("common/base") || is_test_or_benchmark(file);
            }}},
          &SourceFile::code, "time is a parameter");
}

TEST_CASE("no exception is swallowed in silence") {
    Violations violations;
    // Over the end of lines: the whole file as one text, with the line counted back.
    static const std::regex empty{"catch\\s*\\(\\s*\\.\\.\\.\\s*\\)\\s*\\{\\s*\\}"};
    for (const SourceFile& file : all_sources()) {
        std::string text;
        for (const std::string& line : file.code) {
            text += line + "\n";
        }
        for (std::sregex_iterator it(text.begin(), text.end(), empty), end; it != end; ++it) {
            const auto line = std::count(text.begin(), text.begin() + it->position(), '\n') + 1;
            // A comment inside the braces is the written reason that the style asks for.
            const bool has_reason =
                file.lines[static_cast<std::size_t>(line) - 1].find("//") != std::string::npos ||
                (static_cast<std::size_t>(line) < file.lines.size() &&
                 file.lines[static_cast<std::size_t>(line)].find("//") != std::string::npos);
            if (!has_reason) {
                violations.add(file, static_cast<std::size_t>(line),
                               "catch (...) that does nothing and gives no reason");
            }
        }
    }
    violations.require_none("return, handle or let it fly");
}

TEST_CASE("unsafe C functions and unseeded randomness are not used") {
    check(
        {
            {"\\b(gets|strcpy|strcat|sprintf|vsprintf|strtok)\\s*\\(", "std::string"},
            {"\\b(std::)?s?rand\\s*\\(", "base's random ids, or a seeded engine in tests"},
        },
        &SourceFile::code, "no unsafe functions");
}
