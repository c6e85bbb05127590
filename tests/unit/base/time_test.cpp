#include "common/base/time.hpp"

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "tests/support/test_clock.hpp"

using fleet::base::human_duration;
using fleet::base::iso8601;
using fleet::base::Millis;
using fleet::base::store_time;
using fleet::base::SystemClock;
using fleet::base::WallTime;

TEST_CASE("instants print as ISO 8601 in UTC with milliseconds") {
    CHECK(iso8601(store_time(0)) == "1970-01-01T00:00:00.000Z");
    CHECK(iso8601(store_time(1'795'247'430'123)) == "2026-11-21T07:50:30.123Z");
    CHECK(iso8601(WallTime{Millis{951'782'400'000}}) == "2000-02-29T00:00:00.000Z");
    CHECK(iso8601(store_time(-1)) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("spans print as a person reads them") {
    struct Row {
        std::int64_t milliseconds;
        std::string expected;
    };
    const std::vector<Row> rows{
        {0, "0ms"},         {340, "340ms"},       {999, "999ms"},       {1'000, "1s"},
        {12'500, "12.5s"},  {12'040, "12s"},      {59'999, "59.9s"},    {60'000, "1m00s"},
        {200'000, "3m20s"}, {3'600'000, "1h00m"}, {7'500'000, "2h05m"}, {356'400'000, "4d03h"},
        {-1'500, "-1.5s"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.milliseconds);
        CHECK(human_duration(Millis{row.milliseconds}) == row.expected);
    }
}

TEST_CASE("the system's clocks run and its boot has an id") {
    const SystemClock clock;
    const auto before = clock.boot_now();
    CHECK(clock.boot_now() >= before);
    CHECK(before.time_since_epoch().count() > 0);
    CHECK(clock.wall_now() > WallTime{Millis{1'600'000'000'000}});
    CHECK(clock.boot_id().size() == 36U);
    CHECK(clock.boot_id() == clock.boot_id());
}

TEST_CASE("the test clock moves only by hand") {
    fleet::test_support::TestClock clock;
    const auto boot = clock.boot_now();
    CHECK(iso8601(clock.wall_now()) == "2026-11-21T07:50:30.123Z");
    clock.advance(Millis{1500});
    CHECK(clock.boot_now() - boot == Millis{1500});
    clock.step_wall(std::chrono::hours{-1});
    CHECK(clock.boot_now() - boot == Millis{1500});
    CHECK(iso8601(clock.wall_now()) == "2026-11-21T06:50:31.623Z");
}
