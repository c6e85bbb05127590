#include "machines/config/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

namespace fleet::config {
namespace {

/// Longer runs of digits are no number anybody meant; they stay texts.
constexpr std::size_t kMostDigits = 4300;

bool is_one_of(std::string_view text, std::span<const std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string without_underscores(std::string_view text) {
    std::string digits(text);
    std::erase(digits, '_');
    return digits;
}

/// A non-negative integer of any size, kept as decimal digits with the last one first.
class BigInteger {
  public:
    void multiply_add(unsigned factor, unsigned summand) {
        unsigned carry = summand;
        for (char& digit : digits_) {
            const unsigned value = static_cast<unsigned>(digit - '0') * factor + carry;
            digit = static_cast<char>('0' + value % 10);
            carry = value / 10;
        }
        for (; carry > 0; carry /= 10) {
            digits_ += static_cast<char>('0' + carry % 10);
        }
    }
    [[nodiscard]] std::string text() const {
        return digits_.empty() ? "0" : std::string(digits_.rbegin(), digits_.rend());
    }

  private:
    std::string digits_;
};

std::optional<unsigned> digit_value(char c, unsigned base) {
    unsigned value = base;
    if (is_digit(c)) {
        value = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
        value = static_cast<unsigned>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
        value = static_cast<unsigned>(c - 'A') + 10;
    }
    return value < base ? std::optional(value) : std::nullopt;
}

std::optional<std::string> digits_in_base(std::string_view written, unsigned base) {
    const std::string digits = without_underscores(written);
    if (digits.empty()) {
        return std::nullopt;
    }
    BigInteger value;
    for (const char c : digits) {
        const auto digit = digit_value(c, base);
        if (!digit) {
            return std::nullopt;
        }
        value.multiply_add(base, *digit);
    }
    return value.text();
}

/// `1:30:00`: every part after the first is at most 59. `fraction` allows `1:30.5`.
std::optional<std::vector<std::string>> sexagesimal_parts(std::string_view written) {
    std::vector<std::string> parts{{}};
    for (const char c : written) {
        if (c == ':') {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    if (parts.size() < 2) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::string& part = parts[i];
        const bool fits =
            !part.empty() && (i == 0 || (part.size() <= 2 && (part.size() == 1 || part[0] < '6')));
        const bool digits =
            std::ranges::all_of(part, [&](char c) { return is_digit(c) || (i == 0 && c == '_'); });
        if (!fits || !digits) {
            return std::nullopt;
        }
    }
    return parts;
}

std::optional<std::string> unsigned_integer(std::string_view written) {
    if (written.empty() || !is_digit(written[0])) {
        return std::nullopt;
    }
    if (written.starts_with("0b")) {
        return digits_in_base(written.substr(2), 2);
    }
    if (written.starts_with("0x")) {
        return digits_in_base(written.substr(2), 16);
    }
    if (written[0] == '0') {
        return written.size() == 1 ? std::optional<std::string>("0")
                                   : digits_in_base(written.substr(1), 8);
    }
    if (const auto parts = sexagesimal_parts(written)) {
        BigInteger value;
        for (const char c : without_underscores((*parts)[0])) {
            value.multiply_add(10, static_cast<unsigned>(c - '0'));
        }
        for (std::size_t i = 1; i < parts->size(); ++i) {
            value.multiply_add(60, static_cast<unsigned>(std::stoi((*parts)[i])));
        }
        return value.text();
    }
    return digits_in_base(written, 10);
}

/// Skips digits and underscores; the number of characters.
std::size_t digits_length(std::string_view text) {
    const auto end = std::ranges::find_if(text, [](char c) { return !is_digit(c) && c != '_'; });
    return static_cast<std::size_t>(end - text.begin());
}

std::optional<double> parse_double(const std::string& digits) {
    double value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, value);
    if (error == std::errc::result_out_of_range) {
        const bool is_small = digits.find("e-") != std::string::npos;
        return is_small ? 0.0 : std::numeric_limits<double>::infinity();
    }
    return error == std::errc() && stopped == end ? std::optional(value) : std::nullopt;
}

/// `12.`, `1.5e+3`, `.5`: a point is needed, and an exponent needs its sign.
std::optional<double> unsigned_point_number(std::string_view written) {
    std::size_t end = digits_length(written);
    const bool has_whole = end > 0;
    if (end >= written.size() || written[end] != '.' || (has_whole && written[0] == '_')) {
        return std::nullopt;
    }
    const std::size_t fraction = digits_length(written.substr(end + 1));
    if (!has_whole && (fraction == 0 || written[end + 1] == '_')) {
        return std::nullopt;
    }
    end += 1 + fraction;
    std::string digits = without_underscores(written.substr(0, end));
    if (end < written.size()) {
        const std::string_view exponent = written.substr(end);
        const bool good = exponent.size() > 2 && (exponent[0] == 'e' || exponent[0] == 'E') &&
                          (exponent[1] == '+' || exponent[1] == '-') &&
                          std::ranges::all_of(exponent.substr(2), is_digit);
        if (!good) {
            return std::nullopt;
        }
        digits += exponent[1] == '-' ? "e-" : "e";
        digits += exponent.substr(2);
    }
    if (digits.front() == '.') {
        digits.insert(0, "0");
    }
    return parse_double(digits);
}

/// `1:30.5`.
std::optional<double> sexagesimal_number(std::string_view written) {
    const std::size_t point = written.find('.');
    if (point == std::string_view::npos || written.empty() || !is_digit(written[0])) {
        return std::nullopt;
    }
    const auto parts = sexagesimal_parts(written.substr(0, point));
    const std::string_view fraction = written.substr(point + 1);
    if (!parts || digits_length(fraction) != fraction.size()) {
        return std::nullopt;
    }
    double value = parse_double(without_underscores(parts->front())).value_or(0);
    for (std::size_t i = 1; i + 1 < parts->size(); ++i) {
        value = value * 60 + std::stoi((*parts)[i]);
    }
    const std::string last = parts->back() + '.' + without_underscores(fraction);
    return value * 60 + parse_double(last).value_or(0);
}

std::optional<double> unsigned_number(std::string_view written) {
    static constexpr std::array<std::string_view, 3> kInfinity{".inf", ".Inf", ".INF"};
    if (is_one_of(written, kInfinity)) {
        return std::numeric_limits<double>::infinity();
    }
    if (const auto number = unsigned_point_number(written)) {
        return number;
    }
    return sexagesimal_number(written);
}

bool is_not_a_number(std::string_view written) {
    static constexpr std::array<std::string_view, 3> kNames{".nan", ".NaN", ".NAN"};
    return is_one_of(written, kNames);
}

std::optional<Scalar> numeric(std::string_view written) {
    if (written.empty() || written.size() > kMostDigits) {
        return std::nullopt;
    }
    const bool has_sign = written[0] == '-' || written[0] == '+';
    const bool negative = written[0] == '-';
    const std::string_view magnitude = has_sign ? written.substr(1) : written;
    if (const auto digits = unsigned_integer(magnitude)) {
        return Scalar{Node::Kind::integer, (negative && *digits != "0" ? "-" : "") + *digits};
    }
    if (const auto number = unsigned_number(magnitude)) {
        return Scalar{Node::Kind::number, number_text(negative ? -*number : *number)};
    }
    return std::nullopt;
}

}  // namespace

Scalar resolve_plain_scalar(std::string_view written) {
    static constexpr std::array<std::string_view, 5> kNull{"", "~", "null", "Null", "NULL"};
    static constexpr std::array<std::string_view, 9> kTrue{"yes",  "Yes", "YES", "true", "True",
                                                           "TRUE", "on",  "On",  "ON"};
    static constexpr std::array<std::string_view, 9> kFalse{"no",    "No",  "NO",  "false", "False",
                                                            "FALSE", "off", "Off", "OFF"};
    if (is_one_of(written, kNull)) {
        return {Node::Kind::null, {}};
    }
    if (is_one_of(written, kTrue)) {
        return {Node::Kind::boolean, "true"};
    }
    if (is_one_of(written, kFalse)) {
        return {Node::Kind::boolean, "false"};
    }
    if (is_not_a_number(written)) {
        return {Node::Kind::number, "NaN"};
    }
    if (auto scalar = numeric(written)) {
        return std::move(*scalar);
    }
    return {Node::Kind::text, std::string(written)};
}

std::string number_text(double value) {
    if (std::isnan(value)) {
        return "NaN";
    }
    if (std::isinf(value)) {
        return value < 0 ? "-Infinity" : "Infinity";
    }
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    std::string text(buffer.data(), end);
    if (text.find_first_of(".e") == std::string::npos) {
        text += ".0";
    }
    return text;
}

}  // namespace fleet::config
