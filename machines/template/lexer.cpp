#include "machines/template/lexer.hpp"

#include <algorithm>
#include <array>

#include "machines/expression/errors.hpp"
#include "machines/expression/literals.hpp"
#include "machines/expression/utf8.hpp"

namespace fleet::templates {

using expression::Value;

void fail_syntax(std::string_view source, std::size_t offset, const std::string& what) {
    expression::fail_at(expression::ErrorKind::template_syntax, "template", source, offset, what);
}

namespace {

constexpr std::string_view kBlanks = " \t\n\r\f\v";

std::string uniform_line_ends(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\r') {
            result += '\n';
            at += at + 1 < text.size() && text[at + 1] == '\n' ? 1 : 0;
        } else {
            result += text[at];
        }
    }
    if (!result.empty() && result.back() == '\n') {
        result.pop_back();
    }
    return result;
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : source_(uniform_line_ends(text)) {}

    Tokens run() {
        while (at_ < source_.size()) {
            read_text();
        }
        add(TokenKind::end, "", at_);
        return {std::move(source_), std::move(tokens_)};
    }

  private:
    void add(TokenKind kind, std::string text, std::size_t offset, Value value = {}) {
        tokens_.push_back(
            {.kind = kind, .text = std::move(text), .value = std::move(value), .offset = offset});
    }

    [[nodiscard]] std::string_view rest() const { return std::string_view(source_).substr(at_); }

    void skip_blanks() { at_ = std::min(source_.find_first_not_of(kBlanks, at_), source_.size()); }

    /// Text up to the next tag, and that tag.
    void read_text() {
        std::size_t open = at_;
        while (true) {
            open = source_.find('{', open);
            if (open == std::string::npos || open + 1 >= source_.size()) {
                open = source_.size();
                break;
            }
            if (std::string_view("{%#").find(source_[open + 1]) != std::string_view::npos) {
                break;
            }
            ++open;
        }
        std::string text = source_.substr(at_, open - at_);
        const bool strips = open + 2 < source_.size() && source_[open + 2] == '-';
        if (strips) {
            text.erase(text.find_last_not_of(kBlanks) + 1);
        }
        if (!text.empty()) {
            add(TokenKind::text, std::move(text), at_);
        }
        at_ = open;
        if (at_ == source_.size()) {
            return;
        }
        const char type = source_[at_ + 1];
        const bool marked = strips || (open + 2 < source_.size() && source_[open + 2] == '+');
        const std::size_t begin = at_;
        at_ += marked ? 3 : 2;
        if (type == '#') {
            read_comment(begin);
        } else if (type == '%' && read_raw(begin)) {
            return;
        } else {
            add(type == '{' ? TokenKind::output_begin : TokenKind::block_begin, "", begin);
            read_inside(type == '{' ? "}}" : "%}",
                        type == '{' ? TokenKind::output_end : TokenKind::block_end);
        }
    }

    void read_comment(std::size_t begin) {
        const std::size_t close = source_.find("#}", at_);
        if (close == std::string::npos) {
            fail_syntax(source_, begin, "the comment is not closed by `#}`");
        }
        const bool strips = close > at_ && source_[close - 1] == '-';
        at_ = close + 2;
        if (strips) {
            skip_blanks();
        }
    }

    /// The end of a tag that holds only this word, or npos.
    [[nodiscard]] std::size_t end_of_word_tag(std::size_t from, std::string_view word,
                                              bool* strips) const {
        std::size_t at = source_.find_first_not_of(kBlanks, from);
        if (at == std::string::npos || source_.compare(at, word.size(), word) != 0) {
            return std::string::npos;
        }
        at = source_.find_first_not_of(kBlanks, at + word.size());
        if (at == std::string::npos) {
            return at;
        }
        *strips = source_[at] == '-';
        at += source_[at] == '-' || source_[at] == '+' ? 1 : 0;
        return source_.compare(at, 2, "%}") == 0 ? at + 2 : std::string::npos;
    }

    /// `{% raw %}...{% endraw %}` is text.
    bool read_raw(std::size_t begin) {
        bool strips = false;
        const std::size_t content = end_of_word_tag(at_, "raw", &strips);
        if (content == std::string::npos) {
            return false;
        }
        const std::size_t first =
            strips ? std::min(source_.find_first_not_of(kBlanks, content), source_.size())
                   : content;
        for (std::size_t open = source_.find("{%", content); open != std::string::npos;
             open = source_.find("{%", open + 1)) {
            std::size_t inside = open + 2;
            const bool strips_before = inside < source_.size() && source_[inside] == '-';
            inside += strips_before || (inside < source_.size() && source_[inside] == '+') ? 1 : 0;
            bool strips_after = false;
            const std::size_t end = end_of_word_tag(inside, "endraw", &strips_after);
            if (end == std::string::npos) {
                continue;
            }
            std::string text = first < open ? source_.substr(first, open - first) : "";
            if (strips_before) {
                text.erase(text.find_last_not_of(kBlanks) + 1);
            }
            add(TokenKind::text, std::move(text), first);
            at_ = end;
            if (strips_after) {
                skip_blanks();
            }
            return true;
        }
        fail_syntax(source_, begin, "`raw` is not closed by `endraw`");
    }

    void read_inside(std::string_view close, TokenKind close_kind) {
        std::string brackets;
        while (true) {
            skip_blanks();
            if (at_ == source_.size()) {
                fail_syntax(source_, at_, "the tag is not closed by `" + std::string(close) + "`");
            }
            const bool strips = rest().starts_with('-') && rest().substr(1).starts_with(close);
            const bool keeps = rest().starts_with('+') && rest().substr(1).starts_with(close) &&
                               close_kind == TokenKind::block_end;
            if (brackets.empty() && (strips || keeps || rest().starts_with(close))) {
                add(close_kind, "", at_);
                at_ += close.size() + (strips || keeps ? 1 : 0);
                if (strips) {
                    skip_blanks();
                }
                return;
            }
            read_word(brackets);
        }
    }

    void read_word(std::string& brackets) {
        const char character = source_[at_];
        if (character == '\'' || character == '"') {
            read_string(character);
        } else if (expression::begins_name(character)) {
            std::size_t size = 1;
            while (at_ + size < source_.size() && expression::continues_name(source_[at_ + size])) {
                ++size;
            }
            add(TokenKind::name, source_.substr(at_, size), at_);
            at_ += size;
        } else if (character >= '0' && character <= '9') {
            read_number_word();
        } else {
            read_symbol(brackets);
        }
    }

    void read_string(char quote) {
        std::size_t end = at_ + 1;
        while (end < source_.size() && source_[end] != quote) {
            end += source_[end] == '\\' ? 2 : 1;
        }
        if (end >= source_.size()) {
            fail_syntax(source_, at_, "a string is not closed");
        }
        std::string content;
        try {
            content =
                expression::unescape(std::string_view(source_).substr(at_ + 1, end - at_ - 1));
        } catch (const expression::EvaluationError& failure) {
            fail_syntax(source_, at_, failure.what());
        }
        add(TokenKind::literal, "", at_, Value::string(std::move(content)));
        at_ = end + 1;
    }

    void read_number_word() {
        // After a dot it is a place in a list, and the next dot another member.
        const bool place = !tokens_.empty() && tokens_.back().text == "." &&
                           tokens_.back().kind == TokenKind::symbol;
        std::string_view text = rest();
        if (place) {
            text = text.substr(0, text.find_first_not_of("0123456789"));
        }
        expression::NumberLiteral number;
        try {
            number = expression::read_number(text, false);
        } catch (const expression::EvaluationError& failure) {
            fail_syntax(source_, at_, failure.what());
        }
        if (number.size == 0) {
            fail_syntax(source_, at_, "not a number (numbers do not begin with zeros)");
        }
        add(TokenKind::literal, source_.substr(at_, number.size), at_, std::move(number.value));
        at_ += number.size;
    }

    void read_symbol(std::string& brackets) {
        static constexpr std::array<std::string_view, 6> kPairs{"==", "!=", ">=", "<=", "**", "//"};
        static constexpr std::string_view kSingles = "+-*/%~[](){}<>=.:|,";
        const std::string_view pair = rest().substr(0, 2);
        const std::size_t size = std::ranges::find(kPairs, pair) != kPairs.end() ? 2 : 1;
        const char character = source_[at_];
        if (kSingles.find(character) == std::string_view::npos && size == 1) {
            fail_syntax(source_, at_,
                        "unexpected character `" +
                            std::string(rest().substr(0, expression::utf8_offset(rest(), 1))) +
                            "`");
        }
        if (character == '(' || character == '[' || character == '{') {
            brackets += character == '(' ? ')' : character == '[' ? ']' : '}';
        } else if (character == ')' || character == ']' || character == '}') {
            if (brackets.empty() || brackets.back() != character) {
                fail_syntax(source_, at_, std::string("unexpected `") + character + "`");
            }
            brackets.pop_back();
        }
        add(TokenKind::symbol, source_.substr(at_, size), at_);
        at_ += size;
    }

    std::string source_;
    std::size_t at_ = 0;
    std::vector<Token> tokens_;
};

}  // namespace

Tokens read_tokens(std::string_view text) {
    return Lexer(text).run();
}

}  // namespace fleet::templates
