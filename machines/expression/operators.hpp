// What operators do to values, the same in expressions and templates. Wrong types are type errors
// that name both sides; an undefined operand is a template_undefined error.
#pragma once

#include <string_view>

#include "machines/expression/value.hpp"

namespace fleet::expression {

enum class Arithmetic { add, subtract, multiply, divide, floor_divide, modulo, power };
enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal };

[[nodiscard]] bool truthy(const Value& value);
[[nodiscard]] Value calculate(Arithmetic operation, const Value& left, const Value& right);
[[nodiscard]] Value negate(const Value& value);
[[nodiscard]] Value identity(const Value& value);  ///< unary plus
[[nodiscard]] bool compare(Comparison comparison, const Value& left, const Value& right);
/// `item in container`.
[[nodiscard]] bool contains(const Value& container, const Value& item);
/// `container[key]`: a missing key or a place outside is an error. -1 is the last.
[[nodiscard]] Value subscript(const Value& container, const Value& key);

/// Refuses to work with what was not found.
void require_defined(const Value& value);
/// Refuses a text or list that would be too large, before it is made.
void require_size(std::uint64_t size);

}  // namespace fleet::expression
