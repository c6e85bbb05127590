#include <array>
#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "machines/expression/print.hpp"
#include "tests/unit/cel/cases.hpp"

using namespace fleet;
using cel_test::outcome;

namespace {

const std::vector<std::string>& words() {
    static const std::vector<std::string> all = {
        "context",     "input",    ".n",         ".d",    ".l",  "[",
        "]",           "(",        ")",          "{",     "}",   ":",
        ",",           "?",        "!",          "-",     "+",   "*",
        "/",           "%",        "==",         "!=",    "<",   ">=",
        "in",          "&&",       "||",         "1",     "2u",  "0.5",
        "'a'",         "b'b'",     "true",       "null",  "has", ".map",
        ".all",        "x",        "size",       ".size", "int", "type",
        "\"",          "'''",      "\\",         "`",     "//",  "\n",
        " ",           ".",        "(x, x)",     "0x",    "1e9", ".exists_one(x, ",
        "timestamp('", "duration", ".matches('("};
    return all;
}

/// Operands of && and || of all kinds: booleans, errors, other types.
const std::array<const char*, 6> kOperands = {
    "true", "false", "1 / 0 > 0", "context.missing", "'word'", "[0, 1].all(x, 1 / x > 0)"};

std::string any_operand() {
    return kOperands.at(*rc::gen::inRange<std::size_t>(0, kOperands.size()));
}

bool is_error(const std::string& result) {
    return result.starts_with("!");
}

}  // namespace

TEST_CASE("CEL: any words in any order give a value or an error with its kind") {
    CHECK(rc::check([] {
        std::string text;
        for (const std::size_t word : *rc::gen::container<std::vector<std::size_t>>(
                 rc::gen::inRange<std::size_t>(0, words().size()))) {
            text += words()[word];
        }
        const std::string result = outcome(text);
        RC_ASSERT(!result.empty());
        RC_ASSERT(outcome(text) == result);
    }));
}

TEST_CASE("CEL: any bytes give a value or an error with its kind") {
    CHECK(rc::check([](const std::string& text) { RC_ASSERT(!outcome(text).empty()); }));
}

TEST_CASE("CEL: not not a boolean is the boolean, and of an error the error") {
    CHECK(rc::check([] {
        const std::string operand = any_operand();
        const std::string result = outcome("(" + operand + ") && true");
        RC_ASSERT(outcome("!(!(" + operand + "))") == result);
    }));
}

TEST_CASE("CEL: && and || give the same value from either side") {
    CHECK(rc::check([] {
        const std::string left = any_operand();
        const std::string right = any_operand();
        for (const char* symbol : {" && ", " || "}) {
            const std::string one = outcome(left + symbol + right);
            const std::string other = outcome(right + symbol + left);
            RC_ASSERT(one == other || (is_error(one) && is_error(other)));
        }
    }));
}

TEST_CASE("CEL: not (a and b) is (not a) or (not b), with errors too") {
    CHECK(rc::check([] {
        const std::string left = any_operand();
        const std::string right = any_operand();
        const std::string one = outcome("!(" + left + " && " + right + ")");
        const std::string other = outcome("!(" + left + ") || !(" + right + ")");
        RC_ASSERT(one == other || (is_error(one) && is_error(other)));
    }));
}

TEST_CASE("CEL: numbers are read back as they were printed") {
    CHECK(rc::check([](std::int64_t number) {
        const std::string text = std::to_string(number);
        RC_ASSERT(outcome(text) == text);
        RC_ASSERT(outcome("int(string(" + text + "))") == text);
        RC_ASSERT(outcome("int('" + text + "') == " + text) == "true");
    }));
    CHECK(rc::check([](double number) {
        const auto value = expression::Value::floating(number);
        const std::string text = expression::spaced_json(value);
        RC_ASSERT(outcome("double('" + text + "')") == text);
        RC_ASSERT(outcome("double(string(" + text + ")) == " + text) == "true");
    }));
    CHECK(rc::check([](std::uint64_t number) {
        const std::string text = std::to_string(number) + "u";
        RC_ASSERT(outcome("uint(string(" + text + ")) == " + text) == "true");
    }));
}

TEST_CASE("CEL: strings are read back as JSON prints them") {
    CHECK(rc::check([] {
        const auto text = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
        const std::string printed =
            expression::spaced_json(expression::Value::string(std::string(text)));
        RC_ASSERT(outcome(printed) == printed);
        RC_ASSERT(outcome("string(bytes(" + printed + "))") == printed);
        RC_ASSERT(outcome(printed + ".size()") == std::to_string(text.size()));
    }));
}

TEST_CASE("CEL: times are read back as they are printed, and differences add up") {
    const auto any_second = [] {
        return std::to_string(*rc::gen::inRange<std::int64_t>(-62'135'596'800, 253'402'300'799));
    };
    CHECK(rc::check([&] {
        const std::string time = "timestamp(" + any_second() + ")";
        const std::string other = "timestamp(" + any_second() + ")";
        RC_ASSERT(outcome("timestamp(string(" + time + ")) == " + time) == "true");
        RC_ASSERT(outcome(time + " + (" + other + " - " + time + ") == " + other) == "true");
        RC_ASSERT(outcome("duration(string(" + other + " - " + time + ")) == " + other + " - " +
                          time) == "true");
    }));
}

TEST_CASE("CEL: all is not exists not") {
    CHECK(rc::check([](const std::vector<std::int8_t>& numbers) {
        std::string list = "[";
        for (const int number : numbers) {
            list += std::to_string(number) + ",";
        }
        list += "]";
        RC_ASSERT(outcome(list + ".all(x, x > 0)") == outcome("!" + list + ".exists(x, !(x > 0))"));
        RC_ASSERT(outcome(list + ".filter(x, x > 0) == " + list + ".map(x, x > 0, x)") == "true");
    }));
}
