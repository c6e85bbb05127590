// From a byte of a value's text to its place in the file.
#include "machines/config/inner_position.hpp"

#include <catch2/catch.hpp>

#include "machines/config/document.hpp"

using namespace fleet::config;

namespace {

/// The place of `needle` in the value of the first member of `file`.
std::optional<Position> place_of(const std::string& file, const std::string& needle,
                                 Syntax syntax = Syntax::yaml) {
    const ParsedDocument parsed = parse_document(file, "m.yml", syntax);
    REQUIRE(parsed.root);
    const Node& value = parsed.root->members.back().value;
    const auto offset = value.text.find(needle);
    REQUIRE(offset != std::string::npos);
    return inner_position(parsed.source, value.at, value.text, offset);
}

/// Where `needle` stands in the file, which has it once.
Position expected(const std::string& file, const std::string& needle) {
    const auto at = file.find(needle);
    REQUIRE(at != std::string::npos);
    REQUIRE(file.find(needle, at + 1) == std::string::npos);
    Position position;
    for (std::size_t i = 0; i < at; ++i) {
        if (file[i] == '\n') {
            position = {position.line + 1, 1};
        } else if ((static_cast<unsigned char>(file[i]) & 0xC0U) != 0x80U) {
            ++position.column;
        }
    }
    return position;
}

}  // namespace

TEST_CASE("a character of a text is found in the file however the text is written") {
    for (const std::string file : {
             "a: plain and X here\n",
             "a: 'it''s quoted and X here'\n",
             "a: \"tab\\t, quote \\\", \\u00e4 and X here\"\n",
             "a: \"folded\n  over lines,\n\n  then X here\"\n",
             "a: \"joined \\\n    without a blank X here\"\n",
             "a: plain\n  over\n\n  lines X here\n",
             "a: |\n  first\n    second\n\n  then X here\n",
             "a: |2-\n    first\n  X here\n",
             "a: | # with a remark\n  first\n  X here\n",
             "a: >\n  first\n  second\n\n    more\n  X here\n",
             "a: >-\n\n\n  first\n  X here",
             "a: !!str &name |\n  first\n  X here\n",
             "b: [1, 2]\na:\n    X here\n",
             "a: {b: '\xC3\xA4\xC3\xB6'}\nc: \"\xC3\xA4\xC3\xB6 X\"\n",
         }) {
        INFO(file);
        CHECK(place_of(file, "X") == expected(file, "X"));
    }
    for (const std::string file :
         {"{\"a\": \"one \\n two \\u00e4\\/X here\"}", "{\"\xC3\xA4\": \"\xC3\xA4 X\"}"}) {
        INFO(file);
        CHECK(place_of(file, "X", Syntax::json) == expected(file, "X"));
    }
}

TEST_CASE("the end of a text has a place as well") {
    const ParsedDocument parsed = parse_document("a: 'b c'\n", "m.yml", Syntax::yaml);
    const Node& value = parsed.root->members.back().value;
    CHECK(inner_position(parsed.source, value.at, value.text, 3) == Position{1, 8});
    CHECK(inner_position(parsed.source, value.at, value.text, 99) == Position{1, 8});
}

TEST_CASE("a text that does not stand there has no place") {
    const std::string file = "a: &x one X\nb: *x\n";
    const ParsedDocument parsed = parse_document(file, "m.yml", Syntax::yaml);
    const Node& alias = parsed.root->members.back().value;
    CHECK(alias.text == "one X");
    CHECK_FALSE(inner_position(parsed.source, alias.at, alias.text, 4));
    const std::string large = "a: one X\n" + std::string(kMostSearchedBytes, '#');
    CHECK(inner_position("a: one X\n", {1, 4}, "one X", 4) == Position{1, 8});
    CHECK_FALSE(inner_position(large, {1, 4}, "one X", 4));
    CHECK_FALSE(inner_position("", {3, 4}, "one", 1));
    CHECK_FALSE(inner_position("a: other\n", {1, 4}, "one", 1));
}
