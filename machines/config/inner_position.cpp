#include "machines/config/inner_position.hpp"

#include <algorithm>
#include <cctype>

namespace fleet::config {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Walks over a scalar as it is written and over what it means, side by side. Blanks and line ends
/// count as one gap on both sides: folding and indentation change nothing else.
class Alignment {
  public:
    Alignment(std::string_view source, std::string_view text, std::size_t begin)
        : source_(source), text_(text), at_(begin) {}

    /// The byte of the source; nullopt when the two are not the same.
    [[nodiscard]] std::optional<std::size_t> find(std::size_t offset) {
        skip_properties();
        if (!open()) {
            return std::nullopt;
        }
        while (next_ < std::min(offset, text_.size())) {
            if (!step()) {
                return std::nullopt;
            }
        }
        return at_;
    }

  private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
    }

    /// Anchors and tags stand before the scalar.
    void skip_properties() {
        while (peek() == '&' || peek() == '!') {
            while (at_ < source_.size() && !is_blank(peek())) {
                ++at_;
            }
            while (at_ < source_.size() && is_blank(peek())) {
                ++at_;
            }
        }
    }

    bool open() {
        if (at_ >= source_.size() || peek() == '*') {
            return false;
        }
        if (peek() == '|' || peek() == '>') {
            at_ = std::min(source_.find('\n', at_), source_.size());
            skip_gap();
        } else if (peek() == '"' || peek() == '\'') {
            quote_ = peek();
            ++at_;
        }
        return true;
    }

    void skip_gap() {
        while (at_ < source_.size()) {
            if (is_blank(peek())) {
                ++at_;
            } else if (const std::size_t escape = blank_escape(); escape > 0) {
                at_ += escape;
            } else {
                break;
            }
        }
        while (next_ < text_.size() && is_blank(text_[next_])) {
            ++next_;
        }
    }

    /// The length of an escape that means a blank, or a line end that means nothing.
    [[nodiscard]] std::size_t blank_escape() const {
        static constexpr std::string_view kBlank = "nrt \n\r";
        const bool is_one = quote_ == '"' && peek() == '\\' && at_ + 1 < source_.size() &&
                            kBlank.find(peek(1)) != std::string_view::npos;
        return is_one ? 2 : 0;
    }

    bool step() {
        if (is_blank(text_[next_])) {
            const std::size_t before = at_;
            skip_gap();
            return at_ > before;
        }
        if (at_ >= source_.size()) {
            return false;
        }
        if (blank_escape() > 0) {
            skip_gap();
            return true;
        }
        if (quote_ == '"' && peek() == '\\') {
            return skip_escape();
        }
        if (is_blank(peek()) || peek() != text_[next_]) {
            return false;
        }
        at_ += quote_ == '\'' && peek() == '\'' ? 2 : 1;
        ++next_;
        return true;
    }

    /// One that stands for one character.
    bool skip_escape() {
        const char letter = peek(1);
        const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
        const bool is_plain = letter == '"' || letter == '\\' || letter == '/';
        if (is_plain && text_[next_] != letter) {
            return false;
        }
        at_ = std::min(at_ + 2 + digits, source_.size());
        do {
            ++next_;
        } while (next_ < text_.size() && continues_character(text_[next_]));
        return true;
    }

    std::string_view source_;
    std::string_view text_;
    std::size_t at_;
    std::size_t next_ = 0;  ///< into `text_`
    char quote_ = '\0';
};

std::size_t begin_of_line(std::string_view source, int line) {
    std::size_t at = 0;
    for (int passed = 1; passed < line && at < source.size(); ++passed) {
        at = std::min(source.find('\n', at), source.size() - 1) + 1;
    }
    return at;
}

Position position_of(std::string_view source, std::size_t at) {
    const std::string_view before = source.substr(0, at);
    const std::size_t newline = before.rfind('\n');
    const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    const std::string_view line = before.substr(begin);
    return {static_cast<int>(std::ranges::count(before, '\n')) + 1,
            static_cast<int>(line.size() - static_cast<std::size_t>(
                                               std::ranges::count_if(line, continues_character))) +
                1};
}

}  // namespace

std::optional<Position> inner_position(std::string_view source, Position at, std::string_view text,
                                       std::size_t offset) {
    if (source.size() > kMostSearchedBytes) {
        return std::nullopt;
    }
    const std::size_t line = begin_of_line(source, at.line);
    // The YAML parser counts bytes, our JSON reader characters.
    const std::size_t by_bytes = line + static_cast<std::size_t>(std::max(at.column, 1) - 1);
    std::size_t by_characters = line;
    for (int passed = 1; passed < at.column && by_characters < source.size(); ++passed) {
        do {
            ++by_characters;
        } while (by_characters < source.size() && continues_character(source[by_characters]));
    }
    for (const std::size_t begin : {by_bytes, by_characters}) {
        if (begin >= source.size() || !Alignment(source, text, begin).find(text.size())) {
            continue;
        }
        if (const auto found = Alignment(source, text, begin).find(offset)) {
            return position_of(source, *found);
        }
    }
    return std::nullopt;
}

}  // namespace fleet::config
