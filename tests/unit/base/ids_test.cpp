#include "common/base/ids.hpp"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

using fleet::base::derived_uuid;
using fleet::base::Millis;
using fleet::base::Uuid;
using fleet::base::UuidGenerator;
using fleet::base::WallTime;

namespace {

Uuid uuid_from(const std::vector<std::uint8_t>& bytes) {
    Uuid id;
    std::copy_n(bytes.begin(), id.bytes.size(), id.bytes.begin());
    return id;
}

auto any_uuid() {
    return rc::gen::map(
        rc::gen::container<std::vector<std::uint8_t>>(16, rc::gen::arbitrary<std::uint8_t>()),
        uuid_from);
}

}  // namespace

TEST_CASE("a UUID's text parses back to the same UUID, in either case") {
    REQUIRE(rc::check("round trip", [] {
        const Uuid id = *any_uuid();
        std::string text = id.text();
        RC_ASSERT(text.size() == 36U);
        RC_ASSERT(Uuid::parse(text) == id);
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        RC_ASSERT(Uuid::parse(text) == id);
    }));
}

TEST_CASE("UUIDs and their texts have the same order") {
    REQUIRE(rc::check("order", [] {
        const Uuid left = *any_uuid();
        const Uuid right = *any_uuid();
        RC_ASSERT((left < right) == (left.text() < right.text()));
    }));
}

TEST_CASE("text that is not a UUID's 36 characters is refused") {
    const std::string good = "0193a5c2-7b1e-7c3d-8f00-112233445566";
    REQUIRE(Uuid::parse(good));
    for (const std::string& text :
         {std::string(), good.substr(1), good + "0", "{" + good.substr(2) + "}",
          std::string("0193a5c27-b1e-7c3d-8f00-112233445566"),
          std::string("0193a5c2-7b1e-7c3d-8f00-11223344556g"),
          std::string("0193a5c2 7b1e-7c3d-8f00-112233445566"),
          std::string("0193a5c2-7b1e-7c3d-8f00-1122334455 6")}) {
        CAPTURE(text);
        CHECK_FALSE(Uuid::parse(text));
    }
}

TEST_CASE("generated UUIDs carry the time, version 7 and the variant") {
    UuidGenerator generator;
    const Uuid id = generator.next(WallTime{Millis{0x0193A5C27B1E}});
    const std::string text = id.text();
    CHECK(text.substr(0, 15) == "0193a5c2-7b1e-7");
    CHECK(std::string("89ab").find(text[19]) != std::string::npos);
}

TEST_CASE("generated UUIDs grow inside one millisecond and when the clock goes back") {
    UuidGenerator generator;
    Uuid last;
    std::int64_t now = 1'700'000'000'000;
    std::size_t not_growing = 0;
    for (int i = 0; i < 200'000; ++i) {
        now += i % 50'000 == 49'999 ? (i < 100'000 ? 1 : -5'000) : 0;
        const Uuid id = generator.next(WallTime{Millis{now}});
        not_growing += id > last ? 0U : 1U;
        last = id;
    }
    CHECK(not_growing == 0U);
}

TEST_CASE("a generator that uses up a millisecond's counter goes on with the next millisecond") {
    UuidGenerator generator;
    const WallTime now{Millis{1'700'000'000'000}};
    const std::string start = generator.next(now).text().substr(0, 13);
    Uuid last = generator.next(now);
    bool ran_ahead = false;
    bool grew = true;
    // The counter has 26 bits and starts in its lower half.
    for (std::uint32_t i = 0; i < (1U << 26U) && !ran_ahead; ++i) {
        const Uuid id = generator.next(now);
        grew = grew && id > last;
        last = id;
        ran_ahead = i % 65'536 == 0 && id.text().substr(0, 13) != start;
    }
    CHECK(grew);
    CHECK(ran_ahead);
}

TEST_CASE("two generators do not make the same UUID in the same millisecond") {
    UuidGenerator left;
    UuidGenerator right;
    const WallTime now{Millis{1'700'000'000'000}};
    std::set<Uuid> seen;
    for (int i = 0; i < 1'000; ++i) {
        seen.insert(left.next(now));
        seen.insert(right.next(now));
    }
    CHECK(seen.size() == 2'000U);
}

TEST_CASE("derived UUIDs are equal for equal inputs and ascend with the index") {
    UuidGenerator generator;
    const Uuid seed = generator.next(WallTime{Millis{1'700'000'000'000}});
    REQUIRE(rc::check("derived", [&seed] {
        const auto left = *rc::gen::arbitrary<std::uint32_t>();
        const auto right = *rc::gen::arbitrary<std::uint32_t>();
        RC_ASSERT(derived_uuid(seed, left) == derived_uuid(seed, left));
        RC_ASSERT((left < right) == (derived_uuid(seed, left) < derived_uuid(seed, right)));
    }));
    CHECK(derived_uuid(seed, 0xFFFFFFFFU).text().substr(0, 28) == seed.text().substr(0, 28));
    CHECK(derived_uuid(seed, 0x01020304U).text().substr(28) == "01020304");
}

TEST_CASE("random numbers are positive and random words are plain") {
    std::set<std::int64_t> numbers;
    for (int i = 0; i < 100; ++i) {
        const std::int64_t number = fleet::base::random_positive_int64();
        CHECK(number > 0);
        numbers.insert(number);
    }
    CHECK(numbers.size() == 100U);
    CHECK(fleet::base::random_word(0).empty());
    const std::string word = fleet::base::random_word(500);
    CHECK(word.size() == 500U);
    CHECK(word.find_first_not_of("abcdefghjkmnpqrstuvwxyz23456789") == std::string::npos);
}
