#include "machines/calls/placeholder.hpp"

#include <array>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"

namespace {

using namespace fleet;
using namespace fleet::calls;
using Catch::Matchers::Contains;

using Strings = std::vector<std::string>;

std::string expanded(const std::string& text, const std::string& input, std::int64_t number = 7) {
    const Item item(input, number);
    const auto result = TextTemplate(text).expand(item);
    const auto* error = std::get_if<TemplateError>(&result);
    return error == nullptr ? std::get<std::string>(result) : "error at " + error->placeholder;
}

TEST_CASE("placeholders stand for the item, its number and its fields") {
    const std::string input =
        R"({"item":"the item","n":1.5,"s":"a b","flag":true,"none":null,"list":[1,"x"],)"
        R"("deep":{"er":{"z":"found"}},"dotted.name":"whole","deep.er":"nearer"})";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"{}", "the item"},
        {"<{}|{}>", "<the item|the item>"},
        {"{#}", "7"},
        {"{item}", "the item"},
        {"{s}", "a b"},
        {"{n}", "1.5"},
        {"{flag}", "true"},
        {"{none}", "null"},
        {"{list}", R"([1,"x"])"},
        {"{list.1}", "x"},
        {"{list.2}", "error at {list.2}"},
        {"{deep}", R"({"er":{"z":"found"}})"},
        {"{deep.er.z}", "found"},
        {"{deep.er}", "nearer"},
        {"{dotted.name}", "whole"},
        {"{absent}", "error at {absent}"},
        {"{deep.absent}", "error at {deep.absent}"},
        {"{s.t}", "error at {s.t}"},
    };
    for (const auto& [text, wanted] : cases) {
        CAPTURE(text);
        CHECK(expanded(text, input) == wanted);
    }
}

TEST_CASE("what is no placeholder is left alone, and doubled braces are literal") {
    const std::string input = R"({"item":"I","x":"X"})";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", ""},
        {"plain", "plain"},
        {"{print $1}", "{print $1}"},
        {"BEGIN{x=1}{print $1}", "BEGIN{x=1}{print $1}"},
        {"{if (x) {print $1}}", "{if (x) {print $1}}"},
        {"a}}b", "a}}b"},
        {"{", "{"},
        {"}", "}"},
        {"{.}", "{.}"},
        {"{a..b}", "{a..b}"},
        {"{a.}", "{a.}"},
        {"{,x}", "{,x}"},
        {"{##}", "{##}"},
        {"x{1,2}", "x{1,2}"},
        {"{{x}", "{x}"},
        {"{{x}}", "{x}"},
        {"{{}", "{}"},
        {"{{}}", "{}"},
        {"{{{x}}}", "{X}"},
        {"{{", "{"},
        {"{a{x}b}", "{aXb}"},
        {R"({{"k": {"n": "{x}"}})", R"({"k": {"n": "X"}})"},
        {R"({{"k": {{"n": 1}}}})", R"({"k": {"n": 1}})"},
        {"{}{{}}{}", "I{}I"},
    };
    for (const auto& [text, wanted] : cases) {
        CAPTURE(text);
        CHECK(expanded(text, input) == wanted);
    }
}

TEST_CASE("an item may be any JSON value") {
    CHECK(expanded("{}", R"({"a":1,"b":"c"})") == R"({"a":1,"b":"c"})");
    CHECK(expanded("{}", R"({"item":{"a":1}})") == R"({"a":1})");
    CHECK(expanded("{}", R"("text")") == "text");
    CHECK(expanded("{}", "12") == "12");
    CHECK(expanded("{1}", R"(["a","b"])") == "b");
    CHECK(expanded("{}", "") == "error at {}");
    CHECK(expanded("{#}", "") == "7");
    CHECK_THROWS_AS(Item("{", 1), base::ConfigError);
}

TEST_CASE("an item of raw bytes stands for the bytes") {
    const std::string input = R"({"item":"a?","item_base64":"Yf8A"})";
    const std::string bytes("a\xFF\0", 3);
    CHECK(expanded("{}", input) == bytes);
    CHECK(expanded("{item}", input) == bytes);
    CHECK(expanded("{}", R"({"item":"","item_base64":""})").empty());
    CHECK(expanded("{}", R"({"item":"","item_base64":"YQ=="})") == "a");
    CHECK_THROWS_WITH(Item(R"({"item":"","item_base64":"*"})", 4), Contains("item 4"));
    CHECK_THROWS_AS(Item(R"({"item":"","item_base64":"YQ==Y"})", 4), base::ConfigError);
}

TEST_CASE("a missing field is an error that names it, the item, and what to do") {
    const Item item(R"({"a":1})", 12);
    const auto result = TextTemplate("{size}").expand(item);
    const auto& error = std::get<TemplateError>(result);
    CHECK(error.placeholder == "{size}");
    CHECK_THAT(error.message,
               Contains("item 12") && Contains("\"size\"") && Contains("write {{size}"));
}

Strings argv_of(
    const Strings& argv, const std::string& input,
    ArgvTemplate::WithoutPlaceholder without = ArgvTemplate::WithoutPlaceholder::append_item) {
    const Item item(input, 1);
    return std::get<Strings>(ArgvTemplate(argv, without).expand(item));
}

TEST_CASE("without a placeholder the item is the last argument") {
    const std::string input = R"({"item":"I"})";
    CHECK(argv_of({"cat"}, input) == Strings{"cat", "I"});
    CHECK(argv_of({"cat", "{}", "x"}, input) == Strings{"cat", "I", "x"});
    CHECK(argv_of({"echo", "{#}"}, input) == Strings{"echo", "1"});
    CHECK(argv_of({"awk", "{print $1}"}, input) == Strings{"awk", "{print $1}", "I"});
    CHECK(argv_of({"echo", "{{}"}, input) == Strings{"echo", "{}", "I"});
    CHECK(argv_of({"date"}, "") == Strings{"date"});
    CHECK(argv_of({"cat"}, input, ArgvTemplate::WithoutPlaceholder::as_it_is) == Strings{"cat"});
    CHECK(argv_of({"{}", "a b"}, R"({"item":"two words"})") == Strings{"two words", "a b"});
}

TEST_CASE("templates hold for any text and any item") {
    REQUIRE(rc::check("an item is never looked into for placeholders", [](const std::string& text) {
        const std::string input = base::dump_json(base::Json{{"item", text}});
        const std::string item = base::parse_json(input, "").at("item").get<std::string>();
        RC_ASSERT(expanded("<{}>", input) == "<" + item + ">");
        RC_ASSERT(argv_of({"x"}, input) == (Strings{"x", item}));
    }));
    REQUIRE(rc::check("text without braces stays as it is", [](std::string text) {
        std::erase_if(text, [](char c) { return c == '{' || c == '}'; });
        RC_ASSERT(expanded(text, "") == text);
        RC_ASSERT(!TextTemplate(text).has_placeholder());
    }));
    REQUIRE(rc::check("any text can be written so that it comes out unchanged", [] {
        const auto text =
            *rc::gen::container<std::string>(rc::gen::elementOf(std::string("{}#a.b $\"")));
        // Every opening brace doubled; a closing one is doubled where it closes something.
        std::string written;
        int open = 0;
        for (const char c : text) {
            written += c;
            if (c == '{') {
                written += c;
                ++open;
            } else if (c == '}' && open > 0) {
                written += c;
                --open;
            }
        }
        RC_ASSERT(expanded(written, "") == text);
    }));
    REQUIRE(rc::check("base64 gives the bytes back", [](const std::vector<std::uint8_t>& bytes) {
        constexpr std::string_view kAlphabet =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::string text;
        for (std::size_t i = 0; i < bytes.size(); i += 3) {
            const auto at = [&](std::size_t n) {
                return n < bytes.size() ? std::uint32_t{bytes[n]} : 0U;
            };
            const std::uint32_t word = at(i) << 16U | at(i + 1) << 8U | at(i + 2);
            for (std::size_t k = 0; k < 4; ++k) {
                const bool padding = i + k > bytes.size();
                text += padding ? '=' : kAlphabet[(word >> (18U - 6U * k)) & 63U];
            }
        }
        const std::string input = R"({"item":"","item_base64":")" + text + "\"}";
        RC_ASSERT(expanded("{}", input) == std::string(bytes.begin(), bytes.end()));
    }));
}

}  // namespace
