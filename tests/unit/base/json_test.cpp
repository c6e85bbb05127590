#include "common/base/json.hpp"

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"

using fleet::base::ConfigError;
using fleet::base::dump_json;
using fleet::base::Json;
using fleet::base::parse_json;

TEST_CASE("objects keep the order of their members") {
    CHECK(dump_json(parse_json(R"({"z": 1, "a": [true, null]})", "test")) ==
          R"({"z":1,"a":[true,null]})");
}

TEST_CASE("text that is not JSON is refused with place, position and reason") {
    CHECK_THROWS_WITH(
        parse_json("{\"a\": }", "items.jsonl line 3"),
        Catch::Matchers::StartsWith("items.jsonl line 3: not valid JSON at byte 7: ") &&
            !Catch::Matchers::Contains("json.exception"));
    CHECK_THROWS_AS(parse_json("", "x"), ConfigError);
    CHECK_THROWS_AS(parse_json("1e999", "x"), ConfigError);
    CHECK_THROWS_AS(parse_json("\"\xff\"", "x"), ConfigError);
}

TEST_CASE("nesting that could exhaust the stack is refused") {
    const std::string open(500, '[');
    const std::string close(500, ']');
    CHECK_NOTHROW(parse_json(open + close, "x"));
    CHECK_THROWS_WITH(parse_json("[" + open + close + "]", "x"),
                      Catch::Matchers::Contains("nested deeper than 500"));
    CHECK_NOTHROW(parse_json("[\"" + open + open + "\\\"" + open + "\"]", "x"));
}

TEST_CASE("invalid UTF-8 is replaced when JSON is printed") {
    CHECK(dump_json(Json("a\xff")) == "\"a\xEF\xBF\xBD\"");
}
