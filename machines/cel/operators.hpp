// What CEL's operators do to values. Throws EvaluationError: type (no_such_overload) for operands
// that an operator is not for, arithmetic for what is out of range.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "machines/cel/values.hpp"

namespace fleet::cel {

enum class Operation {
    add,
    subtract,
    multiply,
    divide,
    modulo,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    in,
};

[[nodiscard]] Value calculate(Operation operation, const Value& left, const Value& right,
                              Meter& meter);
[[nodiscard]] Value negate_value(const Value& value);
/// The element or entry: a missing one is an error (index, key).
[[nodiscard]] const Value& element_at(const Value& container, const Value& key);

/// Numbers by value, whatever their types; NaN is unordered.
[[nodiscard]] std::partial_ordering order_numbers(const Value& left, const Value& right);
/// Values of different types are not equal, but numbers are compared by value.
[[nodiscard]] bool equal(const Value& left, const Value& right, Meter& meter);

/// "no_such_overload: `+` is not for int and string".
[[noreturn]] void no_overload(std::string_view name, const Value& left, const Value& right);

}  // namespace fleet::cel
