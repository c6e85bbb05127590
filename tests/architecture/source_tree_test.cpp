// The reader that the other architecture tests rely on.
#include "tests/architecture/source_tree.hpp"

#include <catch2/catch.hpp>

using fleet::architecture::all_sources;
using fleet::architecture::blank_comments_and_literals;
using fleet::architecture::parse_source;

TEST_CASE("comments and literals are blanked and everything else stays in its place") {
    CHECK(blank_comments_and_literals("a // b\nc") == "a     \nc");
    CHECK(blank_comments_and_literals("a /* b\nc */ d") == "a     \n     d");
    CHECK(blank_comments_and_literals(R"(f("x\"y", 'z', '\'');)") == "f(      ,    ,     );");
    CHECK(blank_comments_and_literals("n = 10'000; g('a');") == "n = 10'000; g(   );");
    CHECK(blank_comments_and_literals("s = R\"q(\" ) // \n x)q\"; t") ==
          "s =            \n     ; t");
}

TEST_CASE("include lines are found with their line and kind, and not inside literals") {
    const auto file = parse_source("common/base/a.cpp",
                                   "#include \"common/base/a.hpp\"\n"
                                   "// #include <no>\n"
                                   "const char* s = R\"(\n#include <neither>\n)\";\n"
                                   "#include <vector>\n");
    REQUIRE(file.includes.size() == 2);
    CHECK(file.includes[0].target == "common/base/a.hpp");
    CHECK(file.includes[0].quoted);
    CHECK(file.includes[1].line == 6);
    CHECK_FALSE(file.includes[1].quoted);
    CHECK(file.is_in("common/base"));
    CHECK_FALSE(file.is_in("common/ba"));
}

TEST_CASE("the repository's sources are found") {
    CHECK(all_sources().size() > 50);
}
