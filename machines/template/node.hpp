// The parsed form of a template.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "machines/expression/operators.hpp"
#include "machines/expression/value.hpp"
#include "machines/template/template.hpp"

namespace fleet::templates {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

class Renderer;

/// A filter's or test's arguments, evaluated.
struct Arguments {
    std::vector<expression::Value> list{};
    std::vector<std::pair<std::string, expression::Value>> named{};

    /// By place or by name; null pointer when it was not given.
    [[nodiscard]] const expression::Value* get(std::size_t place, std::string_view name) const;
    /// Without the first `count` of the list.
    [[nodiscard]] Arguments rest(std::size_t count) const;
};

using Filter = expression::Value (*)(const expression::Value& subject, const Arguments& arguments,
                                     Mode mode);
using Test = bool (*)(const expression::Value& subject, const Arguments& arguments);

/// Null pointer if there is none of that name.
[[nodiscard]] Filter find_filter(std::string_view name, Mode mode);
[[nodiscard]] Test find_test(std::string_view name);

struct Expr {
    enum class Type {
        constant,
        name,         ///< name, id
        list,         ///< operands
        tuple,        ///< operands
        dict,         ///< operands: key, value, key, value ...
        member,       ///< operand 0 . value
        subscript,    ///< operand 0 [ operand 1 ]
        slice,        ///< operand 0 [ 1 : 2 : 3 ], each may be null
        call,         ///< operand 0 ( the others, named )
        filter,       ///< operand 0 | name ( the others, named )
        test,         ///< operand 0 is name ( the others, named )
        arithmetic,   ///< operands 0 and 1
        sign,         ///< operand 0; `negative`
        concat,       ///< operands
        comparison,   ///< operand i, comparisons[i], operand i + 1
        all_of,       ///< operand 0 and operand 1
        any_of,       ///< operand 0 or operand 1
        none_of,      ///< not operand 0
        conditional,  ///< operand 0 if operand 1 else operand 2, which may be null
    };
    enum class Comparison {
        equal,
        not_equal,
        less,
        less_equal,
        greater,
        greater_equal,
        in,
        not_in
    };

    Type type = Type::constant;
    std::size_t offset = 0;
    expression::Value value{};
    std::string name{};
    std::size_t id = 0;              ///< of a name: its place in Body::names
    expression::SharedText shown{};  ///< of a name or member: how messages call it
    bool negative = false;
    expression::Arithmetic arithmetic = expression::Arithmetic::add;
    std::vector<Comparison> comparisons{};
    std::vector<ExprPtr> operands{};
    std::vector<std::pair<std::string, ExprPtr>> named{};
    Filter filter = nullptr;
    Test test = nullptr;
};

struct Statement;
using Block = std::vector<Statement>;

/// Where a value is stored: names, or one member of a namespace.
struct Target {
    std::vector<std::size_t> names{};
    bool unpack = false;   ///< several names, one value each
    std::string member{};  ///< of the namespace names[0]; empty: none
};

struct Statement {
    enum class Type {
        text,
        output,     ///< expressions[0]
        condition,  ///< expressions[i] chooses blocks[i]; one block more is the else
        loop,       ///< target in expressions[0], if expressions[1] (may be null); else: blocks[1]
        set,        ///< target = expressions[0]
        set_block,  ///< target = blocks[0], through `expressions[0]` if not null
        with,       ///< targets and expressions; blocks[0]
        filter,     ///< blocks[0] through expressions[0]
    };
    Type type = Type::text;
    std::size_t offset = 0;
    std::string text{};
    std::vector<ExprPtr> expressions{};
    std::vector<Target> targets{};
    std::vector<Block> blocks{};
};

struct Body {
    std::string source;
    Mode mode = Mode::config;
    std::vector<std::string> names;
    std::size_t loop_name = 0;  ///< of `loop` in names
    bool uses_loop = false;
    std::size_t buffer_name = 0;  ///< of the text that a block filter works on
    Block statements;
};

/// Throws EvaluationError (template_syntax).
[[nodiscard]] std::shared_ptr<const Body> parse_template(std::string_view text, Mode mode);

}  // namespace fleet::templates
