// Integers beyond 64 bits in templates: operators, filters, tests, formats.
#include <catch2/catch.hpp>

#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"
#include "machines/template/render_value.hpp"
#include "machines/template/template.hpp"

using namespace fleet::templates;
using fleet::expression::EvaluationError;
using fleet::expression::from_json;
using fleet::expression::to_json;
using fleet::expression::Value;

namespace {

constexpr const char* kContext = R"({"big": 12345678901234567890, "neg": -100000000000000000000,
    "l": [1, 2, 3], "t": "abc", "text": " 98765432109876543210 ", "odd": 18446744073709551615})";

std::string outcome(const std::string& text) {
    const Value context = from_json(kContext);
    Variables variables;
    variables.add("context", context);
    try {
        return Template::parse(text, Mode::config).render(variables);
    } catch (const EvaluationError& failure) {
        UNSCOPED_INFO(failure.what());
        return "!" + std::string(name_of(failure.kind()));
    }
}

struct Case {
    const char* text;
    const char* expected;
};

void check(std::initializer_list<Case> cases) {
    for (const auto& [text, expected] : cases) {
        CAPTURE(text);
        CHECK(outcome("{{ " + std::string(text) + " }}") == expected);
    }
}

}  // namespace

TEST_CASE("templates calculate and print integers of any size") {
    check({
        {"12345678901234567890 + 1", "12345678901234567891"},
        {"context.big + 1", "12345678901234567891"},
        {"context.big - context.big", "0"},
        {"-context.neg", "100000000000000000000"},
        {"2 ** 100", "1267650600228229401496703205376"},
        {"2 ** 100 // 2 ** 98", "4"},
        {"context.neg % 7", "5"},
        {"context.big / 10", "1.2345678901234568e+18"},
        {"context.big ~ '!'", "12345678901234567890!"},
        {"[context.big, 0xffffffffffffffffff]", "[12345678901234567890, 4722366482869645213695]"},
        {"{context.big: 1}[12345678901234567890]", "1"},
        {"{1e20: 1}[-context.neg]", "1"},
        {"context.big > 1e19", "True"},
        {"context.neg < 0 < context.big", "True"},
        {"context.big in [12345678901234567890]", "True"},
        {"10 ** 4300", "!limit"},
        {"10 ** 400 + 0.5", "!arithmetic"},
        {"1 // 0 ** 99999999999999999999", "!arithmetic"},
    });
    CHECK(outcome("{{ " + std::string(4301, '1') + " }}") == "!template_syntax");
}

TEST_CASE("filters keep integers of any size exact") {
    check({
        {"context.text | int", "98765432109876543210"},
        {"'-ffffffffffffffffffff' | int(base=16)", "-1208925819614629174706175"},
        {"1e22 | int", "10000000000000000000000"},
        {"-1e22 | int", "-10000000000000000000000"},
        {"1e400 | int(5)", "5"},
        {"context.big | float", "1.2345678901234567e+19"},
        {"10 ** 400 | float", "!arithmetic"},
        {"context.neg | abs", "100000000000000000000"},
        {"context.big | round", "12345678901234567890"},
        {"context.big | round(-2)", "12345678901234567900"},
        {"9007199254740993 | round(-1)", "9007199254740990"},
        {"context.big | round(1, 'floor')", "1.2345678901234567e+19"},
        {"[context.big, 1] | sum", "12345678901234567891"},
        {"[9223372036854775807, 1] | sum", "9223372036854775808"},
        {"[1, context.big, 2.5] | max", "12345678901234567890"},
        {"[1, context.neg, 2.5] | min", "-100000000000000000000"},
        {"[context.big, 1, context.neg] | sort",
         "[-100000000000000000000, 1, 12345678901234567890]"},
        {"context.big | string | length", "20"},
        {"context.big | tojson", "12345678901234567890"},
        {"('[98765432109876543210]' | fromjson)[0]", "98765432109876543210"},
        {"-1e30 | filesizeformat", "-1000000000000000019884624838656 Bytes"},
        {"'x' | indent(context.big)", "!limit"},
        {"context.t | truncate(context.big)", "!limit"},
    });
}

TEST_CASE("formats write integers of any size") {
    check({
        {"'%d' | format(context.big)", "12345678901234567890"},
        {"'%+d|%x|%X|%o' % (context.big, context.big, context.big, context.neg)",
         "+12345678901234567890|ab54a98ceb1f0ad2|AB54A98CEB1F0AD2|-12657072742654304000000"},
        {"'%25d|%-25d|%025d' % (context.neg, context.neg, context.neg)",
         "   -100000000000000000000|-100000000000000000000   |-000100000000000000000000"},
        {"'%.1f' % context.big", "12345678901234567168.0"},
        {"'%d' % 1e22", "10000000000000000000000"},
        {"'%d' % (1e308 * 10)", "!value"},
        {"'%f' % (10 ** 400)", "!arithmetic"},
        {"'{:,}'.format(context.big)", "12,345,678,901,234,567,890"},
        {"'{:#b}'.format(2 ** 64)",
         "0b10000000000000000000000000000000000000000000000000000000000000000"},
        {"'{:e}'.format(context.big)", "1.234568e+19"},
        {"'{}'.format(context.neg)", "-100000000000000000000"},
        {"'{99999999999999999999}'.format(1)", "!index"},
    });
}

TEST_CASE("tests know integers of any size") {
    check({
        {"context.big is integer", "True"},
        {"context.big is number", "True"},
        {"context.big is float", "False"},
        {"context.big is even", "True"},
        {"context.odd is odd", "True"},
        {"context.big is divisibleby 9", "True"},
        {"context.big is sameas 12345678901234567890", "True"},
        {"context.big is eq 12345678901234567890", "True"},
        {"1 if context.big else 2", "1"},
    });
}

TEST_CASE("what counts and points takes integers of any size as far as that goes") {
    check({
        {"context.l[context.big]", ""},
        {"context.t[context.neg]", ""},
        {"context.l[context.neg:context.big]", "[1, 2, 3]"},
        {"context.t[context.big:]", ""},
        {"context.t[::context.big]", "a"},
        {"context.t[::context.neg]", "c"},
        {"context.t[::-1]", "cba"},
        {"context.t[1:]", "bc"},
        {"context.t[2:1]", ""},
        {"'aé😀z'[1:-1]", "é😀"},
        {"'aé😀z'[::2]", "a😀"},
        {"context.t * context.neg", "!limit"},
        {"context.t * context.big", "!limit"},
        {"range(context.big)", "!limit"},
        {"range(0, 5, context.big)", "!limit"},
    });
}

TEST_CASE("calculating with large integers uses up a rendering's work") {
    CHECK(outcome("{% set x = 10 ** 4000 %}{% for i in range(1000000) %}{% if x // (x - 1) > 2 %}"
                  "a{% endif %}{% endfor %}") == "!limit");
}

TEST_CASE("a bare path keeps an integer of any size, a template prints it") {
    const Value context = from_json(kContext);
    Variables variables;
    variables.add("context", context);
    const auto rendered = [&](const std::string& text) {
        return to_json(render_value(Value::string(text), variables));
    };
    CHECK(rendered("context.big") == "12345678901234567890");
    CHECK(rendered("{{ context.big }}") == R"("12345678901234567890")");
}

TEST_CASE("floats are rounded and divided as the family does it") {
    check({
        {"-8.110255922700868e+26 | round(-1)", "-8.110255922700868e+26"},
        {"25.0 | round(-1)", "20.0"},
        {"25.1 | round(-1)", "30.0"},
        {"-35 | round(-1)", "-40"},
        {"-2.5 | round(-1)", "-0.0"},
        {"-0.5 | round(0, 'ceil')", "0.0"},
        {"-0.0 | abs", "0.0"},
        {"-4.0 % 2", "0.0"},
        {"-1e18 // -1e40", "0.0"},
        {"-7.5 // 2", "-4.0"},
        {"'none' % 5", "!type"},
        {"'none' % [5]", "none"},
    });
}
