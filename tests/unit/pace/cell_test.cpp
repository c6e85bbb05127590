#include "common/pace/cell.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

using namespace fleet;
using pace::PaceCell;
using pace::PaceSpan;
using pace::PaceTime;

namespace {

PaceTime at(double seconds) {
    return PaceTime{std::chrono::hours(1)} + PaceSpan{static_cast<std::int64_t>(seconds * 1e6)};
}

}  // namespace

TEST_CASE("units come evenly, and a pause gives a burst of the stated size") {
    PaceCell cell{.rate = 10, .burst = 3, .tat = at(0)};
    for (int unit = 0; unit < 3; ++unit) {
        CHECK(pace::usable_at(cell, at(0)) == at(0));
        pace::take(cell, at(0), 1);
    }
    CHECK(pace::usable_at(cell, at(0)) == at(0.1));
    pace::take(cell, at(0), 1);
    CHECK(pace::usable_at(cell, at(0)) == at(0.2));
    // A long pause earns no more than the burst.
    CHECK(pace::usable_at(cell, at(100)) == at(100));
    pace::take(cell, at(100), 3);
    CHECK(pace::usable_at(cell, at(100)) == at(100.1));
}

TEST_CASE("another rate keeps the number of booked units") {
    PaceCell cell{.rate = 10, .burst = 1, .tat = at(0)};
    pace::take(cell, at(0), 5);
    pace::set_rate(cell, at(0), 5);
    CHECK(pace::usable_at(cell, at(0)) == at(1));
}

TEST_CASE("what is given back can be taken again, and not more than that") {
    PaceCell cell{.rate = 10, .burst = 1, .tat = at(0)};
    pace::take(cell, at(0), 4);
    pace::give_back(cell, at(0), 3);
    CHECK(pace::usable_at(cell, at(0)) == at(0.1));
    pace::give_back(cell, at(0), 100);
    CHECK(pace::usable_at(cell, at(0)) == at(0));
}

TEST_CASE("no stretch of time gets more than its share and a burst") {
    rc::check([] {
        const double rate = *rc::gen::inRange(1, 2000) / 10.0;
        const int burst = *rc::gen::inRange(1, 20);
        PaceCell cell{.rate = rate, .burst = static_cast<double>(burst), .tat = at(0)};
        const auto gaps = *rc::gen::container<std::vector<int>>(200, rc::gen::inRange(0, 300'000));
        std::vector<PaceTime> used;
        PaceTime now = at(0);
        for (const int gap : gaps) {
            now += PaceSpan{gap};
            const PaceTime turn = pace::usable_at(cell, now);
            pace::take(cell, now, 1);
            RC_ASSERT(turn >= now);
            used.push_back(turn);
        }
        for (std::size_t first = 0; first < used.size(); first += 7) {
            for (std::size_t last = first; last < used.size(); last += 5) {
                const double span = std::chrono::duration<double>(used[last] - used[first]).count();
                RC_ASSERT(static_cast<double>(last - first + 1) <= span * rate + burst + 0.01);
            }
        }
    });
}
