#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "machines/cel/cel.hpp"
#include "machines/expression/errors.hpp"
#include "tests/unit/cel/cases.hpp"

using namespace fleet;
using cel::CelExpression;
using cel_test::outcome;
using cel_test::variables;

namespace {

std::string repeated(const std::string& text, std::size_t count) {
    std::string result;
    for (; count > 0; --count) {
        result += text;
    }
    return result;
}

std::string message_of(const std::string& text) {
    try {
        (void)CelExpression::parse(text).evaluate(variables());
        return "none";
    } catch (const expression::EvaluationError& failure) {
        return failure.what();
    }
}

}  // namespace

TEST_CASE("CEL: nesting is limited, chains may be long") {
    CHECK(outcome(repeated("(", 90) + "1" + repeated(")", 90)) == "1");
    CHECK(outcome(repeated("(", 1000) + "1" + repeated(")", 1000)) == "!limit");
    CHECK(outcome(repeated("[", 30'000)) == "!limit");
    CHECK(outcome(repeated("true ? 1 : ", 1000) + "2") == "!limit");
    CHECK(outcome(repeated("!", 32) + "true") == "true");
    CHECK(outcome(repeated("!", 30'000) + "true") == "!limit");
    CHECK(outcome(repeated("-", 30'000) + "1") == "!limit");
    CHECK(outcome(repeated("true && ", 5000) + "true") == "true");
    CHECK(outcome(repeated("false || ", 5000) + "true") == "true");
    CHECK(outcome(repeated("1 + ", 300) + "1") == "301");
    CHECK(outcome(repeated("1 + ", 10'000) + "1") == "!limit");
    CHECK(outcome("context" + repeated(".d", 10'000)) == "!limit");
    CHECK(outcome("[" + repeated("1, ", 10'000) + "1].size()") == "10001");
}

TEST_CASE("CEL: the length of an expression is limited") {
    const std::string longest(cel::kMaxTextBytes - 2, 'x');
    CHECK(outcome("'" + longest + "' == ''") == "!limit");
    CHECK(outcome("size('" + longest.substr(10) + "')") == std::to_string(longest.size() - 10));
}

TEST_CASE("CEL: an evaluation ends after its steps, whatever absorbs errors around it") {
    const std::string ten = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 0]";
    std::string nested = "true";
    for (int depth = 0; depth < 8; ++depth) {
        nested = ten + ".all(x" + std::to_string(depth) + ", " + nested + ")";
    }
    CHECK(outcome(nested) == "!limit");
    CHECK(outcome("true || " + nested) == "true");
    CHECK(outcome(nested + " || true") == "!limit");
    // Errors that another element makes harmless are carried past it, which takes its time.
    const std::string zeros = "[" + repeated("0, ", 200) + "1]";
    CHECK(outcome(zeros + ".all(x, " + zeros + ".all(y, 1 / x == y || true))") == "!limit");
    CHECK(outcome(zeros + ".all(x, " + zeros + ".all(y, 1 == x + y || true))") == "true");
    // Searches and matches take the more the longer what is looked for is.
    const std::string long_text = "['" + std::string(20'000, 'a') + "'].map(x, x + x)[0]";
    const std::string hundred = repeated("0, ", 99) + "0";
    const auto often = [&](const std::string& what) {
        return "[" + long_text + "].all(t, [" + hundred + "].all(i, " + what + "))";
    };
    CHECK(outcome(often("!t.contains('b')")) == "true");
    CHECK(outcome(often("!t.matches('b$')")) == "true");
    CHECK(outcome(often("!t.contains('" + std::string(20'000, 'a') + "b')")) == "!limit");
    CHECK(outcome(often("!t.matches('(a?){500}b$')")) == "!limit");
    // Doubling forty times would fill any memory.
    CHECK(outcome("['ab']" + repeated(".map(x, x + x)", 40)) == "!limit");
    CHECK(outcome("[[1]]" + repeated(".map(x, x + x)", 40)) == "!limit");
    CHECK(outcome("['a']" + repeated(".map(x, [x, x].join(x))", 40)) == "!limit");
    CHECK(outcome("['aa']" + repeated(".map(x, x.replace('a', x))", 40)) == "!limit");
    CHECK(outcome("[1]" + repeated(".map(x, [x, x])", 60) + " == []") == "!limit");
    CHECK(outcome(ten + repeated(".map(x, " + ten, 6) + repeated(")", 6)) == "!limit");
}

TEST_CASE("CEL: messages say what is wrong and where") {
    using Catch::Matchers::Contains;
    CHECK_THAT(message_of("1 +\n  * 2"), Contains("line 2, column 3") && Contains("'*'"));
    CHECK_THAT(message_of("context.n > 1 && context.missing > 1"),
               Contains("no_such_field") && Contains("'missing'") && Contains("column 26"));
    CHECK_THAT(message_of("1 / 0 > 0 || context.no"), Contains("division by zero"));
    CHECK_THAT(message_of("'é' + 1"), Contains("column 5") && Contains("string and int"));
    CHECK_THAT(message_of("contxt.n"), Contains("context, input and output"));
    CHECK_THAT(message_of("'a'.size(1)"), Contains("wrong number of arguments"));
    CHECK_THAT(message_of("timestamp(0).getHours('Asia/Tokyo')"), Contains("+02:00"));
    CHECK_THAT(message_of("contains('a', 'b')"), Contains("value.contains()"));
}

TEST_CASE("CEL: a condition holds when its value counts as true") {
    const auto holds = [](const char* text) {
        return CelExpression::parse(text).test(variables());
    };
    CHECK(holds("context.n > 1"));
    CHECK_FALSE(holds("context.n > 10"));
    CHECK(holds(""));
    CHECK(holds("context.names"));
    CHECK_FALSE(holds("context.el"));
    CHECK_FALSE(holds("context.nul"));
    CHECK_FALSE(holds("context.empty"));
    CHECK(holds("timestamp(0)"));
    CHECK_FALSE(holds("0u"));
}

TEST_CASE("CEL: one expression is evaluated by several threads at once") {
    const auto expression = CelExpression::parse(
        "context.users.exists(u, u.name.matches('^b') && u.age < 18) && {1: 'x'}[1] == 'x'");
    std::atomic<int> right{0};
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&] {
                for (int round = 0; round < 500; ++round) {
                    right += expression.test(variables()) ? 1 : 0;
                }
            });
        }
    }
    CHECK(right == 2000);
}
