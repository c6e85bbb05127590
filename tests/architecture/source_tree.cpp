#include "tests/architecture/source_tree.hpp"

#include <algorithm>
#include <array>
#include <regex>

#include <catch2/catch.hpp>

#include "tests/support/folders.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::architecture {

namespace {

constexpr std::array<std::string_view, 8> kSourceFolders = {
    "bench", "cli", "common", "coordinator", "machines", "scaler", "tests", "worker"};

/// Where the literal or comment that begins at `at` ends (one past); `at` if none begins there.
std::size_t end_of_blank(std::string_view text, std::size_t at) {
    const auto until = [&](std::string_view mark, std::size_t from, bool with_mark) {
        const std::size_t found = text.find(mark, from);
        if (found == std::string_view::npos) {
            return text.size();
        }
        return with_mark ? found + mark.size() : found;
    };
    if (text.substr(at, 2) == "//") {
        return until("\n", at, false);
    }
    if (text.substr(at, 2) == "/*") {
        return until("*/", at + 2, true);
    }
    const bool word_before =
        at > 0 &&
        (std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0 || text[at - 1] == '_');
    if (text.substr(at, 2) == "R\"" && !word_before) {
        const std::size_t open = text.find('(', at);
        if (open == std::string_view::npos) {
            return text.size();
        }
        const std::string close = ")" + std::string(text.substr(at + 2, open - at - 2)) + "\"";
        return until(close, open, true);
    }
    // Between digits an apostrophe only groups them: 10'000.
    if (text[at] == '"' || (text[at] == '\'' && !word_before)) {
        std::size_t end = at + 1;
        while (end < text.size() && text[end] != text[at] && text[end] != '\n') {
            end += text[end] == '\\' ? 2U : 1U;
        }
        return std::min(end + 1, text.size());
    }
    return at;
}

std::vector<SourceFile> read_sources() {
    const std::filesystem::path root = test_support::source_dir();
    std::vector<SourceFile> sources;
    for (const std::string_view folder : kSourceFolders) {
        if (!std::filesystem::exists(root / folder)) {
            continue;
        }
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
            const auto extension = entry.path().extension();
            if (entry.is_regular_file() && (extension == ".cpp" || extension == ".hpp")) {
                sources.push_back(parse_source(entry.path().lexically_relative(root).string(),
                                               test_support::read_file(entry.path())));
            }
        }
    }
    std::ranges::sort(sources, {}, &SourceFile::path);
    return sources;
}

}  // namespace

bool SourceFile::is_in(std::string_view folder) const {
    return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

std::vector<std::string> split_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::string blank_comments_and_literals(std::string_view text) {
    std::string code{text};
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = end_of_blank(text, at);
        for (std::size_t i = at; i < end; ++i) {
            if (code[i] != '\n') {
                code[i] = ' ';
            }
        }
        at = std::max(end, at + 1);
    }
    return code;
}

SourceFile parse_source(std::string path, std::string_view text) {
    static const std::regex include{R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])"};
    SourceFile file{.path = std::move(path),
                    .lines = split_lines(text),
                    .code = split_lines(blank_comments_and_literals(text)),
                    .includes = {}};
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        std::smatch match;
        // A directive inside a raw string or a comment is blank in `code`.
        if (file.code[i].find('#') != std::string::npos &&
            std::regex_search(file.lines[i], match, include)) {
            file.includes.push_back(
                {.line = i + 1, .target = match[2], .quoted = match[1].str() == "\""});
        }
    }
    return file;
}

const std::vector<SourceFile>& all_sources() {
    static const std::vector<SourceFile> sources = read_sources();
    return sources;
}

void Violations::add(const SourceFile& file, std::size_t line, std::string_view what) {
    add(file.path, line, what);
}

void Violations::add(std::string_view path, std::size_t line, std::string_view what) {
    found_.push_back(std::string(path) + ":" + std::to_string(line) + ": " + std::string(what));
}

void Violations::require_none(std::string_view rule) const {
    std::string text{rule};
    for (const std::string& violation : found_) {
        text += "\n  " + violation;
    }
    if (!found_.empty()) {
        FAIL(text);
    }
    SUCCEED(rule);
}

}  // namespace fleet::architecture
