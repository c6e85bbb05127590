// The simple expression language beyond the conformance rows.
#include "machines/expression/expression.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "machines/expression/errors.hpp"
#include "machines/expression/literals.hpp"
#include "machines/expression/operators.hpp"
#include "machines/expression/print.hpp"

using namespace fleet::expression;

namespace {

Value evaluate(const std::string& text, const std::string& context = "{}") {
    return Expression::parse(text).evaluate(from_json(context));
}

std::string error_of(const std::string& text, const std::string& context = "{}") {
    try {
        return "no error but " + repr_text(evaluate(text, context));
    } catch (const EvaluationError& failure) {
        return std::string(name_of(failure.kind())) + ": " + failure.what();
    }
}

}  // namespace

TEST_CASE("a parsed expression is evaluated with one context after the other") {
    const Expression expression = Expression::parse("context.n * 2 + 1 >= 7");
    CHECK_FALSE(expression.test(from_json(R"({"n": 2})")));
    CHECK(expression.test(from_json(R"({"n": 3})")));
}

TEST_CASE("signs, keyword-named fields and surrounding blanks are understood") {
    CHECK(repr_text(evaluate(" -context.n + 1 ", R"({"n": 5})")) == "-4");
    CHECK(repr_text(evaluate("context.l[-1]", R"({"l": [1, 2]})")) == "2");
    CHECK(repr_text(evaluate("context.class == context.if", R"({"class": 1, "if": 1})")) == "True");
    CHECK(repr_text(evaluate("(context.n\n== 5)", R"({"n": 5})")) == "True");
}

TEST_CASE("an integer that leaves 64 bits stays exact") {
    CHECK(repr_text(evaluate("9223372036854775807 + 1")) == "9223372036854775808");
    CHECK(repr_text(evaluate("0 - 9223372036854775807 - 1")) == "-9223372036854775808");
    CHECK(repr_text(evaluate("9223372036854775808")) == "9223372036854775808");
}

TEST_CASE("errors say the class, the place and the reason") {
    CHECK(error_of("context.a and\tfoo.b", R"({"a": 1})") ==
          "expression: expression `context.a and foo.b`, line 1, column 15: there is no `foo` "
          "here; conditions see only `context`");
    CHECK_THAT(error_of("context.n in context.l"), Catch::StartsWith("expression: "));
    CHECK_THAT(error_of("context.n > 1"), Catch::StartsWith("type: "));
    CHECK_THAT(error_of("context['n']"), Catch::StartsWith("key: "));
    CHECK_THAT(error_of("context.l[1]", R"({"l": []})"), Catch::StartsWith("index: "));
    CHECK_THAT(error_of("1 / 0"), Catch::StartsWith("arithmetic: "));
    CHECK_THAT(error_of("'abc' * 9223372036854775807"), Catch::StartsWith("limit: "));
}

TEST_CASE("deep nesting is refused and long chains are not") {
    CHECK_THAT(error_of(std::string(5000, '(') + "1" + std::string(5000, ')')),
               Catch::StartsWith("expression: "));
    CHECK_THAT(error_of(std::string(5000, '-') + "1"), Catch::StartsWith("expression: "));
    std::string sum = "1";
    for (int i = 0; i < 900; ++i) {
        sum += " + 1";
    }
    CHECK(repr_text(evaluate(sum)) == "901");
}

TEST_CASE("any text is parsed or refused, never more") {
    CHECK(rc::check("arbitrary text", [](const std::string& text) {
        try {
            static_cast<void>(Expression::parse(text).evaluate(Value::dict({})));
        } catch (const EvaluationError& failure) {
            RC_ASSERT(!std::string(failure.what()).empty());
        }
    }));
    CHECK(rc::check("text made of the language's words", [] {
        const auto words =
            *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
                "context", ".", "a", "[", "]", "(", ")", "and", "or", "not", "==", "<", "+", "-",
                "*", "/", "1", "'x'", "null", "\\", "'", "\n", "1e999"));
        std::string text;
        for (const std::string& word : words) {
            text += word + " ";
        }
        try {
            static_cast<void>(Expression::parse(text).evaluate(Value::dict({})));
        } catch (const EvaluationError& failure) {
            RC_ASSERT(!std::string(failure.what()).empty());
        }
    }));
}

TEST_CASE("printed floats read back as the same number") {
    CHECK(rc::check("any finite number", [](double number) {
        const std::string text = float_text(number);
        RC_ASSERT(float_of_text(text).as_floating() == number);
        RC_ASSERT(from_json(text).as_floating() == number);
    }));
    CHECK(float_text(1e16) == "1e+16");
    CHECK(float_text(1e15) == "1000000000000000.0");
    CHECK(float_text(0.0001) == "0.0001");
    CHECK(float_text(0.00001) == "1e-05");
    CHECK(float_text(-2.5) == "-2.5");
    CHECK(float_text(123456.789) == "123456.789");
}

TEST_CASE("values are changed without changing those who share them") {
    Value first = from_json(R"({"a": 1})");
    Value second = first;
    second.set("a", Value::integer(2));
    second.set("b", Value::list({}));
    CHECK(to_json(first) == R"({"a":1})");
    CHECK(to_json(second) == R"({"a":2,"b":[]})");
    CHECK(second.erase("a"));
    CHECK_FALSE(second.erase("a"));
    CHECK(to_json(second) == R"({"b":[]})");
}

TEST_CASE("what was erased does not count towards an object's size") {
    Value value = Value::dict({});
    const std::uint64_t empty = value.weight();
    for (int i = 0; i < 3; ++i) {
        value.set("text", Value::string(std::string(kMaxWeight / 2, 'x')));
        REQUIRE(value.erase("text"));
        REQUIRE(value.weight() == empty);
    }
}

TEST_CASE("large texts are printed and indexed by characters") {
    std::string text;
    for (int i = 0; i < 1000; ++i) {
        text += "aé😀\n!";
    }
    const Value value = Value::string(text);
    CHECK(subscript(value, Value::integer(2)).as_string() == "😀");
    CHECK(subscript(value, Value::integer(-3)).as_string() == "😀");
    CHECK(subscript(value, Value::integer(4999)).as_string() == "!");
    CHECK(unescape(repr_text(value).substr(1, repr_text(value).size() - 2)) == text);
}

TEST_CASE("objects with many members keep their order and find them") {
    Value value = Value::dict({});
    for (int i = 0; i < 1000; ++i) {
        value.set("key" + std::to_string(i), Value::integer(i));
    }
    for (int i = 0; i < 1000; i += 2) {
        REQUIRE(value.erase("key" + std::to_string(i)));
    }
    CHECK(value.as_dict().size() == 500);
    CHECK(value.find("key0") == nullptr);
    REQUIRE(value.find("key999") != nullptr);
    CHECK(value.find("key999")->as_integer() == 999);
    CHECK(value.as_dict().entries().front().first.as_string() == "key1");
}

TEST_CASE("values nested too deep or growing without end are refused") {
    Value deep = Value::list({});
    const auto nest = [&] {
        for (int i = 0; i < 1000; ++i) {
            deep = Value::list({deep});
        }
    };
    CHECK_THROWS_AS(nest(), EvaluationError);
    Value wide = Value::list({Value::integer(1)});
    const auto double_it = [&] {
        for (int i = 0; i < 64; ++i) {
            wide = Value::list({wide, wide});
        }
    };
    CHECK_THROWS_AS(double_it(), EvaluationError);
}

TEST_CASE("JSON survives the way through values") {
    const std::string text = R"({"b":[1,2.5,null,true,"é\n\"\\"],"a":{"x":-1,"y":1e+100}})";
    CHECK(to_json(from_json(text)) == text);
    CHECK(spaced_json(from_json(R"({"b":"é","a":1})"), true) == R"({"a": 1, "b": "\u00e9"})");
    CHECK_THROWS_AS(from_json("nope"), EvaluationError);
    CHECK_THROWS_AS(from_json(std::string(2000, '[')), EvaluationError);
}
