// The template engine beyond the conformance rows.
#include "machines/template/template.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"
#include "machines/template/render_value.hpp"

using namespace fleet::templates;
using fleet::expression::EvaluationError;
using fleet::expression::from_json;
using fleet::expression::to_json;
using fleet::expression::Value;

namespace {

std::string render(const std::string& text, const std::string& context = "{}") {
    const Value value = from_json(context);
    Variables variables;
    variables.add("context", value);
    return Template::parse(text, Mode::config).render(variables);
}

std::string error_of(const std::string& text, const std::string& context = "{}") {
    try {
        return "no error but " + render(text, context);
    } catch (const EvaluationError& failure) {
        return std::string(name_of(failure.kind())) + ": " + failure.what();
    }
}

}  // namespace

TEST_CASE("a parsed template is rendered with one set of variables after the other") {
    const Template parsed = Template::parse("{{ context.n + 1 }}", Mode::config);
    for (int n = 0; n < 3; ++n) {
        const Value context = from_json(R"({"n": )" + std::to_string(n) + "}");
        Variables variables;
        variables.add("context", context);
        CHECK(parsed.render(variables) == std::to_string(n + 1));
    }
}

TEST_CASE("what a template appends stays within its rendering") {
    const Value context = from_json(R"({"d": {"l": [1]}})");
    Variables variables;
    variables.add("context", context);
    const Template parsed =
        Template::parse("{{ context.d.l.append(2) }}{{ context.d.l }}", Mode::config);
    CHECK(parsed.render(variables) == "None[1, 2]");
    CHECK(parsed.render(variables) == "None[1, 2]");
    CHECK(to_json(context) == R"({"d":{"l":[1]}})");
}

TEST_CASE("a member named like a method gives the member") {
    CHECK(render("{{ context.items }} {{ context.items() | list | length }}",
                 R"({"items": [9]})") == "[9] 1");
}

TEST_CASE("errors say the class, the place and the reason") {
    CHECK(error_of("a\n{{ context.a.b.c }}") ==
          "template_undefined: template `a {{ context.a.b.c }}`, line 2, column 4: `context.a` is "
          "undefined");
    CHECK(error_of("a\n{% if true %}") ==
          "template_syntax: template `a {% if true %}`, line 2, column 14: the template ends where "
          "`endif` is missing");
}

TEST_CASE("rendering is limited in turns, size and depth") {
    CHECK_THAT(error_of("{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}"
                        "{% endfor %}"),
               Catch::StartsWith("limit: "));
    CHECK_THAT(error_of("{{ range(100000000000) | list }}"), Catch::StartsWith("limit: "));
    CHECK_THAT(error_of("{% for a in range(1000) %}{{ 'x' * 1000000 }}{% endfor %}"),
               Catch::StartsWith("limit: "));
    CHECK_THAT(error_of("{% set n = namespace(x='ab') %}{% for a in range(100) %}"
                        "{% set n.x = n.x ~ n.x %}{% endfor %}"),
               Catch::StartsWith("limit: "));
    CHECK_THAT(error_of("{% set n = namespace(x=[]) %}{% for a in range(10000) %}"
                        "{% set n.x = [n.x] %}{% endfor %}"),
               Catch::StartsWith("limit: "));
    // What is made and thrown away counts too: each turn makes millions of characters.
    CHECK_THAT(error_of("{% for a in range(1000000) %}{% set x = 'x' * 20000000 %}{% endfor %}"),
               Catch::StartsWith("limit: "));
    CHECK_THAT(error_of("{% for a in range(1000000) %}{% set x %}{{ 'x' * 20000000 }}{% endset %}"
                        "{% endfor %}"),
               Catch::StartsWith("limit: "));
    CHECK_THAT(error_of("{{ " + std::string(5000, '(') + "1" + std::string(5000, ')') + " }}"),
               Catch::StartsWith("template_syntax: "));
    std::string nested;
    for (int i = 0; i < 2000; ++i) {
        nested += "{% if true %}";
    }
    CHECK_THAT(error_of(nested), Catch::StartsWith("template_syntax: "));
}

TEST_CASE("who renders may set smaller limits") {
    const Variables none;
    const auto refusal = [&none](const char* text, const Limits& limits) -> std::string {
        try {
            return "rendered " + Template::parse(text, Mode::prompt).render(none, limits);
        } catch (const EvaluationError& failure) {
            return failure.what();
        }
    };
    CHECK(refusal("{{ 'x' * 10 }}", {.output_bytes = 10}) == "rendered xxxxxxxxxx");
    CHECK_THAT(refusal("{{ 'x' * 11 }}", {.output_bytes = 10}),
               Catch::Contains("prints more than 10 bytes"));
    const char* loop = "{% for a in 'abcd' %}{% endfor %}";
    CHECK(refusal(loop, {.iterations = 4}) == "rendered ");
    CHECK_THAT(refusal(loop, {.iterations = 3}), Catch::Contains("run more than 3 times"));
    CHECK_THAT(refusal("{{ range(5) | list }}", {.iterations = 4}),
               Catch::Contains("a range of more than 4 numbers"));
    CHECK_THAT(refusal("{% set x = 'x' * 100 %}", {.work = 50}),
               Catch::Contains("makes more than 50 characters"));
}

TEST_CASE("any text is rendered or refused, never more") {
    CHECK(rc::check("words of the language", [] {
        const auto words =
            *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
                "{{", "}}", "{%", "%}", "{#", "#}", "-", "for", "x", "in", "if", "else", "endif",
                "endfor", "set", "=", "context", ".", "[", "]", "(", ")", "|", "length", "join",
                "'a'", "1", "~", ":", ",", "{", "}", "is", "defined", "raw", "endraw", "\n", "'"));
        std::string text;
        for (const std::string& word : words) {
            text += word + " ";
        }
        try {
            static_cast<void>(render(text));
        } catch (const EvaluationError& failure) {
            RC_ASSERT(!std::string(failure.what()).empty());
        }
    }));
    CHECK(rc::check("text without tags is returned byte for byte", [](const std::string& text) {
        RC_PRE(text.find('{') == std::string::npos);
        const Value config = Value::string(text + "!");
        RC_ASSERT(render_value(config, {}).as_string() == text + "!");
    }));
}

TEST_CASE("bare paths keep their type, begin with the item's name too, and never fail") {
    const Value context = from_json(R"({"n": 5})");
    const Value item = from_json(R"({"x": [1]})");
    Variables variables;
    variables.add("context", context);
    variables.add("job", item);
    const Value config = from_json(
        R"({"context.n": "context.n", "a": " job.x ", "b": "context.no.more", "c": "jobs"})");
    CHECK(to_json(ValueTemplate::parse(config, "job").render(variables)) ==
          R"({"context.n":5,"a":[1],"b":null,"c":"jobs"})");
    CHECK(to_json(render_value(config, variables)) ==
          R"({"context.n":5,"a":" job.x ","b":null,"c":"jobs"})");
}

TEST_CASE("prompts print lists as they are and know no fromjson") {
    const Value input = from_json(R"({"l": ["a"]})");
    Variables variables;
    variables.add("input", input);
    CHECK(Template::parse("{{ input.l }}", Mode::prompt).render(variables) == "['a']");
    CHECK_THROWS_AS(Template::parse("{{ '1' | fromjson }}", Mode::prompt), EvaluationError);
}
