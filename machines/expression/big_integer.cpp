#include "machines/expression/big_integer.hpp"

#include <algorithm>
#include <array>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include <boost/multiprecision/cpp_int.hpp>

#include "machines/expression/errors.hpp"

namespace fleet::expression {

using Number = boost::multiprecision::cpp_int;

struct BigInteger {
    Number number;
};

namespace {

/// The highest bit of ten to the power of kMostDigits: numbers with a higher one are too large.
constexpr std::size_t kHighestBit = 14284;

[[noreturn]] void refuse_size() {
    fail(ErrorKind::limit,
         "an integer would have more than " + std::to_string(kMostDigits) + " digits");
}

Number ten_to(std::size_t exponent) {
    return boost::multiprecision::pow(Number(10), static_cast<unsigned>(exponent));
}

std::size_t highest_bit(const Number& number) {
    return number == 0 ? 0 : boost::multiprecision::msb(boost::multiprecision::abs(number));
}

Value value_of(Number number) {
    if (number >= std::numeric_limits<std::int64_t>::min() &&
        number <= std::numeric_limits<std::int64_t>::max()) {
        return Value::integer(static_cast<std::int64_t>(number));
    }
    static const Number kFirstRefused = ten_to(kMostDigits);
    if (number >= kFirstRefused || -number >= kFirstRefused) {
        refuse_size();
    }
    return Value::big_integer(std::make_shared<const BigInteger>(BigInteger{std::move(number)}));
}

Number number_of(const Value& whole) {
    return whole.is(Kind::big_integer) ? whole.as_big_integer().number : Number(whole.as_integer());
}

int digit_of(char character) {
    return character <= '9' ? character - '0' : (character | 0x20) - 'a' + 10;
}

/// Quotient rounded down, remainder with the divisor's sign.
std::pair<Number, Number> floor_division(const Number& left, const Number& right) {
    Number quotient;
    Number rest;
    boost::multiprecision::divide_qr(left, right, quotient, rest);
    if (rest != 0 && (rest < 0) != (right < 0)) {
        --quotient;
        rest += right;
    }
    return {std::move(quotient), std::move(rest)};
}

Number power(const Number& base, const Value& exponent) {
    if (base == 0 || base == 1) {
        return base == 0 && truthy(exponent) ? 0 : 1;
    }
    if (base == -1) {
        return number_of(exponent) % 2 == 0 ? 1 : -1;
    }
    if (!exponent.is_integral() ||
        static_cast<std::uint64_t>(exponent.as_integer()) > kHighestBit / highest_bit(base)) {
        refuse_size();
    }
    return boost::multiprecision::pow(base, static_cast<unsigned>(exponent.as_integer()));
}

/// As the division of integers in IEEE arithmetic would give it: rounded once, half to even, also
/// where the result is subnormal. Infinite beyond every float.
double nearest_quotient(const Number& left, const Number& right) {
    const bool negative = (left < 0) != (right < 0);
    const Number above = boost::multiprecision::abs(left);
    const Number below = boost::multiprecision::abs(right);
    const double sign = negative ? -1.0 : 1.0;
    const auto difference =
        static_cast<int>(highest_bit(above)) - static_cast<int>(highest_bit(below));
    if (above == 0 || difference < DBL_MIN_EXP - DBL_MANT_DIG - 1) {
        return sign * 0.0;
    }
    if (difference > DBL_MAX_EXP) {
        return sign * std::numeric_limits<double>::infinity();
    }
    // The quotient in units of two to the power of `shift` has at least two bits that are rounded
    // away; the last one also tells that something smaller is left.
    const int shift = std::max(difference, DBL_MIN_EXP) - DBL_MANT_DIG - 2;
    Number quotient;
    Number rest;
    boost::multiprecision::divide_qr(Number(above << static_cast<unsigned>(std::max(-shift, 0))),
                                     Number(below << static_cast<unsigned>(std::max(shift, 0))),
                                     quotient, rest);
    const auto surplus =
        std::max(static_cast<int>(highest_bit(quotient)) + 1, DBL_MIN_EXP - shift) - DBL_MANT_DIG;
    const std::uint64_t half = std::uint64_t{1} << static_cast<unsigned>(surplus - 1);
    std::uint64_t bits = static_cast<std::uint64_t>(quotient) | (rest != 0 ? 1U : 0U);
    if ((bits & half) != 0 && (bits & (3 * half - 1)) != 0) {
        bits += half;
    }
    bits &= ~(2 * half - 1);
    return sign * std::ldexp(static_cast<double>(bits), shift);
}

/// From the last digit to the first.
std::string reversed_digits(Number number, unsigned base) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::uint64_t chunk = base;
    unsigned size = 1;
    while (chunk <= std::numeric_limits<std::uint32_t>::max()) {
        chunk *= base;
        ++size;
    }
    std::string digits;
    const Number divisor = chunk;
    while (number != 0) {
        Number quotient;
        Number rest;
        boost::multiprecision::divide_qr(number, divisor, quotient, rest);
        number = std::move(quotient);
        auto part = static_cast<std::uint64_t>(rest);
        for (unsigned i = 0; i < size; ++i) {
            digits += kDigits[static_cast<std::size_t>(part % base)];
            part /= base;
        }
    }
    digits.erase(digits.find_last_not_of('0') + 1);
    return digits;
}

}  // namespace

Value integer_of_digits(std::string_view digits, int base, bool negative) {
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    std::uint64_t small = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), small, base);
    constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (digits.empty() || (end.ec == std::errc() && small <= kLargest)) {
        const auto value = static_cast<std::int64_t>(small);
        return Value::integer(negative ? -value : value);
    }
    if (digits.size() > (base == 10 ? kMostDigits : kHighestBit + 1)) {
        refuse_size();
    }
    Number number = 0;
    while (!digits.empty()) {
        std::uint64_t unit = 1;
        std::uint64_t part = 0;
        constexpr std::uint64_t kMostUnit = std::numeric_limits<std::uint32_t>::max();
        while (!digits.empty() && unit <= kMostUnit) {
            part = part * static_cast<unsigned>(base) +
                   static_cast<std::uint64_t>(digit_of(digits.front()));
            unit *= static_cast<unsigned>(base);
            digits.remove_prefix(1);
        }
        number = number * unit + part;
    }
    return value_of(negative ? Number(-number) : number);
}

Value integer_of_floating(double number) {
    return value_of(Number(std::trunc(number)));
}

Value calculate_integers(Arithmetic operation, const Value& left, const Value& right) {
    const Number a = number_of(left);
    if (operation == Arithmetic::power) {
        return value_of(power(a, right));
    }
    const Number b = number_of(right);
    switch (operation) {
        case Arithmetic::add:
            return value_of(a + b);
        case Arithmetic::subtract:
            return value_of(a - b);
        case Arithmetic::floor_divide:
            return value_of(floor_division(a, b).first);
        case Arithmetic::modulo:
            return value_of(floor_division(a, b).second);
        default:
            break;
    }
    if (highest_bit(a) + highest_bit(b) > kHighestBit) {
        refuse_size();
    }
    return value_of(a * b);
}

double divide_integers(const Value& left, const Value& right) {
    constexpr std::int64_t kExact = std::int64_t{1} << 53U;
    const auto is_exact = [](const Value& whole) {
        return whole.is_integral() && whole.as_integer() <= kExact && whole.as_integer() >= -kExact;
    };
    if (is_exact(left) && is_exact(right)) {
        return left.as_floating() / right.as_floating();
    }
    const double result = nearest_quotient(number_of(left), number_of(right));
    if (std::isinf(result)) {
        fail(ErrorKind::arithmetic, "the result of `/` is too large for a float");
    }
    return result;
}

Value round_integer(const Value& value, std::int64_t places) {
    if (places >= 0) {
        return value.is(Kind::boolean) ? Value::integer(value.as_integer()) : value;
    }
    if (places < -static_cast<std::int64_t>(kMostDigits)) {
        return Value::integer(0);
    }
    const Number unit = ten_to(static_cast<std::size_t>(-places));
    auto [quotient, rest] = floor_division(number_of(value), unit);
    const Number twice = rest * 2;
    if (twice > unit || (twice == unit && quotient % 2 != 0)) {
        ++quotient;
    }
    return value_of(quotient * unit);
}

double floating_of(const Value& number) {
    const double result = number.as_floating();
    if (number.is(Kind::big_integer) && std::isinf(result)) {
        fail(ErrorKind::arithmetic, "an integer is too large for a float");
    }
    return result;
}

bool is_negative(const Value& whole) {
    return whole.is(Kind::big_integer) ? whole.as_big_integer().number < 0 : whole.as_integer() < 0;
}

std::partial_ordering compare_integer(const Value& whole, const Value& number) {
    if (number.is_whole()) {
        const int order = number_of(whole).compare(number_of(number));
        return order < 0   ? std::partial_ordering::less
               : order > 0 ? std::partial_ordering::greater
                           : std::partial_ordering::equivalent;
    }
    const double other = number.as_floating();
    if (std::isnan(other)) {
        return std::partial_ordering::unordered;
    }
    if (std::isinf(other)) {
        return other < 0 ? std::partial_ordering::greater : std::partial_ordering::less;
    }
    const double floor = std::floor(other);
    constexpr double kBeyond = 9223372036854775808.0;  // the first that is no 64-bit integer
    if (whole.is_integral() && floor >= -kBeyond && floor < kBeyond) {
        const auto order = whole.as_integer() <=> static_cast<std::int64_t>(floor);
        return order == 0 && other > floor ? std::partial_ordering::less : order;
    }
    // One of both is beyond 64 bits, so a fraction decides nothing.
    const int order = number_of(whole).compare(Number(floor));
    return order < 0   ? std::partial_ordering::less
           : order > 0 ? std::partial_ordering::greater
                       : std::partial_ordering::equivalent;
}

std::size_t hash_of(const BigInteger& number) {
    const double floating = nearest_floating(number);
    // No float is equal to what is beyond all of them.
    return std::isinf(floating) ? boost::multiprecision::hash_value(number.number)
                                : std::hash<double>()(floating);
}

double nearest_floating(const BigInteger& number) {
    return nearest_quotient(number.number, 1);
}

std::string integer_text(const Value& whole) {
    if (!whole.is(Kind::big_integer)) {
        return std::to_string(whole.as_integer());
    }
    return (is_negative(whole) ? "-" : "") + magnitude_digits(whole, 10);
}

std::string magnitude_digits(const Value& whole, unsigned base) {
    std::string digits = reversed_digits(boost::multiprecision::abs(number_of(whole)), base);
    if (digits.empty()) {
        return "0";
    }
    std::ranges::reverse(digits);
    return digits;
}

std::string integer_excerpt(const Value& whole) {
    std::string text = integer_text(whole);
    constexpr std::size_t kShown = 30;
    if (text.size() > kShown) {
        const std::size_t digits = text.size() - (is_negative(whole) ? 1 : 0);
        text = text.substr(0, kShown) + "... (" + std::to_string(digits) + " digits)";
    }
    return text;
}

std::uint64_t most_digits_of(const BigInteger& number) {
    return highest_bit(number.number) * 302 / 1000 + 2;
}

}  // namespace fleet::expression
