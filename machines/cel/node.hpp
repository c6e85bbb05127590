// The parsed form of a CEL expression.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "machines/cel/functions.hpp"
#include "machines/cel/operators.hpp"
#include "machines/cel/pattern.hpp"
#include "machines/cel/values.hpp"

namespace fleet::cel {

struct Node {
    enum class Type {
        literal,      ///< value
        variable,     ///< `number`: 0 context, 1 input, 2 output
        local,        ///< `number`: the place of a macro's variable
        select,       ///< operand 0, name
        has,          ///< operand 0, name
        index,        ///< operand 0, operand 1
        call,         ///< function, operands
        list,         ///< operands
        map,          ///< operands: key, value, key, value ...
        logical_not,  ///< operand 0
        negate,       ///< operand 0
        binary,       ///< operand 0, operand 1, operation
        conditional,  ///< operand 0 ? operand 1 : operand 2
        all_of,       ///< operands joined by &&
        any_of,       ///< operands joined by ||
        // Macros: operand 0 is what is looked through, operand 1 the body, `number` the place of
        // the variable.
        macro_all,
        macro_exists,
        macro_exists_one,
        macro_filter,
        macro_map,
        macro_map_filtered,  ///< operand 1 chooses, operand 2 is the body
    };
    Type type = Type::literal;
    std::size_t offset = 0;  ///< in the text
    std::size_t height = 1;  ///< nodes from here to the farthest leaf
    Value value{};
    std::string name{};
    std::size_t number = 0;
    Operation operation = Operation::add;
    const Function* function = nullptr;
    /// Of `matches` with a literal: compiled once. Null when it cannot be.
    std::unique_ptr<const Pattern> pattern{};
    std::vector<std::unique_ptr<Node>> operands{};
};

struct Program {
    std::unique_ptr<const Node> root;
    std::size_t locals = 0;  ///< places that macros' variables need
};

/// Throws EvaluationError (expression, limit) with the position.
[[nodiscard]] Program parse_program(std::string_view text);

}  // namespace fleet::cel
