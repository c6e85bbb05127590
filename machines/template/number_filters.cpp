// Filters that work on numbers.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

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
    const double value = number.as_floating();
    if (number.is_integral()) {
        return Value::integer(number.as_integer());
    }
    if (!std::isfinite(value)) {
        return otherwise;
    }
    const double whole = std::trunc(value);
    return std::fabs(whole) < 9.2e18 ? Value::integer(static_cast<std::int64_t>(whole))
                                     : Value::floating(whole);
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
        return Value::floating(subject.as_floating());
    }
    const Value number =
        subject.is_string() ? expression::float_of_text(subject.as_string()) : Value();
    const Value* given = arguments.get(0, "default");
    return !number.is_null() ? number : given == nullptr ? Value::floating(0) : *given;
}

/// Half to even, judged on the exact decimal value of the number.
double rounded(double value, std::int64_t places) {
    if (!std::isfinite(value) || places > 300) {
        return value;
    }
    if (places <= 0) {
        const double unit = std::pow(10.0, static_cast<double>(-places));
        return std::isfinite(unit) ? std::nearbyint(value / unit) * unit : 0.0;
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
        if (!subject.is_integral()) {
            return Value::floating(rounded(subject.as_floating(), places));
        }
        return places >= 0 ? Value::integer(subject.as_integer())
                           : Value::integer(
                                 static_cast<std::int64_t>(rounded(subject.as_floating(), places)));
    }
    if (method != "ceil" && method != "floor") {
        fail(ErrorKind::value, "`round` knows common, ceil and floor");
    }
    const double unit = std::pow(10.0, static_cast<double>(places));
    const double scaled = subject.as_floating() * unit;
    return Value::floating((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / unit);
}

Value filter_abs(const Value& subject, const Arguments& /*arguments*/, Mode /*mode*/) {
    const Value number = expression::identity(subject);
    return number.as_floating() < 0 ? expression::negate(number) : number;
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
        return text_value(std::to_string(static_cast<std::int64_t>(bytes)) + " Bytes");
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
