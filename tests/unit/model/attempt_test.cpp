#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "common/base/errors.hpp"
#include "common/model/execution.hpp"
#include "tests/unit/model/generators.hpp"

using namespace fleet::model;
using fleet::base::Millis;
using fleet::base::ProtocolError;
using fleet::base::store_time;

namespace {

ExecutionError any_error() {
    ExecutionError error;
    error.kind = static_cast<ErrorKind>(*rc::gen::inRange(0, 10));
    error.message = *generators::text();
    error.evidence = *generators::text();
    error.type = *generators::text();
    return error;
}

Attempt any_attempt() {
    Attempt attempt;
    attempt.number = *rc::gen::arbitrary<int>();
    attempt.worker_id = *generators::text();
    attempt.host = *generators::text();
    attempt.started_at = *generators::store_time();
    attempt.finished_at = *generators::store_time();
    attempt.exit_code = *generators::optional(rc::gen::arbitrary<int>());
    attempt.signal = *generators::optional(rc::gen::arbitrary<int>());
    if (*rc::gen::arbitrary<bool>()) {
        attempt.error = any_error();
    }
    attempt.duration = *generators::millis();
    attempt.cpu_time = *generators::optional(generators::millis());
    attempt.max_rss_bytes = *generators::optional(rc::gen::arbitrary<std::int64_t>());
    attempt.stdout_path = *generators::text();
    attempt.stderr_path = *generators::text();
    attempt.stdout_offset = *rc::gen::arbitrary<std::int64_t>();
    attempt.stderr_offset = *rc::gen::arbitrary<std::int64_t>();
    attempt.stderr_excerpt = *generators::text();
    attempt.suspicious = *rc::gen::arbitrary<bool>();
    return attempt;
}

}  // namespace

TEST_CASE("an attempt's JSON parses back to the same attempt") {
    REQUIRE(rc::check("round trip", [] {
        const Attempt attempt = any_attempt();
        const std::string text = to_json_text(attempt);
        RC_ASSERT(attempt_from_json(text) == attempt);
        RC_ASSERT(text.find('\n') == std::string::npos);
    }));
}

TEST_CASE("an attempt's JSON leaves out what is absent or empty") {
    Attempt attempt;
    attempt.number = 1;
    CHECK(to_json_text(attempt) == R"({"number":1})");
    attempt.exit_code = 0;
    attempt.started_at = store_time(1000);
    attempt.finished_at = store_time(1020);
    attempt.duration = Millis{20};
    CHECK(to_json_text(attempt) ==
          R"({"number":1,"started_at_ms":1000,"finished_at_ms":1020,"exit_code":0,)"
          R"("duration_ms":20})");
}

TEST_CASE("members of an attempt that a newer program wrote are ignored") {
    CHECK(attempt_from_json(R"({"number":2,"new_member":{"a":[1]},"signal":null})").number == 2);
}

TEST_CASE("an attempt with a wrong member is refused and the member named") {
    struct Row {
        std::string json;
        std::string named;
    };
    const std::vector<Row> rows{
        {R"({"number":"1"})", "number"},
        {R"({"number":1.5})", "number"},
        {R"({"number":3000000000})", "number"},
        {R"({"stdout_offset":9223372036854775808})", "stdout_offset"},
        {R"({"host":1})", "host"},
        {R"({"suspicious":1})", "suspicious"},
        {R"({"error":"x"})", "error"},
        {R"({"error":{"kind":"new_kind","message":"m"}})", "kind"},
        {R"([])", "not a JSON object"},
        {R"({)", "not valid JSON"},
        {"", "not valid JSON"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.json);
        CHECK_THROWS_AS(attempt_from_json(row.json), ProtocolError);
        CHECK_THROWS_WITH(attempt_from_json(row.json), Catch::Matchers::Contains(row.named));
    }
}
