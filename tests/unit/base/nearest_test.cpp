#include "common/base/nearest.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

using fleet::base::nearest_name;

namespace {
const std::vector<std::string> kNames{"default", "cheap", "expensive", "wrap"};
}

TEST_CASE("the nearest name is found for a typing mistake") {
    struct Row {
        std::string typed;
        std::optional<std::string> expected;
    };
    const std::vector<Row> rows{
        {"default", "default"}, {"defualt", "default"}, {"expnsive", "expensive"},
        {"chaep", "cheap"},     {"warp", "wrap"},       {"zzzzzz", std::nullopt},
        {"", std::nullopt},     {"ch", std::nullopt},
    };
    for (const Row& row : rows) {
        CAPTURE(row.typed);
        CHECK(nearest_name(row.typed, kNames) == row.expected);
    }
}

TEST_CASE("with no candidates there is no nearest name") {
    CHECK_FALSE(nearest_name("default", {}));
}

TEST_CASE("a tie goes to the earlier candidate") {
    const std::vector<std::string> names{"bat", "cat"};
    CHECK(nearest_name("rat", names) == "bat");
}

TEST_CASE("a swap of two neighbours counts one and one mistake in a short name is forgiven") {
    const std::vector<std::string> names{"ab"};
    CHECK(nearest_name("ba", names) == "ab");
    CHECK(nearest_name("a", names) == "ab");
    CHECK_FALSE(nearest_name("xy", names));
}

TEST_CASE("a known name is always nearest to itself") {
    REQUIRE(rc::check("itself", [] {
        const auto names = *rc::gen::nonEmpty(
            rc::gen::container<std::vector<std::string>>(rc::gen::arbitrary<std::string>()));
        const auto name = *rc::gen::elementOf(names);
        RC_ASSERT(nearest_name(name, names) == name);
    }));
}
