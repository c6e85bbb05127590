// The parsed form of a simple expression.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "machines/expression/operators.hpp"
#include "machines/expression/value.hpp"

namespace fleet::expression {

struct Node {
    enum class Type {
        literal,     ///< value
        context,     ///< the one name there is
        unknown,     ///< another name: an error when it is evaluated
        member,      ///< operand 0, name
        subscript,   ///< operand 0, operand 1
        arithmetic,  ///< operand 0, operand 1
        sign,        ///< operand 0; `negative`
        comparison,  ///< operand i, comparisons[i], operand i + 1
        all_of,      ///< and
        any_of,      ///< or
        none_of,     ///< not
    };
    Type type = Type::literal;
    std::size_t offset = 0;  ///< in the text
    Value value{};
    std::string name{};
    bool negative = false;
    Arithmetic arithmetic = Arithmetic::add;
    std::vector<Comparison> comparisons{};
    std::vector<std::unique_ptr<Node>> operands{};
};

/// Throws EvaluationError (expression) with the position.
[[nodiscard]] std::unique_ptr<Node> parse_expression(std::string_view text);

}  // namespace fleet::expression
