#include "common/model/error_prefix.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

using fleet::model::error_prefix;

TEST_CASE("numbers and ids of a message become one sign, names with digits stay") {
    CHECK(error_prefix("exit code 3: line 17 of x") == "exit code #: line # of x");
    CHECK(error_prefix("sha256sum: /tmp/a1: gone after 35ms") ==
          "sha256sum: /tmp/a1: gone after #ms");
    CHECK(error_prefix("run 0190a6c1-7a5e-7000-8000-0123456789ab failed") == "run # failed");
    CHECK(error_prefix("commit 4f2a9b3c is unknown") == "commit # is unknown");
    CHECK(error_prefix("").empty());
}

TEST_CASE("a prefix is never cut inside a character") {
    const std::string dots(79, '.');
    CHECK(error_prefix(dots + "\xC3\xA4") == dots);
    CHECK(error_prefix(dots + "xy") == dots + "x");
}

TEST_CASE("a prefix is short whatever the message") {
    REQUIRE(rc::check("bounded", [](const std::string& text) {
        const auto prefix = error_prefix(text);
        RC_ASSERT(prefix.size() <= fleet::model::kMaxErrorPrefix);
    }));
}
