#include <sstream>
#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "cli/core/app.hpp"
#include "cli/core/duration.hpp"
#include "cli/core/output.hpp"
#include "cli/core/terminal.hpp"

using namespace fleet;
using namespace fleet::cli;

namespace {

Terminal narrow(int columns) {
    return Terminal({.out_is_terminal = true, .colours = false, .columns = columns, .rows = 10});
}

}  // namespace

TEST_CASE("durations are read in the forms people write") {
    const auto read = [](const char* text) { return parse_duration(text, "--x").count(); };
    CHECK(read("30s") == 30'000);
    CHECK(read("5m") == 300'000);
    CHECK(read("2h") == 7'200'000);
    CHECK(read("7d") == 604'800'000);
    CHECK(read("1w") == 604'800'000);
    CHECK(read("250ms") == 250);
    CHECK(read("90") == 90'000);
    CHECK(read("0.5") == 500);
    CHECK(read("1h30m") == 5'400'000);
    CHECK(read("1.5h") == 5'400'000);
    CHECK(read("0") == 0);
}

TEST_CASE("what is not a duration is refused by the option's name") {
    for (const char* text : {"", "x", "-5", "5 s", "5y", "s", "1h30", "nan", "inf", "1e3", "0x10",
                             "5S", "99999999999999d"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_duration(text, "--older-than"), UsageError);
    }
    try {
        static_cast<void>(parse_duration("soon", "--older-than"));
        FAIL("accepted");
    } catch (const UsageError& wrong) {
        CHECK(wrong.what_happened() == "--older-than: \"soon\" is not a duration");
    }
}

TEST_CASE("text is measured in columns of a terminal") {
    CHECK(display_width("abc") == 3);
    CHECK(display_width("äöü") == 3);
    CHECK(display_width("日本") == 4);
    CHECK(display_width("e\xCC\x81") == 1);
    CHECK(display_width("\x1b[31mred\x1b[0m") == 3);
}

TEST_CASE("text that is too wide ends in an ellipsis") {
    CHECK(cut_to_width("abcdef", 6) == "abcdef");
    CHECK(cut_to_width("abcdef", 4) == "abc…");
    CHECK(cut_to_width("日本語", 4) == "日…");
    CHECK(cut_to_width("abc", 0).empty());
    CHECK(cut_to_width("\x1b[31mabcdef\x1b[0m", 3) == "\x1b[31mab…\x1b[0m");
}

TEST_CASE("cut text never takes more columns than it may") {
    REQUIRE(rc::check([](const std::string& bytes, std::uint8_t columns) {
        const std::string text = printable(bytes);
        RC_ASSERT(display_width(cut_to_width(text, columns)) <= columns);
    }));
}

TEST_CASE("control characters of foreign text never reach the terminal") {
    CHECK(printable("a\x1b[31mb") == "a\xEF\xBF\xBD[31mb");
    CHECK(printable("a\nb\tc") == "a b c");
    CHECK(printable("\xFF") == "\xEF\xBF\xBD");
    CHECK(printable("\xC2\x9B") == "\xEF\xBF\xBD");
    CHECK(printable("äö日") == "äö日");
    REQUIRE(rc::check([](const std::string& bytes) {
        for (const char character : printable(bytes)) {
            const auto byte = static_cast<unsigned char>(character);
            RC_ASSERT(byte >= 0x20 && byte != 0x7F);
        }
    }));
}

TEST_CASE("a table is as wide as its texts when nobody watches") {
    Table table({{"ID"}, {"COUNT", Align::right}, {"TEXT", Align::left, true}});
    table.add({{"a"}, {"1"}, {std::string(200, 'x')}});
    table.add({{"bbbb"}, {"22,000"}, {"y"}});
    std::ostringstream out;
    table.print(out, Terminal({}));
    CHECK(out.str() ==
          "ID     COUNT  TEXT\na          1  " + std::string(200, 'x') + "\nbbbb  22,000  y\n");
}

TEST_CASE("a table fits the terminal by shrinking the columns that may") {
    Table table({{"ID"}, {"TEXT", Align::left, true}, {"MORE", Align::left, true}});
    table.add({{"12345678901234567890"}, {std::string(100, 'x')}, {"short"}});
    for (const std::string& line : table.lines(narrow(50))) {
        CHECK(display_width(line) < 50);
    }
    CHECK(table.lines(narrow(50))[1] ==
          "12345678901234567890  " + std::string(19, 'x') + "…  short");
}

TEST_CASE("empty columns give way to full ones in a narrow terminal") {
    Table table({{"ID"}, {"NONE", Align::right, false, true}, {"SOME", Align::right, false, true}});
    table.add({{std::string(10, 'i')}, {"-"}, {"1"}});
    CHECK(table.lines(narrow(40))[0] == "ID          NONE  SOME");
    CHECK(table.lines(narrow(20))[0] == "ID          SOME");
}

TEST_CASE("columns that may not shrink stay whole in a terminal that is too narrow") {
    Table table({{"ID"}, {"TEXT", Align::left, true}});
    table.add({{std::string(36, 'i')}, {std::string(100, 'x')}});
    CHECK(table.lines(narrow(20))[1] == std::string(36, 'i') + "  xxxxxxx…");
}

TEST_CASE("colours are used on a terminal that has them, and nowhere else") {
    const Terminal coloured({.out_is_terminal = true, .colours = true, .columns = 80});
    const Terminal plain({.out_is_terminal = true, .colours = false, .columns = 80});
    const Terminal pipe({.out_is_terminal = false, .colours = true, .columns = 80});
    CHECK(coloured.paint("x", Colour::red) == "\x1b[31mx\x1b[0m");
    CHECK(coloured.paint_err("x", Colour::red) == "x");
    CHECK(plain.paint("x", Colour::red) == "x");
    CHECK(pipe.paint("x", Colour::red) == "x");
}

TEST_CASE("NO_COLOR and a dumb terminal turn colours off") {
    const auto with = [](std::string name, std::string value) {
        return [name = std::move(name),
                value = std::move(value)](const std::string& asked) -> std::optional<std::string> {
            if (asked == name) {
                return value;
            }
            return asked == "TERM" ? std::optional<std::string>("xterm") : std::nullopt;
        };
    };
    CHECK(Terminal::detect(with("X", "")).colours);
    CHECK_FALSE(Terminal::detect(with("NO_COLOR", "1")).colours);
    CHECK(Terminal::detect(with("NO_COLOR", "")).colours);
    CHECK_FALSE(Terminal::detect(with("TERM", "dumb")).colours);
    CHECK(Terminal::detect(with("COLUMNS", "77")).columns == 77);
    CHECK_FALSE(Terminal::detect(with("COLUMNS", "wide")).columns.has_value());
}

TEST_CASE("a live block is redrawn in place and gives the cursor back") {
    std::ostringstream out;
    {
        const Terminal terminal({.out_is_terminal = true, .columns = 20, .rows = 4});
        LiveBlock block(out, terminal);
        block.show({"one", "two"});
        CHECK(out.str() == "\x1b[?25lone\ntwo");
        out.str("");
        block.show({"three", std::string(40, 'x'), "four", "cut by the height"});
        CHECK(out.str() == "\r\x1b[1A\x1b[Jthree\n" + std::string(18, 'x') + "…\nfour");
        out.str("");
        block.print_above("above");
        CHECK(out.str() == "\r\x1b[2A\x1b[Jabove\nthree\n" + std::string(18, 'x') + "…\nfour");
        out.str("");
    }
    CHECK(out.str() == "\n\x1b[?25h");
}

TEST_CASE("JSON lists are one array, or one object a line") {
    const auto listed = [](Format format, int count) {
        std::ostringstream out;
        JsonList list(out, format);
        for (int at = 0; at < count; ++at) {
            list.add("{}");
        }
        list.finish();
        return out.str();
    };
    CHECK(listed(Format::json, 0) == "[]\n");
    CHECK(listed(Format::json, 2) == "[\n  {},\n  {}\n]\n");
    CHECK(listed(Format::jsonl, 0).empty());
    CHECK(listed(Format::jsonl, 2) == "{}\n{}\n");
}

TEST_CASE("numbers are shown as people read them") {
    CHECK(with_commas(0) == "0");
    CHECK(with_commas(999) == "999");
    CHECK(with_commas(1000) == "1,000");
    CHECK(with_commas(-1234567) == "-1,234,567");
    CHECK(human_bytes(1023) == "1023 B");
    CHECK(human_bytes(1536) == "1.5 KiB");
    CHECK(human_rate(0) == "0/s");
    CHECK(human_rate(12.34) == "12.3/s");
    CHECK(human_rate(51234.0) == "51,234/s");
    CHECK(json_number(0) == "0");
    CHECK(json_number(1.5) == "1.5");
    CHECK(json_number(100) == "100");
}
