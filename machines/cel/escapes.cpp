#include <optional>

#include "machines/cel/lexer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/utf8.hpp"

namespace fleet::cel {
namespace {

std::optional<char32_t> read_digits(std::string_view digits, std::size_t count, unsigned base) {
    if (digits.size() < count) {
        return std::nullopt;
    }
    char32_t value = 0;
    for (const char digit : digits.substr(0, count)) {
        unsigned number = base;
        if (digit >= '0' && digit <= '9') {
            number = static_cast<unsigned>(digit - '0');
        } else if (digit >= 'a' && digit <= 'f') {
            number = static_cast<unsigned>(digit - 'a') + 10;
        } else if (digit >= 'A' && digit <= 'F') {
            number = static_cast<unsigned>(digit - 'A') + 10;
        }
        if (number >= base) {
            return std::nullopt;
        }
        value = value * base + number;
    }
    return value;
}

bool is_character(char32_t code) {
    return code < 0xd800 || (code > 0xdfff && code <= 0x10ffff);
}

/// The character of a one-letter escape.
std::optional<char> simple_escape(char letter) {
    constexpr std::string_view kLetters = "abfnrtv\\?\"'`";
    constexpr std::string_view kCharacters = "\a\b\f\n\r\t\v\\?\"'`";
    const std::size_t at = kLetters.find(letter);
    return at == std::string_view::npos ? std::nullopt : std::optional(kCharacters[at]);
}

/// Appends what an escape stands for; `rest` begins behind the backslash. The bytes it took; 0 if
/// it is none.
std::size_t append_escape(std::string& out, std::string_view rest, bool of_bytes) {
    const char letter = rest.front();
    if (const auto simple = simple_escape(letter)) {
        out += *simple;
        return 1;
    }
    const bool octal = letter >= '0' && letter <= '3';
    const bool hex = letter == 'x' || letter == 'X';
    const bool code_point = (letter == 'u' || letter == 'U') && !of_bytes;
    if (!octal && !hex && !code_point) {
        return 0;
    }
    const std::size_t begin = octal ? 0 : 1;
    const std::size_t count = octal ? 3 : (hex ? 2 : (letter == 'u' ? 4 : 8));
    const auto code = read_digits(rest.substr(begin), count, octal ? 8 : 16);
    if (!code || !is_character(*code)) {
        return 0;
    }
    if (of_bytes) {
        out += static_cast<char>(*code);
    } else {
        expression::utf8_append(out, *code);
    }
    return begin + count;
}

}  // namespace

std::string replace_escapes(std::string_view text, bool of_bytes) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            result += text[at];
            continue;
        }
        const std::string_view rest = text.substr(at + 1);
        const std::size_t taken = rest.empty() ? 0 : append_escape(result, rest, of_bytes);
        if (taken == 0) {
            expression::fail(expression::ErrorKind::expression,
                             "'" + expression::excerpt(text.substr(at, 10)) +
                                 "' does not begin with an escape that there is");
        }
        at += taken;
    }
    return result;
}

}  // namespace fleet::cel
