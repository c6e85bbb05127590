// Integers that 64 bits do not hold, exact up to kMostDigits decimal digits; beyond, a limit error.
// A whole value (Value::is_whole) goes in, small, big or boolean; results that fit 64 bits are
// small again. Plain functions for any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "machines/expression/operators.hpp"
#include "machines/expression/value.hpp"

namespace fleet::expression {

inline constexpr std::size_t kMostDigits = 4300;

/// From digits of the base (2 to 36), without sign and separators.
[[nodiscard]] Value integer_of_digits(std::string_view digits, int base, bool negative);
/// What is before the point, exact. The number must be finite.
[[nodiscard]] Value integer_of_floating(double number);

/// All operators but `/`; a divisor is not zero, an exponent not negative.
[[nodiscard]] Value calculate_integers(Arithmetic operation, const Value& left, const Value& right);
/// The float that is nearest to the quotient; an arithmetic error beyond every float.
[[nodiscard]] double divide_integers(const Value& left, const Value& right);
/// Value::as_floating of any number, but an arithmetic error for an integer beyond every float.
[[nodiscard]] double floating_of(const Value& number);
/// To a multiple of 10, 100 ... for -1, -2 ... places; half to even. As it is for other places.
[[nodiscard]] Value round_integer(const Value& value, std::int64_t places);

[[nodiscard]] bool is_negative(const Value& whole);
/// A whole value beside any number, by their exact values; NaN is unordered.
[[nodiscard]] std::partial_ordering compare_integer(const Value& whole, const Value& number);
/// The same as that of an equal float.
[[nodiscard]] std::size_t hash_of(const BigInteger& number);
/// Infinite beyond every float.
[[nodiscard]] double nearest_floating(const BigInteger& number);

/// Decimal, with its sign.
[[nodiscard]] std::string integer_text(const Value& whole);
/// Without sign, in lower case, for the bases 2 to 16.
[[nodiscard]] std::string magnitude_digits(const Value& whole, unsigned base);
/// `integer_text` for messages: long ones are cut short.
[[nodiscard]] std::string integer_excerpt(const Value& whole);
/// At least as many as the number has.
[[nodiscard]] std::uint64_t most_digits_of(const BigInteger& number);

}  // namespace fleet::expression
