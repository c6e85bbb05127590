// Filters that work on numbers.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "machines/expression/big_integer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/literals.hpp"
#include "machines/expression/print.hpp"
#include "machines/template/filters.hpp"

namespace fleet::templates {

using expression::ErrorKind;
using expression::fail;
using expression::Value;

namespace {

Value truncated(const Value& number, const Value& otherwise) {
    if (number.is_whole()) {
        return expression::identity(number);
    }
    const double value = number.as_floating();
    return std::isfinite(value) ? expression::integer_of_floating(value) : otherwise;
}

Value filter_int(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    expression::require_defined(subject);
    const Value* given = arguments.get(0, "default");
    const Value otherwise = given == nullptr ? Value::integer(0) : *given;
    if (subject.is_number()) {
        return truncated(subject, otherwise);
    }
    if (!subject.is_string()) {
        return otherwise;
    }
    const auto base = static_cast<int>(
        std::clamp<std::int64_t>(integer_argument(arguments, 1, "base", 10), 0, 37));
    const Value whole = expression::integer_of_text(subject.as_string(), base);
    if (!whole.is_null()) {
        return whole;
    }
    const Value number = expression::float_of_text(subject.as_string());
    return number.is_null() ? otherwise : truncated(number, otherwise);
}

Value filter_float(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    expression::require_defined(subject);
    if (subject.is_number()) {
        return Value::floating(expression::floating_of(subject));
    }
    const Value number =
        subject.is_string() ? expression::float_of_text(subject.as_string()) : Value();
    const Value* given = arguments.get(0, "default");
    return !number.is_null() ? number : given == nullptr ? Value::floating(0) : *given;
}

/// To tens, hundreds ...: exact, with one more digit for what is behind the point.
double rounded_before_point(double value, std::int64_t places) {
    using expression::Arithmetic;
    const Value ten = Value::integer(10);
    const double fraction = value - std::trunc(value);
    const Value more = Value::integer(fraction > 0 ? 1 : fraction < 0 ? -1 : 0);
    const Value scaled = expression::calculate(
        Arithmetic::add,
        expression::calculate(Arithmetic::multiply, expression::integer_of_floating(value), ten),
        more);
    const Value result = expression::calculate(Arithmetic::floor_divide,
                                               expression::round_integer(scaled, places - 1), ten);
    return std::copysign(expression::floating_of(result), value);
}

/// Half to even, judged on the exact decimal value of the number.
double rounded(double value, std::int64_t places) {
    if (!std::isfinite(value) || places > 300) {
        return value;
    }
    if (places < 0) {
        constexpr std::int64_t kFewest = -310;  // no float is as large
        return places < kFewest ? std::copysign(0.0, value) : rounded_before_point(value, places);
    }
    if (places == 0) {
        return std::nearbyint(value);
    }
    std::array<char, 700> text{};
    const int size =
        std::snprintf(text.data(), text.size(), "%.*f", static_cast<int>(places), value);
    const Value parsed = expression::float_of_text(
        std::string_view(text.data(), static_cast<std::size_t>(std::max(size, 0))));
    return parsed.is_null() ? value : parsed.as_floating();
}

Value filter_round(const Value& subject, const Arguments& arguments, Mode /*mode*/) {
    expression::require_defined(subject);
    if (!subject.is_number()) {
        fail(ErrorKind::type, "`round` needs a number, not " + expression::type_name(subject));
    }
    const std::int64_t places = integer_argument(arguments, 0, "precision", 0);
    const std::string method = text_argument(arguments, 1, "method", "common");
    if (method == "common") {
        return subject.is_whole() ? expression::round_integer(subject, places)
                                  : Value::floating(rounded(subject.as_floating(), places));
    }
    if (method != "ceil" && method != "floor") {
        fail(ErrorKind::value, "`round` knows common, ceil and floor");
    }
    const double number = expression::floating_of(subject);
    if (subject.is_whole() && places >= 0) {
        return Value::floating(number);  // nothing is behind the point
    }
    const double unit = std::pow(10.0, static_cast<double>(places));
    const double scaled = number * unit;
    // Adding a zero makes a negative zero positive.
    return Value::floating((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / unit +
                           0.0);
}

Value filter_abs(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    const Value number = expression::identity(subject);
    if (number.is(expression::Kind::floating)) {
        return Value::floating(std::fabs(number.as_floating()));
    }
    return expression::is_negative(number) ? expression::negate(number) : number;
}

Value filter_filesizeformat(const Value& subject, const Arguments& arguments, Mode mode) {
    const double bytes = filter_float(subject, {}, mode).as_floating();
    const bool binary = flag_argument(arguments, 0, "binary", false);
    static constexpr std::array<const char*, 8> kDecimal{"kB", "MB", "GB", "TB",
                                                         "PB", "EB", "ZB", "YB"};
    static constexpr std::array<const char*, 8> kBinary{"KiB", "MiB", "GiB", "TiB",
                                                        "PiB", "EiB", "ZiB", "YiB"};
    const double base = binary ? 1024 : 1000;
    if (bytes == 1) {
        return text_value("1 Byte");
    }
    if (!(bytes >= base)) {
        if (!std::isfinite(bytes)) {
            fail(ErrorKind::value, expression::float_text(bytes) + " is no size of a file");
        }
        return text_value(expression::integer_text(expression::integer_of_floating(bytes)) +
                          " Bytes");
    }
    double unit = base;
    std::size_t at = 0;
    while (at + 1 < kDecimal.size() && bytes >= unit * base) {
        unit *= base;
        ++at;
    }
    std::array<char, 400> text{};
    std::snprintf(text.data(), text.size(), "%.1f %s", bytes / unit,
                  (binary ? kBinary : kDecimal)[at]);
    return text_value(text.data());
}

}  // namespace

Filter find_number_filter(std::string_view name) {
    static constexpr std::array<NamedFilter, 5> kFilters{
        {{"int", filter_int},
         {"float", filter_float},
         {"round", filter_round},
         {"abs", filter_abs},
         {"filesizeformat", filter_filesizeformat}}};
    const auto* const found = std::ranges::find(kFilters, name, &NamedFilter::first);
    return found == kFilters.end() ? nullptr : found->second;
}

}  // namespace fleet::templates
