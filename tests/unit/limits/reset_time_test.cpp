#include "machines/limits/reset_time.hpp"

#include <optional>
#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace {

using namespace fleet;
using namespace fleet::limits;
using base::Millis;
using base::WallTime;

/// 2025-10-25T12:00:00Z.
constexpr WallTime kNoon{Millis{1'761'393'600'000}};

}  // namespace

TEST_CASE("a wait is read in every form that providers write") {
    struct Row {
        std::string text;
        std::optional<std::int64_t> millis;
    };
    const std::vector<Row> rows = {
        {"1s", 1'000},
        {"6m0s", 360'000},
        {"120ms", 120},
        {"1h2m3s", 3'723'000},
        {"1.5s", 1'500},
        {"7.66s", 7'660},
        {"2m59.56s", 179'560},
        {"2d", 172'800'000},
        {"500us", 1},
        {"0s", 0},
        {"59", 59'000},
        {" 30 ", 30'000},
        {"0", 0},
        {"11.382867097854614", 11'383},
        {"33011.382867097855", 33'011'383},
        {"31536000", 31'536'000'000},
        {"1761393660", 60'000},
        {"1761393660.25", 60'250},
        {"1761393600500", 500},
        {"1761393599", 0},
        {"1761393599000", 0},
        {"2025-10-25T12:01:00Z", 60'000},
        {"2025-10-25T12:00:00.250Z", 250},
        {"2025-10-25T14:00:05+02:00", 5'000},
        {"2025-10-25T11:59:00Z", 0},
        {"Sat, 25 Oct 2025 12:00:30 GMT", 30'000},
        {"Saturday, 25-Oct-25 12:00:30 GMT", 30'000},
        {"Sat Oct 25 12:00:30 2025", 30'000},
        {"", {}},
        {"-1", {}},
        {"-5s", {}},
        {"soon", {}},
        {"1x", {}},
        {"5 s", {}},
        {"s", {}},
        {"1.2.3", {}},
        {"1e9", {}},
        {"nan", {}},
        {"inf", {}},
        {"0x10", {}},
        {"99999999999999999999999999999", {}},
        {"500000000", {}},
        {"999999999999999999999h", {}},
        {"2025-13-25T12:01:00Z", {}},
        {"2025-02-30T12:01:00Z", {}},
        {"2025-10-25", {}},
        {"Sat, 25 Oct 2025 12:00:30 CEST", {}},
        {"Sat, 25 Oct 2025", {}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto wait = parse_wait(row.text, kNoon);
        CHECK(wait == (row.millis ? std::optional(Millis{*row.millis}) : std::nullopt));
    }
}

TEST_CASE("counts are whole numbers within reach") {
    CHECK(parse_count("100") == 100);
    CHECK(parse_count(" 1000000000 ") == 1'000'000'000);
    CHECK(parse_count("5.9") == 5);
    CHECK(parse_count("0") == 0);
    for (const char* const text : {"", "-1", "1e3", "ten", "99999999999999999999", "1,000"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_count(text).has_value());
    }
}

TEST_CASE("no text makes a wait that is negative or longer than a year and some, and none throws") {
    rc::check([](const std::string& text) {
        const auto wait = parse_wait(text, kNoon);
        RC_ASSERT(!wait || (wait->count() >= 0 && *wait <= std::chrono::hours(24 * 366 * 8000)));
    });
    // Texts that look like the real ones get further.
    rc::check([] {
        const auto text = *rc::gen::container<std::string>(
            rc::gen::elementOf(std::string("0123456789.:-+ TZhmsnduGMTOctSat,")));
        const auto wait = parse_wait(text, kNoon);
        RC_ASSERT(!wait || wait->count() >= 0);
        const auto count = parse_count(text);
        RC_ASSERT(!count || (*count >= 0 && *count <= 1'000'000'000'000'000));
    });
}
