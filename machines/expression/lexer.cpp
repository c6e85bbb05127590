#include "machines/expression/lexer.hpp"

#include <algorithm>
#include <array>

#include "machines/expression/errors.hpp"
#include "machines/expression/literals.hpp"

namespace fleet::expression {
namespace {

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    std::vector<Token> run() {
        skip_blanks();
        while (at_ < text_.size()) {
            next();
            skip_blanks();
        }
        tokens_.push_back({.kind = TokenKind::end, .text = {}, .value = {}, .offset = at_});
        return std::move(tokens_);
    }

  private:
    [[noreturn]] void refuse(const std::string& what) const {
        fail_at(ErrorKind::expression, "expression", text_, at_, what);
    }

    /// Line ends are blanks inside brackets and at the end; a comment runs to the end of its line.
    void skip_blanks() {
        while (at_ < text_.size()) {
            const char character = text_[at_];
            if (character == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') {
                at_ += 2;
            } else if (character == '#') {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (character == '\n' || character == '\r') {
                if (open_brackets_ == 0 && !tokens_.empty() &&
                    text_.find_first_not_of(" \t\r\n\f", at_) != std::string_view::npos) {
                    refuse("the expression goes on in another line outside of brackets");
                }
                ++at_;
            } else if (character == ' ' || character == '\t' || character == '\f') {
                ++at_;
            } else {
                break;
            }
        }
    }

    void add(TokenKind kind, std::size_t size, Value value = {}) {
        tokens_.push_back({.kind = kind,
                           .text = text_.substr(at_, size),
                           .value = std::move(value),
                           .offset = at_});
        at_ += size;
    }

    void next() {
        const char character = text_[at_];
        if (character == '\'' || character == '"') {
            read_string();
        } else if (begins_name(character)) {
            std::size_t size = 1;
            while (at_ + size < text_.size() && continues_name(text_[at_ + size])) {
                ++size;
            }
            add(TokenKind::name, size);
        } else if ((character >= '0' && character <= '9') || begins_fraction()) {
            read_number_token();
        } else {
            read_symbol();
        }
    }

    /// ".5" is a number unless it follows something that has members.
    [[nodiscard]] bool begins_fraction() const {
        return text_[at_] == '.' && at_ + 1 < text_.size() && text_[at_ + 1] >= '0' &&
               text_[at_ + 1] <= '9' &&
               (tokens_.empty() || (tokens_.back().kind == TokenKind::symbol &&
                                    tokens_.back().text != ")" && tokens_.back().text != "]"));
    }

    void read_number_token() {
        NumberLiteral number;
        try {
            number = read_number(text_.substr(at_), true);
        } catch (const EvaluationError& failure) {
            refuse(failure.what());
        }
        if (number.size == 0) {
            refuse("not a number (numbers do not begin with zeros)");
        }
        const std::size_t end = at_ + number.size;
        if (end < text_.size() && continues_name(text_[end])) {
            refuse("a number is followed by letters");
        }
        add(TokenKind::literal, number.size, std::move(number.value));
    }

    void read_string() {
        const char quote = text_[at_];
        const std::string three(3, quote);
        const bool long_form = text_.substr(at_, 3) == three;
        const std::size_t begin = at_ + (long_form ? 3 : 1);
        std::size_t end = begin;
        while (end < text_.size() &&
               !(long_form ? text_.substr(end, 3) == three : text_[end] == quote)) {
            if (text_[end] == '\n' && !long_form) {
                refuse("a string goes on in another line");
            }
            end += text_[end] == '\\' ? 2 : 1;
        }
        if (end >= text_.size()) {
            refuse("a string is not closed");
        }
        std::string content;
        try {
            content = unescape(text_.substr(begin, end - begin));
        } catch (const EvaluationError& failure) {
            refuse(failure.what());
        }
        add(TokenKind::literal, end - at_ + (long_form ? 3 : 1), Value::string(std::move(content)));
    }

    void read_symbol() {
        static constexpr std::array<std::string_view, 4> kPairs{"==", "!=", "<=", ">="};
        static constexpr std::string_view kSingles = "+-*/<>()[].";
        const std::string_view pair = text_.substr(at_, 2);
        if (std::ranges::find(kPairs, pair) != kPairs.end()) {
            add(TokenKind::symbol, 2);
            return;
        }
        const bool double_star = pair == "**" || pair == "//" || pair == "<<" || pair == ">>";
        if (double_star || kSingles.find(text_[at_]) == std::string_view::npos) {
            const std::string shown(double_star ? pair : text_.substr(at_, 1));
            refuse("`" + shown + "` has no meaning in a condition");
        }
        open_brackets_ += text_[at_] == '(' || text_[at_] == '[' ? 1 : 0;
        open_brackets_ -= text_[at_] == ')' || text_[at_] == ']' ? 1 : 0;
        add(TokenKind::symbol, 1);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int open_brackets_ = 0;
    std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> read_tokens(std::string_view text) {
    return Lexer(text).run();
}

}  // namespace fleet::expression
