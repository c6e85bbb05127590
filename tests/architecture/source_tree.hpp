// The repository's own sources as the architecture tests read them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::architecture {

struct Include {
    std::size_t line = 0;
    std::string target;
    bool quoted = false;  ///< "project/header.hpp" as opposed to <library>
};

struct SourceFile {
    std::string path;                ///< from the repository's root: "common/base/clock.hpp"
    std::vector<std::string> lines;  ///< as they stand in the file
    std::vector<std::string> code;   ///< the same lines with comments and literals blanked
    std::vector<Include> includes;

    [[nodiscard]] bool is_header() const { return path.ends_with(".hpp"); }
    /// Is the file in this folder or below it?
    [[nodiscard]] bool is_in(std::string_view folder) const;
    [[nodiscard]] std::string name() const { return std::filesystem::path(path).filename(); }
};

/// Lines of `text`, without line ends.
[[nodiscard]] std::vector<std::string> split_lines(std::string_view text);
/// C++ with comments, string and character literals replaced by blanks; the lines stay in place.
[[nodiscard]] std::string blank_comments_and_literals(std::string_view text);
[[nodiscard]] SourceFile parse_source(std::string path, std::string_view text);

/// Every .cpp and .hpp of the repository, sorted by path.
[[nodiscard]] const std::vector<SourceFile>& all_sources();

/// "path:line: what is wrong", one a line. Fails the running test if there is any.
class Violations {
  public:
    void add(const SourceFile& file, std::size_t line, std::string_view what);
    void add(std::string_view path, std::size_t line, std::string_view what);
    /// Call once, at the end of the test; `rule` says what is asked for.
    void require_none(std::string_view rule) const;

  private:
    std::vector<std::string> found_;
};

}  // namespace fleet::architecture
