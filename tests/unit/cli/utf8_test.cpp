#include "cli/items/utf8.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "common/base/json.hpp"

using namespace fleet::cli;

TEST_CASE("UTF-8 is valid up to the first byte that is not") {
    struct Row {
        std::string text;
        std::size_t first_invalid;
    };
    const auto npos = std::string_view::npos;
    const std::vector<Row> rows{
        {"", npos},
        {"plain text of more than eight bytes", npos},
        {"gr\xC3\xBC\xC3\x9F dich \xE2\x82\xAC \xF0\x9F\x8D\x80", npos},
        {"12345678\xFF", 8},
        {"\xC0\xAF", 0},          // overlong
        {"a\xE0\x80\xAF", 1},     // overlong
        {"ab\xED\xA0\x80", 2},    // a surrogate
        {"\xF4\x90\x80\x80", 0},  // above U+10FFFF
        {"cut \xE2\x82", 4},      // ends in the middle
        {"\x80", 0},              // continues nothing
        {"\xC3(", 0},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(first_invalid_utf8(row.text) == row.first_invalid);
    }
}

TEST_CASE("invalid UTF-8 becomes replacement characters and the rest stays") {
    CHECK(replaced_utf8("a\xFF"
                        "b\xE2\x82") ==
          "a\xEF\xBF\xBD"
          "b\xEF\xBF\xBD");
    CHECK(replaced_utf8("gr\xC3\xBC\xC3\x9F") == "gr\xC3\xBC\xC3\x9F");
}

TEST_CASE("any text survives as a JSON string") {
    REQUIRE(rc::check("escape then parse gives the text back", [](const std::string& bytes) {
        const std::string text = replaced_utf8(bytes);
        RC_ASSERT(first_invalid_utf8(text) == std::string_view::npos);
        std::string json;
        append_json_string(json, text);
        RC_ASSERT(json.find('\n') == std::string::npos);
        RC_ASSERT(fleet::base::parse_json(json, "test").get<std::string>() == text);
    }));
}

TEST_CASE("bytes are written as base64 with padding") {
    const std::vector<std::pair<std::string, std::string>> rows{
        {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
        {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xFF\xFE\xFD", "//79"},
    };
    for (const auto& [bytes, text] : rows) {
        std::string written;
        append_base64(written, bytes);
        CHECK(written == text);
    }
}
