#include "machines/expression/literals.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "machines/expression/big_integer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/utf8.hpp"

namespace fleet::expression {
namespace {

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

int digit_of(char character) {
    if (is_digit(character)) {
        return character - '0';
    }
    constexpr int kNoDigit = 99;
    const char lower = static_cast<char>(character | 0x20);
    return lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : kNoDigit;
}

/// How many bytes are digits, single "_" between them allowed.
std::size_t digits_size(std::string_view text, int base) {
    const auto is_part = [&](std::size_t at) {
        return digit_of(text[at]) < base ||
               (text[at] == '_' && at > 0 && at + 1 < text.size() && digit_of(text[at + 1]) < base);
    };
    std::size_t at = 0;
    while (at < text.size() && is_part(at)) {
        ++at;
    }
    return at;
}

std::string without_underscores(std::string_view text) {
    std::string result;
    for (const char character : text) {
        if (character != '_') {
            result += character;
        }
    }
    return result;
}

double parse_double(const std::string& digits) {
    double value = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (end.ec != std::errc::result_out_of_range) {
        return value;
    }
    // Too large or too small: the sign of the exponent tells which.
    const std::size_t e = digits.find_first_of("eE");
    const bool small = e != std::string::npos && e + 1 < digits.size() && digits[e + 1] == '-';
    return small ? 0.0 : std::numeric_limits<double>::infinity();
}

std::size_t exponent_size(std::string_view text) {
    if (text.empty() || (text[0] != 'e' && text[0] != 'E')) {
        return 0;
    }
    const std::size_t sign = text.size() > 1 && (text[1] == '+' || text[1] == '-') ? 1 : 0;
    const std::size_t digits = digits_size(text.substr(1 + sign), 10);
    return digits == 0 ? 0 : 1 + sign + digits;
}

NumberLiteral read_prefixed(std::string_view text) {
    int base = 0;
    if (text.size() > 2 && text[0] == '0') {
        const char letter = static_cast<char>(text[1] | 0x20);
        base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    }
    const std::size_t size = base == 0 ? 0 : digits_size(text.substr(2), base);
    if (size == 0) {
        return {};
    }
    return {integer_of_digits(without_underscores(text.substr(2, size)), base, false), size + 2};
}

std::optional<char32_t> read_code(std::string_view text, std::size_t digits, int base) {
    if (text.size() < digits || digits_size(text.substr(0, digits), base) != digits ||
        text.substr(0, digits).find('_') != std::string_view::npos) {
        return std::nullopt;
    }
    std::uint32_t code = 0;
    std::from_chars(text.data(), text.data() + digits, code, base);
    return static_cast<char32_t>(code);
}

char simple_escape(char letter) {
    static constexpr std::string_view kLetters = "ntrabfv\\'\"";
    static constexpr std::string_view kMeanings = "\n\t\r\a\b\f\v\\'\"";
    const std::size_t at = kLetters.find(letter);
    return at == std::string_view::npos ? '\0' : kMeanings[at];
}

/// Appends what the escape after a backslash means; the bytes it takes.
std::size_t append_escape(std::string& out, std::string_view rest) {
    const char letter = rest[0];
    if (const char meaning = simple_escape(letter); meaning != '\0') {
        out += meaning;
        return 1;
    }
    if (letter == '\n') {
        return 1;
    }
    if (letter == 'x' || letter == 'u' || letter == 'U') {
        const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
        const auto code = read_code(rest.substr(1), digits, 16);
        if (!code || *code > 0x10ffff) {
            fail(ErrorKind::value, "the escape \\" + std::string(1, letter) + " needs " +
                                       std::to_string(digits) + " hexadecimal digits");
        }
        utf8_append(out, *code);
        return 1 + digits;
    }
    std::size_t octal = 0;
    while (octal < 3 && octal < rest.size() && rest[octal] >= '0' && rest[octal] < '8') {
        ++octal;
    }
    if (octal > 0) {
        utf8_append(out, read_code(rest, octal, 8).value_or(0));
        return octal;
    }
    out += '\\';
    out += letter;
    return 1;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\n\r\f\v");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t\n\r\f\v") - begin + 1);
}

}  // namespace

bool begins_name(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           character == '_' || static_cast<unsigned char>(character) >= 0x80;
}

bool continues_name(char character) {
    return begins_name(character) || is_digit(character);
}

NumberLiteral read_number(std::string_view text, bool loose_floats) {
    if (NumberLiteral prefixed = read_prefixed(text); prefixed.size > 0) {
        return prefixed;
    }
    const std::size_t whole = digits_size(text, 10);
    std::size_t size = whole;
    bool floating = false;
    if (size < text.size() && text[size] == '.' && (whole > 0 || loose_floats)) {
        const std::size_t fraction = digits_size(text.substr(size + 1), 10);
        if (fraction > 0 || (loose_floats && whole > 0)) {
            size += 1 + fraction;
            floating = true;
        }
    }
    if (size == 0) {
        return {};
    }
    const std::size_t exponent = exponent_size(text.substr(size));
    size += exponent;
    const std::string digits = without_underscores(text.substr(0, size));
    if (floating || exponent > 0) {
        return {Value::floating(parse_double(digits)), size};
    }
    if (digits[0] == '0' && digits.find_first_not_of('0') != std::string::npos) {
        return {};
    }
    return {integer_of_digits(digits, 10, false), size};
}

std::string unescape(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '\\' && at + 1 < text.size()) {
            at += 1 + append_escape(result, text.substr(at + 1));
        } else {
            result += text[at++];
        }
    }
    return result;
}

Value integer_of_text(std::string_view text, int base) {
    text = trimmed(text);
    const bool negative = !text.empty() && text[0] == '-';
    if (negative || (!text.empty() && text[0] == '+')) {
        text.remove_prefix(1);
    }
    if (text.size() > 2 && text[0] == '0' && base != 10) {
        const char letter = static_cast<char>(text[1] | 0x20);
        const int written = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
        if (written != 0 && (written == base || base == 0)) {
            text.remove_prefix(2);
            base = written;
        }
    }
    base = base == 0 ? 10 : base;
    if (base < 2 || base > 36 || text.empty() || digits_size(text, base) != text.size()) {
        return {};
    }
    return integer_of_digits(without_underscores(text), base, negative);
}

Value float_of_text(std::string_view text) {
    text = trimmed(text);
    const bool negative = !text.empty() && text[0] == '-';
    if (negative || (!text.empty() && text[0] == '+')) {
        text.remove_prefix(1);
    }
    const std::string lower = lower_case(text);
    double value = 0;
    if (lower == "inf" || lower == "infinity") {
        value = std::numeric_limits<double>::infinity();
    } else if (lower == "nan") {
        value = std::numeric_limits<double>::quiet_NaN();
    } else {
        std::size_t size = digits_size(text, 10);
        bool any = size > 0;
        if (size < text.size() && text[size] == '.') {
            const std::size_t fraction = digits_size(text.substr(size + 1), 10);
            any = any || fraction > 0;
            size += 1 + fraction;
        }
        size += any ? exponent_size(text.substr(size)) : 0;
        if (!any || size != text.size()) {
            return {};
        }
        value = parse_double(without_underscores(text));
    }
    return Value::floating(negative ? -value : value);
}

}  // namespace fleet::expression
