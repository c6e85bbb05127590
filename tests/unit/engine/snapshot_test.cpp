// Numbers of snapshots: exact, and refused where they cannot be what they stand for.
#include "machines/engine/snapshot.hpp"

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "machines/expression/print.hpp"

using namespace fleet;

namespace {

std::string snapshot_with(const std::string& members) {
    return R"({"execution_id":"e","machine_name":"m","spec_version":"4.2.1","current_state":"s",)"
           R"("event":"execute",)" +
           members + "}";
}

}  // namespace

TEST_CASE("a context's integers of any size survive a snapshot") {
    const std::string digits = "-" + std::string(4000, '7');
    const auto read = engine::snapshot_from_json(
        snapshot_with(R"("step":3,"context":{"n":12345678901234567890,"l":[)" + digits + "]}"));
    const auto again = engine::snapshot_from_json(engine::to_json_text(read));
    CHECK(expression::to_json(again.context) ==
          R"({"n":12345678901234567890,"l":[)" + digits + "]}");
    CHECK(again.step == 3);
}

TEST_CASE("a number of steps is one that a run can reach") {
    for (const char* const step : {"1e30", "-1e300", "100000000000000000000", "\"1\"", "[]"}) {
        CAPTURE(step);
        CHECK_THROWS_AS(engine::snapshot_from_json(
                            snapshot_with(std::string(R"("context":{},"step":)") + step)),
                        base::ProtocolError);
    }
    CHECK(engine::snapshot_from_json(snapshot_with(R"("context":{},"step":7.0)")).step == 7);
}
