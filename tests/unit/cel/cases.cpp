#include "tests/unit/cel/cases.hpp"

#include <catch2/catch.hpp>

#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::cel_test {

const cel::Variables& variables() {
    static const cel::Variables the_variables{
        expression::from_json(R"({
            "n": 5, "f": 2.5, "s": "abc", "empty": "", "yes": true, "no": false, "nul": null,
            "l": [1, 2, 3], "names": ["ann", "bob"], "el": [], "em": {},
            "uni": "h\u00e9llo \ud83d\ude00",
            "d": {"a": {"b": {"c": 7}}, "k-x": 1, "for": 2}, "big": 9223372036854775807,
            "users": [{"name": "ann", "age": 30}, {"name": "bob", "age": 17}],
            "due": "2024-02-29T12:30:00Z"
        })"),
        expression::from_json(R"({"q": "hi", "context": 1})"),
        expression::from_json(R"([10, 20])"),
    };
    return the_variables;
}

std::string outcome(std::string_view text) {
    try {
        return expression::spaced_json(cel::CelExpression::parse(text).evaluate(variables()));
    } catch (const expression::EvaluationError& failure) {
        UNSCOPED_INFO(failure.what());
        return "!" + std::string(expression::name_of(failure.kind()));
    }
}

void check(std::initializer_list<Case> cases) {
    for (const auto& [text, expected] : cases) {
        CAPTURE(text);
        CHECK(outcome(text) == expected);
    }
}

}  // namespace fleet::cel_test
