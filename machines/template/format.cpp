// `'%s' % value` and `'{}'.format(value)`.
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>

#include "machines/expression/big_integer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/literals.hpp"
#include "machines/expression/print.hpp"
#include "machines/expression/utf8.hpp"
#include "machines/template/filters.hpp"
#include "machines/template/sequence.hpp"

namespace fleet::templates {

using expression::ErrorKind;
using expression::fail;
using expression::Kind;
using expression::Value;

namespace {

constexpr std::int64_t kWidest = 100'000;
constexpr std::int64_t kMostDigits = 300;

struct Spec {
    std::string fill = " ";
    char align = '\0';
    char sign = '\0';
    bool zero = false;
    bool alternate = false;
    bool comma = false;
    std::int64_t width = 0;
    std::int64_t precision = -1;
    char type = '\0';
};

std::int64_t read_count(std::string_view text, std::size_t& at, std::int64_t limit) {
    std::int64_t count = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        count = count * 10 + (text[at++] - '0');
        if (count > limit) {
            fail(ErrorKind::limit, "a format is wider than " + std::to_string(limit));
        }
    }
    return count;
}

std::string with_commas(const std::string& digits) {
    const std::size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
    std::string result;
    for (std::size_t at = 0; at < whole; ++at) {
        result += at > 0 && (whole - at) % 3 == 0 ? "," : "";
        result += digits[at];
    }
    return result + digits.substr(whole);
}

std::string float_digits(double value, const Spec& spec, char type) {
    if (!std::isfinite(value)) {
        return expression::float_text(value);
    }
    const std::string pattern =
        std::string(spec.alternate ? "%#" : "%") + ".*" + (type == '%' ? 'f' : type);
    std::array<char, 1024> buffer{};
    const int precision = spec.precision < 0 ? 6 : static_cast<int>(spec.precision);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    std::snprintf(buffer.data(), buffer.size(), pattern.c_str(), precision,
                  type == '%' ? value * 100 : value);
#pragma GCC diagnostic pop
    return std::string(buffer.data()) + (type == '%' ? "%" : "");
}

std::string integer_digits(const Value& whole, char type) {
    const unsigned base = type == 'x' || type == 'X' ? 16 : type == 'o' ? 8 : type == 'b' ? 2 : 10;
    const std::string digits = expression::magnitude_digits(whole, base);
    return type == 'X' ? expression::upper_case(digits) : digits;
}

std::string padded(const std::string& sign, const std::string& body, const Spec& spec,
                   char natural) {
    const auto size =
        static_cast<std::int64_t>(expression::utf8_length(sign) + expression::utf8_length(body));
    if (spec.width <= size) {
        return sign + body;
    }
    const std::int64_t space = spec.width - size;
    const char align = spec.align != '\0' ? spec.align : spec.zero ? '=' : natural;
    const std::string fill = spec.zero && spec.align == '\0' ? "0" : spec.fill;
    const std::int64_t left = align == '<' ? 0 : align == '^' ? space / 2 : space;
    std::string before;
    std::string after;
    for (std::int64_t i = 0; i < space; ++i) {
        (i < left ? before : after) += fill;
    }
    return align == '=' ? sign + before + body : before + sign + body + after;
}

std::string format_number(const Value& value, const Spec& spec, char natural) {
    const char type = spec.type;
    const bool floating = value.is(Kind::floating) ||
                          std::string_view("fFeEgG%").find(type) != std::string_view::npos;
    const double number = floating ? expression::floating_of(value) : value.as_floating();
    const bool negative = std::signbit(number) && !std::isnan(number);
    std::string body;
    if (!floating ||
        (type != '\0' && std::string_view("dixXob").find(type) != std::string_view::npos)) {
        if (value.is(Kind::floating) && !std::isfinite(number)) {
            fail(ErrorKind::value, expression::float_text(number) + " is no integer");
        }
        body = integer_digits(find_number_filter("int")(value, {}, Mode::config), type);
        if (spec.alternate && type != 'd' && type != '\0') {
            body = std::string("0") + type + body;
        }
    } else if (type == '\0') {
        body = spec.precision < 0 ? expression::float_text(std::fabs(number))
                                  : float_digits(std::fabs(number), spec, 'g');
    } else {
        body = float_digits(std::fabs(number), spec, type);
    }
    const std::string sign = negative && number != 0                ? "-"
                             : negative && floating                 ? "-"
                             : spec.sign == '+' || spec.sign == ' ' ? std::string(1, spec.sign)
                                                                    : "";
    return padded(sign, spec.comma ? with_commas(body) : body, spec, natural);
}

std::string format_text(std::string text, const Spec& spec, char natural) {
    if (spec.precision >= 0) {
        text.resize(expression::utf8_offset(text, static_cast<std::size_t>(spec.precision)));
    }
    return padded("", text, spec, natural);
}

/// One "%..." of a format; its arguments come one after the other or by name.
class PercentFormat {
  public:
    PercentFormat(std::string_view format, const Value& value) : format_(format), value_(value) {}

    std::string run() {
        std::string result;
        while (at_ < format_.size()) {
            if (format_[at_] != '%') {
                result += format_[at_++];
                continue;
            }
            ++at_;
            result += one();
            expression::require_size(result.size());
        }
        if (value_.is(Kind::tuple) && used_ < value_.as_list().size()) {
            fail(ErrorKind::type, "more values than the format takes");
        }
        if (used_ == 0 && (value_.is_number() || value_.is_string() || value_.is_null())) {
            fail(ErrorKind::type, "the format takes no value");
        }
        return result;
    }

  private:
    Value next() {
        if (value_.is(Kind::tuple)) {
            if (used_ >= value_.as_list().size()) {
                fail(ErrorKind::type, "the format takes more values");
            }
            return value_.as_list()[used_++];
        }
        if (used_++ > 0) {
            fail(ErrorKind::type, "the format takes more values");
        }
        return value_;
    }

    std::string one() {
        std::optional<Value> named;
        if (at_ < format_.size() && format_[at_] == '(') {
            const std::size_t close = std::min(format_.find(')', at_), format_.size());
            named = expression::subscript(
                value_, text_value(std::string(format_.substr(at_ + 1, close - at_ - 1))));
            at_ = std::min(close + 1, format_.size());
        }
        Spec spec;
        for (; at_ < format_.size(); ++at_) {
            const char flag = format_[at_];
            if (flag == '-') {
                spec.align = '<';
            } else if (flag == '0') {
                spec.zero = true;
            } else if (flag == '#') {
                spec.alternate = true;
            } else if (flag == '+' || (flag == ' ' && spec.sign == '\0')) {
                spec.sign = flag;
            } else {
                break;
            }
        }
        spec.width = read_count(format_, at_, kWidest);
        if (at_ < format_.size() && format_[at_] == '.') {
            ++at_;
            spec.precision = read_count(format_, at_, kMostDigits);
        }
        if (at_ >= format_.size()) {
            fail(ErrorKind::value, "the format ends after `%`");
        }
        spec.type = format_[at_++];
        if (spec.type == '%') {
            return "%";
        }
        const Value value = named ? *named : next();
        if (spec.type == 's' || spec.type == 'r') {
            spec.zero = false;
            return format_text(
                spec.type == 's' ? expression::plain_text(value) : expression::repr_text(value),
                spec, '>');
        }
        if (std::string_view("dixXofFeEgG").find(spec.type) == std::string_view::npos) {
            fail(ErrorKind::value, std::string("there is no format `%") + spec.type + "`");
        }
        expression::require_defined(value);
        if (!value.is_number()) {
            fail(ErrorKind::type, std::string("the format `%") + spec.type +
                                      "` needs a number, not " + expression::type_name(value));
        }
        spec.type = spec.type == 'i' ? 'd' : spec.type;
        return format_number(value, spec, '>');
    }

    std::string_view format_;
    const Value& value_;
    std::size_t at_ = 0;
    std::size_t used_ = 0;
};

Spec read_spec(std::string_view text) {
    Spec spec;
    std::size_t at = 0;
    static constexpr std::string_view kAligns = "<>^=";
    const std::size_t first = expression::utf8_offset(text, 1);
    if (first < text.size() && kAligns.find(text[first]) != std::string_view::npos) {
        spec.fill = text.substr(0, first);
        spec.align = text[first];
        at = first + 1;
    } else if (!text.empty() && kAligns.find(text[0]) != std::string_view::npos) {
        spec.align = text[at++];
    }
    const auto take = [&](std::string_view characters) {
        return at < text.size() && characters.find(text[at]) != std::string_view::npos ? text[at++]
                                                                                       : '\0';
    };
    spec.sign = take("+- ");
    spec.alternate = take("#") != '\0';
    spec.zero = take("0") != '\0';
    spec.width = read_count(text, at, kWidest);
    spec.comma = take(",") != '\0';
    if (take(".") != '\0') {
        spec.precision = read_count(text, at, kMostDigits);
    }
    spec.type = take("sdxXobfFeEgG%");
    if (at != text.size()) {
        fail(ErrorKind::value, "unknown format `" + std::string(text) + "`");
    }
    return spec;
}

std::string format_one(const Value& value, std::string_view text) {
    const Spec spec = read_spec(text);
    if (value.is_number() && !(value.is(Kind::boolean) && spec.type == '\0')) {
        if (spec.type == 's' ||
            (value.is(Kind::floating) && spec.type != '\0' &&
             std::string_view("dxXob").find(spec.type) != std::string_view::npos)) {
            fail(ErrorKind::value, std::string("the format `") + spec.type + "` is not for a " +
                                       expression::type_name(value));
        }
        return format_number(value, spec, '>');
    }
    if (spec.type != '\0' && spec.type != 's') {
        fail(ErrorKind::value, std::string("the format `") + spec.type + "` is not for a " +
                                   expression::type_name(value));
    }
    return format_text(expression::plain_text(value), spec, '<');
}

/// The value that `name.member[0]` between braces means.
Value lookup(std::string_view field, const Arguments& arguments, std::size_t& next) {
    const std::size_t end = std::min(field.find_first_of(".["), field.size());
    const std::string name(field.substr(0, end));
    const Value place = expression::integer_of_text(name, 10);
    Value value;
    if (name.empty() || place.is_whole()) {
        const auto at = name.empty()          ? next++
                        : place.is_integral() ? static_cast<std::size_t>(place.as_integer())
                                              : arguments.list.size();
        if (at >= arguments.list.size()) {
            fail(ErrorKind::index, "the format takes more values");
        }
        value = arguments.list[at];
    } else {
        const Value* found = arguments.get(arguments.list.size(), name);
        if (found == nullptr) {
            fail(ErrorKind::key, "the format names `" + name + "`, which was not given");
        }
        value = *found;
    }
    field.remove_prefix(end);
    while (!field.empty()) {
        const bool bracket = field[0] == '[';
        const std::size_t stop =
            std::min(field.find_first_of(bracket ? "]" : ".[", 1), field.size());
        const std::string part(field.substr(1, stop - 1));
        const Value key = bracket ? expression::integer_of_text(part, 10) : Value();
        value = bracket ? expression::subscript(value, key.is_null() ? text_value(part) : key)
                        : member_of(value, text_value(part), nullptr);
        field.remove_prefix(std::min(stop + (bracket ? 1 : 0), field.size()));
    }
    return value;
}

}  // namespace

std::string format_percent(const std::string& format, const Value& value) {
    return PercentFormat(format, value).run();
}

std::string format_braces(const std::string& format, const Arguments& arguments) {
    std::string result;
    std::size_t next = 0;
    for (std::size_t at = 0; at < format.size();) {
        const char character = format[at];
        const bool brace = character == '{' || character == '}';
        if (!brace || format.substr(at + 1, 1) == std::string(1, character)) {
            result += character;
            at += brace ? 2 : 1;
            continue;
        }
        const std::size_t close = character == '{' ? format.find('}', at) : std::string::npos;
        if (close == std::string::npos) {
            fail(ErrorKind::value, "a single brace in a format");
        }
        const std::string_view inside = std::string_view(format).substr(at + 1, close - at - 1);
        const std::size_t colon = std::min(inside.find(':'), inside.size());
        std::string_view field = inside.substr(0, colon);
        const bool repr = field.ends_with("!r");
        if (repr || field.ends_with("!s")) {
            field.remove_suffix(2);
        }
        Value value = lookup(field, arguments, next);
        if (repr) {
            value = text_value(expression::repr_text(value));
        }
        result += format_one(value, inside.substr(std::min(colon + 1, inside.size())));
        expression::require_size(result.size());
        at = close + 1;
    }
    return result;
}

}  // namespace fleet::templates
