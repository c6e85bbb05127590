#include "machines/cel/lexer.hpp"

#include <array>
#include <charconv>

#include <system_error>

#include "machines/expression/errors.hpp"
#include "machines/expression/literals.hpp"

namespace fleet::cel {
namespace {

using expression::begins_name;
using expression::continues_name;

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    std::vector<Token> read() {
        std::vector<Token> tokens;
        do {
            skip_blanks();
            token_ = Token{};
            token_.offset = at_;
            read_token();
            token_.text = text_.substr(token_.offset, at_ - token_.offset);
            tokens.push_back(std::move(token_));
        } while (tokens.back().kind != TokenKind::end);
        return tokens;
    }

  private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    [[noreturn]] void refuse_token(const std::string& message) const {
        refuse(text_, token_.offset, message);
    }

    void skip_blanks() {
        while (at_ < text_.size()) {
            if (std::string_view(" \t\n\f\r").find(text_[at_]) != std::string_view::npos) {
                ++at_;
            } else if (text_.substr(at_).starts_with("//")) {
                at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
            } else {
                return;
            }
        }
    }

    void read_token() {
        if (at_ == text_.size()) {
            token_.kind = TokenKind::end;
        } else if (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) {
            read_number();
        } else if (const std::size_t prefix = string_prefix(); prefix != kNoString) {
            read_string(prefix);
        } else if (begins_name(peek())) {
            token_.kind = TokenKind::name;
            while (continues_name(peek())) {
                ++at_;
            }
        } else if (peek() == '`') {
            read_quoted_name();
        } else {
            read_symbol();
        }
    }

    /// How many letters stand before the quote of the string that begins here.
    [[nodiscard]] std::size_t string_prefix() const {
        std::size_t letters = 0;
        letters += peek(letters) == 'b' || peek(letters) == 'B' ? 1U : 0U;
        letters += peek(letters) == 'r' || peek(letters) == 'R' ? 1U : 0U;
        const char quote = peek(letters);
        return quote == '"' || quote == '\'' ? letters : kNoString;
    }

    void read_string(std::size_t prefix) {
        const std::string_view letters = text_.substr(at_, prefix);
        const bool raw = letters.find_first_of("rR") != std::string_view::npos;
        const bool of_bytes = letters.find_first_of("bB") != std::string_view::npos;
        at_ += prefix;
        const std::string_view one = text_.substr(at_, 1);
        const bool triple = peek(1) == one.front() && peek(2) == one.front();
        const std::string_view quote = text_.substr(at_, triple ? 3 : 1);
        at_ += quote.size();
        const std::size_t begin = at_;
        while (!text_.substr(at_).starts_with(quote)) {
            if (at_ >= text_.size() || (!triple && (peek() == '\n' || peek() == '\r'))) {
                refuse_token("this string does not end");
            }
            at_ += !raw && peek() == '\\' ? 2U : 1U;
            at_ = std::min(at_, text_.size());
        }
        const std::string_view content = text_.substr(begin, at_ - begin);
        at_ += quote.size();
        token_.kind = of_bytes ? TokenKind::bytes : TokenKind::string;
        if (raw) {
            token_.content = content;
            return;
        }
        try {
            token_.content = replace_escapes(content, of_bytes);
        } catch (const expression::EvaluationError& failure) {
            refuse_token(failure.what());
        }
    }

    void read_quoted_name() {
        const std::size_t end = text_.find('`', at_ + 1);
        if (end == std::string_view::npos) {
            refuse_token("this quoted name does not end");
        }
        token_.kind = TokenKind::quoted_name;
        token_.content = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
    }

    void read_number() {
        const bool hex = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
        if (!hex && is_floating()) {
            read_floating();
        } else {
            const char* begin = text_.data() + at_ + (hex ? 2 : 0);
            const char* end = text_.data() + text_.size();
            const auto [stop, error] = std::from_chars(begin, end, token_.number, hex ? 16 : 10);
            if (error == std::errc::result_out_of_range) {
                refuse_token("this number is larger than 64 bits hold");
            }
            if (stop == begin) {
                refuse_token("no digits behind 0x");
            }
            at_ = static_cast<std::size_t>(stop - text_.data());
            const bool is_unsigned = peek() == 'u' || peek() == 'U';
            at_ += is_unsigned ? 1U : 0U;
            token_.kind = is_unsigned ? TokenKind::unsigned_integer : TokenKind::integer;
        }
        if (continues_name(peek())) {
            refuse_token("a number that ends in letters");
        }
    }

    /// Whether a point with digits or an exponent follows the digits.
    [[nodiscard]] bool is_floating() const {
        std::size_t ahead = 0;
        while (is_digit(peek(ahead))) {
            ++ahead;
        }
        if (peek(ahead) == '.') {
            return is_digit(peek(ahead + 1));
        }
        if (peek(ahead) != 'e' && peek(ahead) != 'E') {
            return false;
        }
        const bool sign = peek(ahead + 1) == '+' || peek(ahead + 1) == '-';
        return is_digit(peek(ahead + (sign ? 2 : 1)));
    }

    void read_floating() {
        token_.kind = TokenKind::floating;
        const char* begin = text_.data() + at_;
        const auto [stop, error] =
            std::from_chars(begin, text_.data() + text_.size(), token_.floating);
        if (error != std::errc()) {
            refuse_token("this number is out of the range of doubles");
        }
        at_ += static_cast<std::size_t>(stop - begin);
    }

    void read_symbol() {
        constexpr std::array<std::string_view, 6> kPairs = {"&&", "||", "==", "!=", "<=", ">="};
        token_.kind = TokenKind::symbol;
        for (const std::string_view pair : kPairs) {
            if (text_.substr(at_).starts_with(pair)) {
                at_ += pair.size();
                return;
            }
        }
        if (std::string_view("()[]{}.,?:<>!+-*/%").find(peek()) == std::string_view::npos) {
            const std::string_view found = text_.substr(at_, 1);
            refuse_token(found == "="   ? "= is no operator; == compares"
                         : found == "&" ? "& is no operator; && is"
                         : found == "|" ? "| is no operator; || is"
                                        : "a character that is not part of the language");
        }
        ++at_;
    }

    static constexpr std::size_t kNoString = static_cast<std::size_t>(-1);

    std::string_view text_;
    std::size_t at_ = 0;
    Token token_;
};

}  // namespace

std::vector<Token> read_tokens(std::string_view text) {
    return Lexer(text).read();
}

void refuse(std::string_view text, std::size_t offset, const std::string& message) {
    expression::fail_at(expression::ErrorKind::expression, "expression", text, offset, message);
}

}  // namespace fleet::cel
