// Kept JSON for readers outside of the fleet.
#include "common/base/portable_json.hpp"

#include <catch2/catch.hpp>

#include "common/base/json.hpp"

using fleet::base::parse_json;
using fleet::base::portable_json;

TEST_CASE("numbers that JSON does not know become strings, in their place") {
    CHECK(portable_json(R"({"a":NaN,"b":[Infinity,-Infinity,1],"c":"x"})") ==
          R"({"a":"NaN","b":["Infinity","-Infinity",1],"c":"x"})");
    CHECK(portable_json("-Infinity") == "\"-Infinity\"");
    CHECK(parse_json(portable_json("[ NaN , -Infinity ]"), "test").size() == 2);
}

TEST_CASE("texts that only look like such numbers stay") {
    for (const std::string text : {R"("Infinity")", R"({"NaN":"a \" NaN","Infinity":1})", R"("\\")",
                                   "", "null", R"(["-Infinity \\", "\\\"NaN"])"}) {
        INFO(text);
        CHECK(portable_json(text) == text);
    }
    // What is no JSON is nobody's to mend, and ends.
    CHECK(portable_json("\"NaN \\") == "\"NaN \\");
}
