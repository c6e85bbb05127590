#include "coordinator/crash_loop.hpp"

#include <catch2/catch.hpp>

namespace fleet::coordinator {
namespace {

using base::Millis;

constexpr base::BootTime kStart{std::chrono::seconds{1000}};

TEST_CASE("a worker that dies early is replaced at once, then later twice as late each time") {
    CrashLoop crashes;
    base::BootTime now = kStart;
    crashes.died("p", Millis{100}, "exited with code 1", "", now);
    CHECK_FALSE(crashes.hold("p", now));
    CHECK(crashes.on_probation_since("p"));
    now += Millis{200};
    for (const int expected_ms : {500, 1000, 2000}) {
        crashes.died("p", Millis{100}, "exited with code 1", "no such table", now);
        const auto hold = crashes.hold("p", now);
        REQUIRE(hold);
        CHECK(hold->remaining == Millis{expected_ms});
        CHECK_FALSE(hold->unhealthy);
        CHECK(hold->reason.find("no such table") != std::string::npos);
        now += Millis{expected_ms};
        CHECK_FALSE(crashes.hold("p", now));
        now += Millis{200};
    }
}

TEST_CASE("five in a row make the pool unhealthy for five minutes") {
    CrashLoop crashes;
    base::BootTime now = kStart;
    for (int i = 0; i < 5; ++i) {
        now += Millis{100'000};
        crashes.died("p", Millis{100}, "exited with code 1", "", now);
    }
    REQUIRE(crashes.hold("p", now));
    CHECK(crashes.hold("p", now)->unhealthy);
    CHECK(crashes.hold("p", now + Millis{299'000}));
    CHECK_FALSE(crashes.hold("p", now + Millis{300'000}));
    CHECK(crashes.on_probation_since("p"));
    CHECK_FALSE(crashes.hold("other", now));
    // What the other hosts are told.
    REQUIRE(crashes.trouble("p", now));
    CHECK_FALSE(crashes.trouble("p", now)->is_tried);
    CHECK(crashes.trouble("p", now)->reason.find("5 workers in a row have died") == 0);
    CHECK(crashes.trouble("p", now + Millis{300'000})->is_tried);
    CHECK_FALSE(crashes.trouble("other", now));
    crashes.proved_healthy("p");
    CHECK_FALSE(crashes.trouble("p", now));
}

TEST_CASE("workers that were started together and die together count once") {
    CrashLoop crashes;
    crashes.died("p", Millis{100}, "exited with code 1", "", kStart - Millis{1000});
    for (int i = 0; i < 8; ++i) {
        crashes.died("p", Millis{100 + i}, "exited with code 1", "", kStart + Millis{i});
    }
    CHECK(crashes.hold("p", kStart + Millis{8})->remaining < Millis{501});
}

TEST_CASE("a worker that has lived long enough is no crash, and a healthy one ends the matter") {
    CrashLoop crashes;
    crashes.died("p", CrashLoop::kEarly, "was ended by signal 9", "", kStart);
    CHECK_FALSE(crashes.hold("p", kStart));
    crashes.died("p", Millis{1}, "was ended by signal 9", "", kStart);
    CHECK_FALSE(crashes.trouble("p", kStart));  // one death is no news for others
    crashes.proved_healthy("p");
    CHECK_FALSE(crashes.hold("p", kStart));
    CHECK_FALSE(crashes.on_probation_since("p"));
}

}  // namespace
}  // namespace fleet::coordinator
