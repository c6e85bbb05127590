// Who waits for a call in place, and who is sent away for how long.
#include "common/pace/patience.hpp"

#include <catch2/catch.hpp>

using namespace fleet;
using model::Hold;
using model::HoldReason;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("a turn of the pace is waited for longer than a pause that was asked for") {
    CHECK(pace::is_worth_waiting({HoldReason::pace, seconds(60), ""}));
    CHECK_FALSE(pace::is_worth_waiting({HoldReason::pace, seconds(61), ""}));
    for (const HoldReason reason :
         {HoldReason::retry_after, HoldReason::circuit, HoldReason::budget, HoldReason::person}) {
        CHECK(pace::is_worth_waiting({reason, seconds(5), ""}));
        CHECK_FALSE(pace::is_worth_waiting({reason, seconds(6), ""}));
    }
}

TEST_CASE("an absence is as long as was said and up to a fifth more, but looks in again") {
    const Hold minute{HoldReason::circuit, seconds(60), ""};
    CHECK(pace::absence_of(minute, 0) == seconds(60));
    CHECK(pace::absence_of(minute, 0.5) == seconds(66));
    CHECK(pace::absence_of(minute, 0.999) < seconds(72));
    CHECK(pace::absence_of({HoldReason::budget, minutes(600), ""}, 0) == minutes(5));
}
