// Integers that 64 bits do not hold are no ints of CEL.
#include <catch2/catch.hpp>

#include "machines/cel/cel.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

using namespace fleet;

namespace {

std::string outcome(std::string_view text) {
    const cel::Variables variables{
        expression::from_json(R"({"huge": 12345678901234567890, "n": 1})"), {}, {}};
    try {
        return expression::to_json(cel::CelExpression::parse(text).evaluate(variables));
    } catch (const expression::EvaluationError& failure) {
        return std::string(expression::name_of(failure.kind())) + ": " + failure.what();
    }
}

}  // namespace

TEST_CASE("calculating or comparing with an integer beyond 64 bits is an error that shows it") {
    for (const char* const text :
         {"context.huge > 1", "1 == context.huge", "context.huge + 1", "-context.huge",
          "string(context.huge)", "double(context.huge)", "context.huge in [1]",
          "{context.huge: 1}", "[1][context.huge]", "type(context.huge)"}) {
        CAPTURE(text);
        CHECK_THAT(outcome(text), Catch::StartsWith("arithmetic: ") &&
                                      Catch::Contains("12345678901234567890 does not fit an int"));
    }
}

TEST_CASE("beside an integer beyond 64 bits everything else works") {
    CHECK(outcome("context.n + 1") == "2");
    CHECK(outcome("context.huge") == "12345678901234567890");
    CHECK(outcome("has(context.huge)") == "true");
    CHECK(outcome("context.huge > 1 || context.n == 1") == "true");
}
