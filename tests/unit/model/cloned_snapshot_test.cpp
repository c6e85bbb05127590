// A checkpoint taken over for another execution.
#include "common/model/cloned_snapshot.hpp"

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"

using fleet::model::cloned_snapshot;

TEST_CASE("a cloned checkpoint has its own names and everything else byte for byte") {
    CHECK(cloned_snapshot(
              R"({"execution_id":"a","context":{"n":123456789012345678901234,"f":[NaN,-Infinity],)"
              R"("s":"}, \"execution_id\": "},"pending_launches":[{"input":{"x":"]"}}],)"
              R"("parent_execution_id":null,"step":3})",
              "a", "b\"") ==
          R"({"execution_id":"b\"","parent_execution_id":"a","pending_launches":null,)"
          R"("context":{"n":123456789012345678901234,"f":[NaN,-Infinity],)"
          R"("s":"}, \"execution_id\": "},"step":3})");
    CHECK(cloned_snapshot(" { } ", "a", "b") ==
          R"({"execution_id":"b","parent_execution_id":"a","pending_launches":null})");
    CHECK(cloned_snapshot("{\"x\" : [1, 2] ,\n\"y\" : 1 }", "a", "b") ==
          R"({"execution_id":"b","parent_execution_id":"a","pending_launches":null,)"
          R"("x":[1, 2] ,"y":1 })");
}

TEST_CASE("what is no checkpoint is refused with the execution and the place") {
    for (const std::string text :
         {"", "[]", "nonsense", "{\"a\"", "{\"a\":1", "{\"a\":\"x", "{a:1}", "{\"a\":[1}"}) {
        INFO(text);
        CHECK_THROWS_AS(cloned_snapshot(text, "e-1", "b"), fleet::base::ProtocolError);
    }
    CHECK_THROWS_WITH(
        cloned_snapshot("[1]", "e-1", "b"),
        "the latest checkpoint of execution e-1: it is not a JSON object (at byte 1)");
}
