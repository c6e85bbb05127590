// The Common Expression Language.
#include "machines/cel/cel.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/operators.hpp"
#include "machines/expression/print.hpp"
#include "tests/fuzz/fixed_context.hpp"
#include "tests/fuzz/target.hpp"

namespace fleet::fuzz {

void run(std::string_view input) {
    const cel::Variables variables{fixed_context(), *fixed_context().find("d"),
                                   *fixed_context().find("mixed")};
    try {
        const auto parsed = cel::CelExpression::parse(input);
        const expression::Value value = parsed.evaluate(variables);
        require(parsed.test(variables) == expression::truthy(value),
                "a condition holds when its value counts as true");
        // Results are what the other languages print: nothing of CEL's own is left in them.
        (void)expression::repr_text(value);
        require(!value.is(expression::Kind::object), "a result is a value of contexts");
    } catch (const expression::EvaluationError&) {  // refused, as it may be
    }
}

}  // namespace fleet::fuzz
