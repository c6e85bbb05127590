#include "machines/expression/operators.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "machines/expression/big_integer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/utf8.hpp"

namespace fleet::expression {
namespace {

std::string_view symbol_of(Arithmetic operation) {
    static constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "**"};
    return kSymbols[static_cast<std::size_t>(operation)];
}

std::string_view symbol_of(Comparison comparison) {
    static constexpr std::string_view kSymbols[] = {"==", "!=", "<", "<=", ">", ">="};
    return kSymbols[static_cast<std::size_t>(comparison)];
}

[[noreturn]] void refuse(std::string_view symbol, const Value& left, const Value& right) {
    fail(ErrorKind::type, "`" + std::string(symbol) + "` does not work between " + type_name(left) +
                              " and " + type_name(right));
}

/// With the divisor's sign, also a zero.
double floor_modulo(double left, double right) {
    const double rest = std::fmod(left, right);
    if (rest == 0) {
        return std::copysign(0.0, right);
    }
    return (rest < 0) != (right < 0) ? rest + right : rest;
}

double floor_quotient(double left, double right) {
    const double rest = std::fmod(left, right);
    double quotient = (left - rest) / right;  // whole, but for the rounding of the division
    if (rest != 0 && (rest < 0) != (right < 0)) {
        quotient -= 1;
    }
    if (quotient == 0) {
        return std::copysign(0.0, left / right);
    }
    const double floor = std::floor(quotient);
    return quotient - floor > 0.5 ? floor + 1 : floor;
}

/// nullopt when the exact result does not fit.
std::optional<std::int64_t> integer_power(std::int64_t base, std::int64_t exponent) {
    std::int64_t result = 1;
    while (exponent > 0) {
        if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) {
            return std::nullopt;
        }
        exponent >>= 1;
        if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) {
            return std::nullopt;
        }
    }
    return result;
}

std::optional<std::int64_t> integer_result(Arithmetic operation, std::int64_t left,
                                           std::int64_t right) {
    std::int64_t result = 0;
    switch (operation) {
        case Arithmetic::add:
            return __builtin_add_overflow(left, right, &result) ? std::nullopt
                                                                : std::optional(result);
        case Arithmetic::subtract:
            return __builtin_sub_overflow(left, right, &result) ? std::nullopt
                                                                : std::optional(result);
        case Arithmetic::multiply:
            return __builtin_mul_overflow(left, right, &result) ? std::nullopt
                                                                : std::optional(result);
        case Arithmetic::floor_divide:
            if (right == -1) {
                return __builtin_sub_overflow(0, left, &result) ? std::nullopt
                                                                : std::optional(result);
            }
            result = left / right;
            return left % right != 0 && (left < 0) != (right < 0) ? result - 1 : result;
        case Arithmetic::modulo:
            if (right == -1) {
                return 0;
            }
            result = left % right;
            return result != 0 && (result < 0) != (right < 0) ? result + right : result;
        case Arithmetic::power:
            return right < 0 ? std::nullopt : integer_power(left, right);
        case Arithmetic::divide:
            break;
    }
    return std::nullopt;
}

Value float_result(Arithmetic operation, double left, double right) {
    switch (operation) {
        case Arithmetic::add:
            return Value::floating(left + right);
        case Arithmetic::subtract:
            return Value::floating(left - right);
        case Arithmetic::multiply:
            return Value::floating(left * right);
        case Arithmetic::divide:
            return Value::floating(left / right);
        case Arithmetic::floor_divide:
            return Value::floating(floor_quotient(left, right));
        case Arithmetic::modulo:
            return Value::floating(floor_modulo(left, right));
        case Arithmetic::power:
            break;
    }
    if (left == 0 && right < 0) {
        fail(ErrorKind::arithmetic, "0 cannot be raised to a negative power");
    }
    if (left < 0 && std::floor(right) != right) {
        fail(ErrorKind::arithmetic, "a negative number has no fractional power");
    }
    const double result = std::pow(left, right);
    if (std::isinf(result) && !std::isinf(left) && !std::isinf(right)) {
        fail(ErrorKind::arithmetic, "the result of `**` is too large");
    }
    return Value::floating(result);
}

/// Exact whole results; of `/`, and of `**` with a negative exponent, floats.
Value calculate_whole(Arithmetic operation, const Value& left, const Value& right) {
    if (left.is_integral() && right.is_integral()) {
        if (const auto result = integer_result(operation, left.as_integer(), right.as_integer())) {
            return Value::integer(*result);
        }
    }
    if (operation == Arithmetic::divide) {
        return Value::floating(divide_integers(left, right));
    }
    if (operation == Arithmetic::power && is_negative(right)) {
        return float_result(operation, floating_of(left), floating_of(right));
    }
    return calculate_integers(operation, left, right);
}

Value calculate_numbers(Arithmetic operation, const Value& left, const Value& right) {
    const bool divides = operation == Arithmetic::divide || operation == Arithmetic::modulo ||
                         operation == Arithmetic::floor_divide;
    if (divides && !truthy(right)) {
        fail(ErrorKind::arithmetic, "division by zero");
    }
    return left.is_whole() && right.is_whole()
               ? calculate_whole(operation, left, right)
               : float_result(operation, floating_of(left), floating_of(right));
}

/// By doubling what is there: a short text repeated a million times is a few large copies.
std::string repeated(const std::string& text, std::uint64_t count) {
    const std::size_t size = text.size() * count;
    std::string result;
    result.reserve(size);
    if (size != 0) {
        result = text;
    }
    while (result.size() < size) {
        result.append(result, 0, std::min(result.size(), size - result.size()));
    }
    return result;
}

Value repeat(const Value& value, const Value& times) {
    if (!times.is_integral()) {
        fail(ErrorKind::limit, "a value cannot be repeated " + integer_excerpt(times) + " times");
    }
    const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(times.as_integer(), 0));
    const std::uint64_t size =
        value.is_string() ? value.as_string().size() : value.as_list().size();
    if (count != 0 && size > kMaxWeight / count) {
        require_size(kMaxWeight + 1);
    }
    if (value.is_string()) {
        return Value::string(repeated(value.as_string(), count));
    }
    List result;
    result.reserve(size * count);
    for (std::uint64_t i = 0; i < (size == 0 ? 0 : count); ++i) {
        result.insert(result.end(), value.as_list().begin(), value.as_list().end());
    }
    return value.is(Kind::tuple) ? Value::tuple(std::move(result)) : Value::list(std::move(result));
}

Value concatenate(const Value& left, const Value& right) {
    if (left.is_string()) {
        require_size(left.as_string().size() + right.as_string().size());
        return Value::string(left.as_string() + right.as_string());
    }
    List result = left.as_list();
    result.insert(result.end(), right.as_list().begin(), right.as_list().end());
    return left.is(Kind::tuple) ? Value::tuple(std::move(result)) : Value::list(std::move(result));
}

bool is_repeatable(const Value& value) {
    return value.is_string() || value.is_list_like();
}

/// Negative, zero or positive; nullopt for NaN.
std::optional<int> order(Comparison comparison, const Value& left, const Value& right) {
    if (left.is_number() && right.is_number()) {
        const auto result = compare_numbers(left, right);
        if (result == std::partial_ordering::unordered) {
            return std::nullopt;
        }
        return result < 0 ? -1 : result > 0 ? 1 : 0;
    }
    if (left.is_string() && right.is_string()) {
        return left.as_string().compare(right.as_string());
    }
    if (left.is_list_like() && left.kind() == right.kind()) {
        const List& a = left.as_list();
        const List& b = right.as_list();
        for (std::size_t at = 0; at < std::min(a.size(), b.size()); ++at) {
            if (!equal(a[at], b[at])) {
                return order(comparison, a[at], b[at]);
            }
        }
        return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
    }
    require_defined(left);
    require_defined(right);
    refuse(symbol_of(comparison), left, right);
}

/// The place in something of this size; an error outside of it.
std::size_t place(const Value& key, std::size_t size, std::string_view what) {
    if (!key.is_whole()) {
        fail(ErrorKind::type,
             "the places of a " + std::string(what) + " are integers, not " + type_name(key));
    }
    const auto length = static_cast<std::int64_t>(size);
    const std::int64_t given = key.is_integral() ? key.as_integer() : length;
    const std::int64_t at = given < 0 ? given + length : given;
    if (at < 0 || at >= length) {
        fail(ErrorKind::index, "there is no place " + integer_excerpt(key) + " in a " +
                                   std::string(what) + " of length " + std::to_string(size));
    }
    return static_cast<std::size_t>(at);
}

}  // namespace

void require_defined(const Value& value) {
    if (value.is_undefined()) {
        const std::string name = value.undefined_name();
        fail(ErrorKind::template_undefined,
             name.empty() ? "the value is undefined" : "`" + name + "` is undefined");
    }
}

void require_size(std::uint64_t size) {
    if (size > kMaxWeight) {
        fail(ErrorKind::limit,
             "the result would be larger than " + std::to_string(kMaxWeight) + " characters");
    }
}

bool truthy(const Value& value) {
    switch (value.kind()) {
        case Kind::undefined:
        case Kind::null:
            return false;
        case Kind::boolean:
            return value.as_boolean();
        case Kind::integer:
            return value.as_integer() != 0;
        case Kind::big_integer:
            return true;
        case Kind::floating:
            return value.as_floating() != 0;
        case Kind::string:
            return !value.as_string().empty();
        case Kind::list:
        case Kind::tuple:
            return !value.as_list().empty();
        case Kind::dict:
            return !value.as_dict().empty();
        case Kind::object:
            break;
    }
    return true;
}

Value calculate(Arithmetic operation, const Value& left, const Value& right) {
    if (left.is_number() && right.is_number()) {
        return calculate_numbers(operation, left, right);
    }
    require_defined(left);
    require_defined(right);
    if (operation == Arithmetic::add && left.kind() == right.kind() && is_repeatable(left)) {
        return concatenate(left, right);
    }
    if (operation == Arithmetic::multiply && is_repeatable(left) && right.is_whole()) {
        return repeat(left, right);
    }
    if (operation == Arithmetic::multiply && is_repeatable(right) && left.is_whole()) {
        return repeat(right, left);
    }
    refuse(symbol_of(operation), left, right);
}

Value identity(const Value& value) {
    require_defined(value);
    if (!value.is_number()) {
        fail(ErrorKind::type, "a sign needs a number, not " + type_name(value));
    }
    return value.is(Kind::boolean) ? Value::integer(value.as_integer()) : value;
}

Value negate(const Value& value) {
    const Value number = identity(value);
    if (number.is(Kind::floating)) {
        return Value::floating(-number.as_floating());
    }
    return calculate(Arithmetic::subtract, Value::integer(0), number);
}

bool compare(Comparison comparison, const Value& left, const Value& right) {
    if (comparison == Comparison::equal) {
        return equal(left, right);
    }
    if (comparison == Comparison::not_equal) {
        return !equal(left, right);
    }
    const std::optional<int> result = order(comparison, left, right);
    if (!result) {
        return false;
    }
    switch (comparison) {
        case Comparison::less:
            return *result < 0;
        case Comparison::less_equal:
            return *result <= 0;
        case Comparison::greater:
            return *result > 0;
        default:
            return *result >= 0;
    }
}

bool contains(const Value& container, const Value& item) {
    const auto is_item = [&](const Value& candidate) { return equal(candidate, item); };
    switch (container.kind()) {
        case Kind::undefined:
            return false;
        case Kind::string:
            if (!item.is_string()) {
                fail(ErrorKind::type, "`in` a string needs a string, not " + type_name(item));
            }
            return container.as_string().find(item.as_string()) != std::string::npos;
        case Kind::list:
        case Kind::tuple:
            return std::ranges::any_of(container.as_list(), is_item);
        case Kind::dict:
            if (!is_hashable(item)) {
                fail(ErrorKind::type, "a " + type_name(item) + " cannot be a key");
            }
            return container.as_dict().find(item) != nullptr;
        case Kind::object:
            if (const List* items = container.as_object()->items()) {
                return std::ranges::any_of(*items, is_item);
            }
            break;
        default:
            break;
    }
    fail(ErrorKind::type, "`in` does not work with " + type_name(container));
}

Value subscript(const Value& container, const Value& key) {
    switch (container.kind()) {
        case Kind::list:
        case Kind::tuple:
            return container.as_list()[place(key, container.as_list().size(), "list")];
        case Kind::string: {
            const std::string& text = container.as_string();
            const std::string_view rest = std::string_view(text).substr(
                utf8_offset(text, place(key, utf8_length(text), "string")));
            return Value::string(std::string(rest.substr(0, utf8_offset(rest, 1))));
        }
        case Kind::dict: {
            if (!is_hashable(key)) {
                fail(ErrorKind::type, "a " + type_name(key) + " cannot be a key");
            }
            const Value* found = container.as_dict().find(key);
            if (found == nullptr) {
                fail(ErrorKind::key, key.is_string() ? "there is no key `" + key.as_string() + "`"
                                                     : "there is no key of type " + type_name(key));
            }
            return *found;
        }
        default:
            require_defined(container);
            fail(ErrorKind::type, "`[]` does not work with " + type_name(container));
    }
}

}  // namespace fleet::expression
