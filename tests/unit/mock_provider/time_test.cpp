#include "tests/support/mock_provider/time.hpp"

#include <catch2/catch.hpp>

#include "tests/support/test_clock.hpp"

using namespace fleet::mock_provider;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("times are printed in the forms that providers use") {
    const Instant time{milliseconds(1'795'247'430'123)};
    CHECK(http_date(time) == "Sat, 21 Nov 2026 07:50:30 GMT");
    CHECK(iso_seconds(time) == "2026-11-21T07:50:31Z");
    CHECK(iso_seconds(Instant{seconds(0)}) == "1970-01-01T00:00:00Z");
    CHECK(http_date(Instant{seconds(0)}) == "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST_CASE("spans are printed as Go prints them") {
    CHECK(go_duration(Nanos::zero()) == "0ms");
    CHECK(go_duration(milliseconds(17)) == "17ms");
    CHECK(go_duration(Nanos{17'000'001}) == "18ms");
    CHECK(go_duration(seconds(1)) == "1s");
    CHECK(go_duration(milliseconds(7660)) == "7.66s");
    CHECK(go_duration(std::chrono::minutes(6)) == "6m0s");
    CHECK(go_duration(std::chrono::hours(24)) == "24h0m0s");
    CHECK(go_duration(milliseconds(3'723'004)) == "1h2m3.004s");
}

TEST_CASE("numbers of seconds are rounded up and never negative") {
    CHECK(whole_seconds(milliseconds(1)) == 1);
    CHECK(whole_seconds(seconds(2)) == 2);
    CHECK(whole_seconds(seconds(-2)) == 0);
    CHECK(whole_milliseconds(Nanos{1}) == 1);
}

TEST_CASE("the provider's time follows boot time and ignores steps of the wall clock") {
    fleet::test_support::TestClock clock;
    const ProviderTime time(clock);
    CHECK(time.now() == Instant{clock.wall_now().time_since_epoch()});
    clock.step_wall(seconds(-3600));
    clock.advance(seconds(5));
    CHECK(time.now() == Instant{milliseconds(1'795'247'435'123)});
}
