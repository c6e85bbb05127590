// The simple expression language of conditions.
#include "machines/expression/errors.hpp"
#include "machines/expression/expression.hpp"
#include "machines/expression/operators.hpp"
#include "machines/expression/print.hpp"
#include "tests/fuzz/fixed_context.hpp"
#include "tests/fuzz/target.hpp"

namespace fleet::fuzz {

void run(std::string_view input) {
    try {
        const auto expression = expression::Expression::parse(input);
        const expression::Value value = expression.evaluate(fixed_context());
        require(expression.test(fixed_context()) == expression::truthy(value),
                "a condition holds when its value counts as true");
        (void)expression::plain_text(value);
        (void)expression::repr_text(value);
    } catch (const expression::EvaluationError&) {  // refused, as it may be
    }
}

}  // namespace fleet::fuzz
