// The simple expression language of conditions.
#include "machines/expression/errors.hpp"
#include "machines/expression/expression.hpp"
#include "machines/expression/operators.hpp"
#include "machines/expression/print.hpp"
#include "tests/fuzz/fixed_context.hpp"
#include "tests/fuzz/target.hpp"

namespace fleet::fuzz {
namespace {

constexpr std::uint64_t kMostPrinted = 100'000;

}  // namespace

void run(std::string_view input) {
    try {
        const auto expression = expression::Expression::parse(input);
        const expression::Value value = expression.evaluate(fixed_context());
        require(expression.test(fixed_context()) == expression::truthy(value),
                "a condition holds when its value counts as true");
        // Printing megabytes finds nothing more and takes the time of thousands of inputs.
        if (value.weight() < kMostPrinted) {
            (void)expression::plain_text(value);
            (void)expression::repr_text(value);
        }
    } catch (const expression::EvaluationError&) {  // refused, as it may be
    }
}

}  // namespace fleet::fuzz
