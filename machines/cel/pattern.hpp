// A regular expression in RE2's syntax: matching takes time in proportion to the text.
#pragma once

#include <memory>
#include <string_view>

namespace re2 {
class RE2;
}

namespace fleet::cel {

/// Read-only after it was made: for several threads at once.
class Pattern {
  public:
    /// Throws EvaluationError: value when it is none, limit when it would grow too large.
    explicit Pattern(std::string_view text);
    Pattern(const Pattern&) = delete;
    Pattern& operator=(const Pattern&) = delete;
    ~Pattern();

    /// What matching a text of that size counts as.
    [[nodiscard]] std::size_t steps_for(std::size_t text_bytes) const;
    /// Whether any part of the text matches.
    [[nodiscard]] bool matches(std::string_view text) const;

  private:
    std::unique_ptr<const re2::RE2> compiled_;
};

}  // namespace fleet::cel
