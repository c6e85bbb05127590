// The simple expression language of conditions: fields of `context`, comparisons, and/or/not and
// arithmetic. Parsed once, evaluated many times, by several threads at once if need be.
//
//   context.score >= 8 and not context.done
//   context['k-x'] == 'a' or context.users[0].age + 1 > 18
//
// A missing field by `.` is null, by `[]` an error; `and`, `or` and `not` give true or false and do
// not look further than they must; comparisons chain. There are no calls, no `in`, no lists. A
// blank text is true. Integers are exact, whatever their size.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "machines/expression/value.hpp"

namespace fleet::expression {

struct Node;

class Expression {
  public:
    /// Throws EvaluationError (expression) that says what is wrong and where.
    static Expression parse(std::string_view text);

    /// Throws EvaluationError: expression (unknown name), type, key, index, arithmetic, limit.
    [[nodiscard]] Value evaluate(const Value& context) const;
    /// Whether the value counts as true.
    [[nodiscard]] bool test(const Value& context) const;
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    Expression(std::string text, std::shared_ptr<const Node> root);

    std::string text_;
    /// Shared by copies, never changed. Null for a blank text.
    std::shared_ptr<const Node> root_;
};

}  // namespace fleet::expression
