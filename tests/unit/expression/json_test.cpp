// Reading JSON, beside the library that the rest of the project reads it with.
#include "common/base/json.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "common/base/errors.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

using namespace fleet::expression;
using fleet::base::Json;

namespace {

std::string refusal(const std::string& text) {
    try {
        return "no error but " + to_json(from_json(text));
    } catch (const EvaluationError& failure) {
        return std::string(name_of(failure.kind())) + ": " + failure.what();
    }
}

/// The same text from both, or a refusal from both.
void agrees_with_library(const std::string& text) {
    std::string expected;
    try {
        expected = fleet::base::dump_json(fleet::base::parse_json(text, "value"));
    } catch (const fleet::base::ConfigError&) {
        RC_ASSERT_THROWS_AS(static_cast<void>(from_json(text)), EvaluationError);
        return;
    }
    RC_ASSERT(Json::parse(to_json(from_json(text))).dump() == Json::parse(expected).dump());
}

}  // namespace

TEST_CASE("what the library reads is read the same, what it refuses is refused") {
    CHECK(rc::check("text made of JSON's words", [] {
        const auto words =
            *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\":", "1", "-", "0", ".5", "e3", "E-2",
                "true", "null", "false", "\"\\u00e9\\n\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"",
                "\"\\x\"", "\"é\"", "\"\xff\"", "\"\xed\xa0\x80\"", "\"", " ", "\n", "nul", "+",
                "1.25", "-7", "1e999", "1e-999", "\"\t\"", "\"\\u12\""));
        std::string text;
        for (const std::string& word : words) {
            text += word;
        }
        agrees_with_library(text);
    }));
    CHECK(rc::check("arbitrary bytes in a string", [](const std::string& bytes) {
        std::string text = bytes;
        std::erase(text, '\0');  // the library takes it for the end of the text
        agrees_with_library("[\"" + text + "\"]");
    }));
    for (const char* const text : {"1",
                                   " [ 1 , 2 ] ",
                                   "{}",
                                   "[]",
                                   "{\"a\":{\"b\":[{}]}}",
                                   "-0",
                                   "0.0",
                                   "1e5",
                                   "01",
                                   "1.",
                                   "\xef\xbb\xbf[1]",
                                   "[1,]",
                                   "{\"a\":1,}",
                                   "{\"a\":1,\"a\":2}",
                                   "",
                                   " ",
                                   "[1 2]",
                                   "1 2",
                                   "\"\\u0000\"",
                                   "\"\x7f\"",
                                   "\"\xf4\x90\x80\x80\"",
                                   "\"\xc0\x80\"",
                                   "2147483648.5"}) {
        CAPTURE(text);
        CHECK(rc::check([&] { agrees_with_library(text); }));
    }
}

TEST_CASE("integers of any size survive the way through JSON") {
    const std::string text =
        R"({"a":[12345678901234567890,-9223372036854775809,)" + std::string(1000, '7') + "]}";
    CHECK(to_json(from_json(text)) == text);
    CHECK(to_json(from_json("-9223372036854775808")) == "-9223372036854775808");
    CHECK(to_json(from_json("9223372036854775808")) == "9223372036854775808");
}

TEST_CASE("what is no JSON is refused with the place and the reason") {
    CHECK(refusal("{\"a\": }") == "value: value: not valid JSON at byte 7: a value is expected");
    CHECK(refusal("[1 2]") ==
          "value: value: not valid JSON at byte 4: a list goes on with `,` or ends with `]`");
    CHECK(refusal("1e999") ==
          "value: value: not valid JSON at byte 6: the number 1e999 is too large");
    CHECK(refusal(std::string(501, '[')) ==
          "value: value: JSON nested deeper than 500 levels at byte 501");
    const std::string deep = std::string(500, '[') + std::string(500, ']');
    CHECK(to_json(from_json(deep)) == deep);
}
