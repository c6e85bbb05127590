// Integers beyond 64 bits, against 128-bit arithmetic where that reaches and known values beyond.
#include "machines/expression/big_integer.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "machines/expression/errors.hpp"
#include "machines/expression/expression.hpp"
#include "machines/expression/literals.hpp"
#include "machines/expression/print.hpp"

using namespace fleet::expression;

namespace {

__extension__ using Wide = __int128;

std::string text_of(Wide number) {
    std::string digits;
    const bool negative = number < 0;
    do {
        const auto digit = static_cast<int>(number % 10);
        digits.insert(digits.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
        number /= 10;
    } while (number != 0);
    return negative ? "-" + digits : digits;
}

Value value_of(Wide number) {
    return integer_of_text(text_of(number), 10);
}

Wide floor_quotient(Wide left, Wide right) {
    const Wide quotient = left / right;
    return left % right != 0 && (left < 0) != (right < 0) ? quotient - 1 : quotient;
}

/// Around zero, around the ends of 64 bits and anywhere below 2 to the power of 62 times 8.
Wide arbitrary_number() {
    const auto near = *rc::gen::inRange(-3, 4);
    switch (*rc::gen::inRange(0, 4)) {
        case 0:
            return near;
        case 1:
            return Wide{std::numeric_limits<std::int64_t>::max()} + near;
        case 2:
            return Wide{std::numeric_limits<std::int64_t>::min()} + near;
        default:
            return Wide{*rc::gen::arbitrary<std::int64_t>()} * *rc::gen::inRange(1, 4) + near;
    }
}

Value number(const std::string& text) {
    return from_json(text);
}

std::string calculated(const std::string& left, Arithmetic operation, const std::string& right) {
    return repr_text(calculate(operation, number(left), number(right)));
}

std::string kind_of_error(Arithmetic operation, const Value& left, const Value& right) {
    try {
        return "no error but " + repr_text(calculate(operation, left, right));
    } catch (const EvaluationError& failure) {
        return std::string(name_of(failure.kind()));
    }
}

Value digits(char digit, std::size_t count) {
    return integer_of_text(std::string(count, digit), 10);
}

}  // namespace

TEST_CASE("arithmetic with integers agrees with 128-bit arithmetic") {
    CHECK(rc::check("all operators", [] {
        const Wide a = arbitrary_number();
        const Wide b = arbitrary_number();
        const Value left = value_of(a);
        const Value right = value_of(b);
        const auto is = [&](Arithmetic operation, Wide expected) {
            const Value result = calculate(operation, left, right);
            RC_ASSERT(repr_text(result) == text_of(expected));
            // What fits 64 bits is never kept as a big one.
            const bool fits = expected >= std::numeric_limits<std::int64_t>::min() &&
                              expected <= std::numeric_limits<std::int64_t>::max();
            RC_ASSERT(result.is(Kind::integer) == fits);
        };
        is(Arithmetic::add, a + b);
        is(Arithmetic::subtract, a - b);
        if (b != 0) {
            is(Arithmetic::floor_divide, floor_quotient(a, b));
            is(Arithmetic::modulo, a - floor_quotient(a, b) * b);
        }
        Wide product = 0;
        if (!__builtin_mul_overflow(a, b, &product)) {
            is(Arithmetic::multiply, product);
        }
        RC_ASSERT(repr_text(negate(left)) == text_of(-a));
    }));
}

TEST_CASE("comparisons and hashes of integers agree with 128-bit arithmetic") {
    CHECK(rc::check("beside integers", [] {
        const Wide a = arbitrary_number();
        const Wide b = arbitrary_number();
        const Value left = value_of(a);
        const Value right = value_of(b);
        RC_ASSERT(compare(Comparison::less, left, right) == (a < b));
        RC_ASSERT(compare(Comparison::greater_equal, left, right) == (a >= b));
        RC_ASSERT(equal(left, right) == (a == b));
        RC_ASSERT(equal(left, value_of(a)));
        RC_ASSERT(hash_of(left) == hash_of(value_of(a)));
    }));
    CHECK(rc::check("beside floats", [] {
        const Wide a = arbitrary_number();
        const Value whole = value_of(a);
        const double nearest = whole.as_floating();
        RC_ASSERT(nearest == static_cast<double>(a));
        const auto exact = static_cast<Wide>(nearest);
        const Value floating = Value::floating(nearest);
        RC_ASSERT(equal(whole, floating) == (a == exact));
        RC_ASSERT(compare(Comparison::less, whole, floating) == (a < exact));
        RC_ASSERT(compare(Comparison::greater, floating, whole) == (a < exact));
        RC_ASSERT(!equal(whole, floating) || hash_of(whole) == hash_of(floating));
    }));
}

TEST_CASE("large integers are calculated exactly") {
    CHECK(calculated("12345678901234567890", Arithmetic::add, "1") == "12345678901234567891");
    CHECK(calculated("9223372036854775807", Arithmetic::add, "1") == "9223372036854775808");
    CHECK(calculated("-9223372036854775808", Arithmetic::floor_divide, "-1") ==
          "9223372036854775808");
    CHECK(calculated("2", Arithmetic::power, "200") ==
          "1606938044258990275541962092341162602522202993782792835301376");
    CHECK(calculated("-3", Arithmetic::power, "101") ==
          "-1546132562196033993109383389296863818106322566003");
    CHECK(calculated("123456789012345678901234567890", Arithmetic::multiply,
                     "-987654321098765432109876543210") ==
          "-121932631137021795226185032733622923332237463801111263526900");
    CHECK(calculated("-100000000000000000000000000000", Arithmetic::floor_divide, "7") ==
          "-14285714285714285714285714286");
    CHECK(calculated("-100000000000000000000000000000", Arithmetic::modulo, "7") == "2");
    CHECK(calculated("100000000000000000000000000000", Arithmetic::modulo,
                     "-99999999999999999999") == "-99999999998999999999");
    CHECK(calculated("true", Arithmetic::add, "18446744073709551615") == "18446744073709551616");
    for (const char* const exponent : {"0", "2", "100000000000000000000"}) {
        CHECK(calculated("1", Arithmetic::power, exponent) == "1");
        CHECK(calculated("-1", Arithmetic::power, exponent) == "1");
    }
    CHECK(calculated("-1", Arithmetic::power, "100000000000000000001") == "-1");
    CHECK(calculated("0", Arithmetic::power, "100000000000000000001") == "0");
}

TEST_CASE("division of integers is rounded once") {
    CHECK(calculated("100000000000000000000000", Arithmetic::divide, "3") ==
          "3.333333333333333e+22");
    CHECK(calculated("9007199254740993", Arithmetic::divide, "1") == "9007199254740992.0");
    CHECK(calculated("9007199254740995", Arithmetic::divide, "1") == "9007199254740996.0");
    CHECK(calculated("7", Arithmetic::divide, "2") == "3.5");
    CHECK(calculated("0", Arithmetic::divide, "-100000000000000000000") == "-0.0");
    const Value huge = calculate(Arithmetic::power, Value::integer(10), Value::integer(4000));
    CHECK(repr_text(calculate(Arithmetic::divide, huge, huge)) == "1.0");
    CHECK(repr_text(calculate(Arithmetic::divide, Value::integer(1), huge)) == "0.0");
    CHECK(kind_of_error(Arithmetic::divide, huge, Value::integer(1)) == "arithmetic");
    CHECK(kind_of_error(Arithmetic::divide, huge, Value::integer(0)) == "arithmetic");
    // The smallest float and half of it, which is rounded to even.
    const Value smallest = calculate(Arithmetic::power, Value::integer(2), Value::integer(1074));
    CHECK(repr_text(calculate(Arithmetic::divide, Value::integer(1), smallest)) == "5e-324");
    const Value twice = calculate(Arithmetic::multiply, smallest, Value::integer(2));
    CHECK(repr_text(calculate(Arithmetic::divide, Value::integer(1), twice)) == "0.0");
    CHECK(repr_text(calculate(Arithmetic::divide, Value::integer(3), twice)) == "1e-323");
    CHECK(rc::check("beside the division of floats, where that is exact", [] {
        const auto numerator = *rc::gen::inRange<std::int64_t>(1, std::int64_t{1} << 53U);
        const auto exponent = *rc::gen::inRange(0, 1000);
        const Value power =
            calculate(Arithmetic::power, Value::integer(2), Value::integer(exponent));
        const double expected = std::ldexp(static_cast<double>(numerator), -exponent);
        const Value whole = Value::integer(numerator);
        RC_ASSERT(calculate(Arithmetic::divide, whole, power).as_floating() == expected);
        const Value raised = calculate(Arithmetic::multiply, whole, power);
        RC_ASSERT(calculate(Arithmetic::divide, raised, power).as_floating() ==
                  static_cast<double>(numerator));
    }));
}

TEST_CASE("an integer beyond every float does not work with floats but is compared with them") {
    const Value huge = digits('9', 400);
    const double largest = std::numeric_limits<double>::max();
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(kind_of_error(Arithmetic::add, huge, Value::floating(1)) == "arithmetic");
    CHECK(kind_of_error(Arithmetic::power, huge, Value::integer(-1)) == "arithmetic");
    CHECK(compare(Comparison::greater, huge, Value::floating(largest)));
    CHECK(compare(Comparison::less, huge, Value::floating(infinity)));
    CHECK(compare(Comparison::greater, negate(huge), Value::floating(-infinity)));
    CHECK_FALSE(equal(huge, Value::floating(infinity)));
    CHECK_FALSE(
        compare(Comparison::less, huge, Value::floating(std::numeric_limits<double>::quiet_NaN())));
    CHECK(hash_of(huge) == hash_of(digits('9', 400)));
    CHECK(hash_of(huge) != hash_of(digits('8', 400)));
    // The largest float is a whole number; the next integer is no longer equal to it.
    const Value whole = integer_of_floating(largest);
    CHECK(equal(whole, Value::floating(largest)));
    CHECK(hash_of(whole) == hash_of(Value::floating(largest)));
    CHECK_FALSE(
        equal(calculate(Arithmetic::add, whole, Value::integer(1)), Value::floating(largest)));
}

TEST_CASE("integers have at most 4300 digits") {
    const Value most = digits('9', kMostDigits);
    CHECK(repr_text(most) == std::string(kMostDigits, '9'));
    CHECK(repr_text(negate(most)) == "-" + std::string(kMostDigits, '9'));
    CHECK(to_json(from_json(repr_text(most))) == repr_text(most));
    CHECK(kind_of_error(Arithmetic::add, most, Value::integer(1)) == "limit");
    CHECK(kind_of_error(Arithmetic::subtract, negate(most), Value::integer(1)) == "limit");
    CHECK(kind_of_error(Arithmetic::multiply, most, most) == "limit");
    CHECK(kind_of_error(Arithmetic::power, most, Value::integer(2)) == "limit");
    CHECK(kind_of_error(Arithmetic::power, Value::integer(2), most) == "limit");
    CHECK(kind_of_error(Arithmetic::power, Value::integer(10), Value::integer(4300)) == "limit");
    CHECK(repr_text(calculate(Arithmetic::power, Value::integer(10), Value::integer(4299))) ==
          "1" + std::string(4299, '0'));
    CHECK_THROWS_AS(digits('1', kMostDigits + 1), EvaluationError);
    CHECK_THROWS_AS(from_json(std::string(kMostDigits + 1, '1')), EvaluationError);
    CHECK_THROWS_AS(integer_of_text(std::string(20'000, 'f'), 16), EvaluationError);
    CHECK(repr_text(integer_of_text(std::string(kMostDigits + 1, '0') + "7", 10)) == "7");
    CHECK_THROWS_AS(Expression::parse(std::string(kMostDigits + 1, '1')), EvaluationError);
}

TEST_CASE("a big integer weighs as much as its digits, so that many are refused") {
    const Value most = digits('9', kMostDigits);
    CHECK(most.weight() > kMostDigits);
    CHECK_THROWS_AS(Value::list(List(kMaxWeight / kMostDigits + 1, most)), EvaluationError);
}

TEST_CASE("digits of other bases are read and written") {
    CHECK(repr_text(integer_of_text("0xFFFFFFFFFFFFFFFFFF", 0)) == "4722366482869645213695");
    CHECK(repr_text(integer_of_text("-zzzzzzzzzzzzzzzz", 36)) == "-7958661109946400884391935");
    const Value value = integer_of_text("123456789abcdef0123456789abcdef", 16);
    CHECK(magnitude_digits(value, 16) == "123456789abcdef0123456789abcdef");
    CHECK(repr_text(integer_of_text(magnitude_digits(value, 2), 2)) == repr_text(value));
    CHECK(repr_text(integer_of_text(magnitude_digits(negate(value), 8), 8)) == repr_text(value));
    CHECK(magnitude_digits(Value::integer(0), 2) == "0");
    CHECK(magnitude_digits(Value::integer(std::numeric_limits<std::int64_t>::min()), 10) ==
          "9223372036854775808");
}

TEST_CASE("integers are rounded to tens, hundreds and so on, half to even") {
    const auto rounded = [](const std::string& text, std::int64_t places) {
        return repr_text(round_integer(number(text), places));
    };
    CHECK(rounded("12345678901234567850", -2) == "12345678901234567800");
    CHECK(rounded("12345678901234567750", -2) == "12345678901234567800");
    CHECK(rounded("-12345678901234567851", -2) == "-12345678901234567900");
    CHECK(rounded("15", -1) == "20");
    CHECK(rounded("25", -1) == "20");
    CHECK(rounded("-25", -1) == "-20");
    CHECK(rounded("7", -5000) == "0");
    CHECK(rounded("12345678901234567850", 2) == "12345678901234567850");
}

TEST_CASE("big integers are members, keys and conditions like small ones") {
    const Value context = number(R"({"big": 12345678901234567890, "l": [1], "t": "ab"})");
    const auto outcome = [&](const std::string& text) {
        try {
            return repr_text(Expression::parse(text).evaluate(context));
        } catch (const EvaluationError& failure) {
            return std::string(name_of(failure.kind())) + ": " + failure.what();
        }
    };
    CHECK(outcome("context.big + 1") == "12345678901234567891");
    CHECK(outcome("-9223372036854775808") == "-9223372036854775808");
    CHECK(outcome("context.big == 12345678901234567890") == "True");
    CHECK(outcome("context.big > 12345678901234567889.0") == "True");
    CHECK(outcome("context.big and 1") == "True");
    CHECK_THAT(outcome("context.l[context.big]"),
               Catch::StartsWith("index: ") && Catch::Contains("12345678901234567890"));
    CHECK_THAT(outcome("context.l[-context.big]"), Catch::StartsWith("index: "));
    CHECK_THAT(outcome("context.t * context.big"), Catch::StartsWith("limit: "));
    CHECK_THAT(outcome("-context.big * context.t"), Catch::StartsWith("limit: "));
    Dict members;
    members.set(number("100000000000000000000"), Value::integer(1));
    members.set(Value::floating(1e20), Value::integer(2));
    CHECK(members.size() == 1);
    CHECK(to_json(Value::dict(std::move(members))) == R"({"100000000000000000000":2})");
}
