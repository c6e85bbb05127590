#include "cli/items/items_file.hpp"

#include <filesystem>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "cli/items/utf8.hpp"
#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "common/contracts/work.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace fleet;
using namespace fleet::cli;
using test_support::TemporaryFolder;

namespace {

/// An items file and the spool that is made of it.
struct Setup {
    TemporaryFolder folder;
    std::filesystem::path items = folder / "items.txt";
    std::filesystem::path spool = folder.path() / "spool" / "b.jsonl";

    std::string spooled(const std::string& text, bool raw = false) {
        test_support::write_file(items, text);
        summary = spool_items(items, raw, spool, {});
        return test_support::read_file(spool);
    }
    std::string refusal(const std::string& text, bool raw = false) {
        test_support::write_file(items, text);
        try {
            spool_items(items, raw, spool, {});
        } catch (const base::ConfigError& error) {
            CHECK_FALSE(std::filesystem::exists(spool));
            CHECK_FALSE(std::filesystem::exists(spool.string() + ".part"));
            return error.full_text();
        }
        return "accepted";
    }
    SpoolSummary summary{};
};

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("each line becomes an item under its line number") {
    Setup setup;
    CHECK(setup.spooled("one\n{\"a\": 1}\n two \n") ==
          "1\t{\"item\":\"one\"}\n2\t{\"a\": 1}\n3\t{\"item\":\" two \"}\n");
    CHECK(setup.summary.items == 3);
    CHECK(setup.summary.empty_lines == 0);
}

TEST_CASE("the line end is not part of an item, and the last line needs none") {
    Setup setup;
    CHECK(setup.spooled("one\r\ntwo\r\n{\"a\":1}\r\nlast") ==
          "1\t{\"item\":\"one\"}\n2\t{\"item\":\"two\"}\n3\t{\"a\":1}\n4\t{\"item\":\"last\"}\n");
}

TEST_CASE("empty lines are skipped and counted, and keep their numbers") {
    Setup setup;
    CHECK(setup.spooled("\n\r\na\n\n\nb\n") == "3\t{\"item\":\"a\"}\n6\t{\"item\":\"b\"}\n");
    CHECK(setup.summary.items == 2);
    CHECK(setup.summary.empty_lines == 4);
}

TEST_CASE("a byte order mark is not part of the first item") {
    Setup setup;
    CHECK(setup.spooled("\xEF\xBB\xBF{\"a\":1}\n") == "1\t{\"a\":1}\n");
}

TEST_CASE("characters that JSON does not allow are escaped") {
    Setup setup;
    CHECK(setup.spooled("a\"b\\c\td\x01\xC3\xBC\n") ==
          "1\t{\"item\":\"a\\\"b\\\\c\\td\\u0001\xC3\xBC\"}\n");
}

TEST_CASE("with raw every line is an item as it is") {
    Setup setup;
    CHECK(setup.spooled("{broken\nx\r\nb\xFFy\n", true) ==
          "1\t{\"item\":\"{broken\"}\n2\t{\"item\":\"x\\r\"}\n"
          "3\t{\"item\":\"b\xEF\xBF\xBDy\",\"item_base64\":\"Yv95\"}\n");
}

TEST_CASE("what is wrong with an items file is said with its line") {
    Setup setup;
    CHECK_THAT(setup.refusal("a\nb\xFF\n"),
               Contains("line 2: not valid UTF-8 at byte 2") && Contains("--raw"));
    CHECK_THAT(setup.refusal("a\n\n{\"a\": }\n"), Contains("line 3: not valid JSON at byte 7"));
    CHECK_THAT(setup.refusal("{\"a\":1} x\n"), Contains("line 1: not valid JSON"));
    CHECK_THAT(setup.refusal("{\"a\":\"\xFF\"}\n"), Contains("line 1: not valid JSON"));
    CHECK_THAT(setup.refusal("{\"a\":" + std::string(600, '[') + std::string(600, ']') + "}\n"),
               Contains("line 1") && Contains("nested deeper"));
    CHECK_THAT(setup.refusal(""), Contains("is empty"));
    CHECK_THAT(setup.refusal("\n\r\n"), Contains("2 empty lines and no item"));
}

TEST_CASE("an items file that cannot be read is named") {
    Setup setup;
    CHECK_THROWS_WITH(spool_items(setup.folder / "none", false, setup.spool, {}),
                      Contains("none: No such file"));
    CHECK_THROWS_WITH(spool_items(setup.folder.path(), false, setup.spool, {}),
                      Contains("is a directory"));
}

TEST_CASE("a line of 10 MiB is an item, one above the limit is refused by number") {
    Setup setup;
    const std::string large(10U << 20U, 'x');
    CHECK(setup.spooled(large + "\nend\n") ==
          "1\t{\"item\":\"" + large + "\"}\n2\t{\"item\":\"end\"}\n");
    std::filesystem::remove(setup.spool);
    CHECK_THAT(setup.refusal("a\n" + std::string(contracts::kMaxInputBytes + 1, 'x') + "\nb\n"),
               Contains("line 2") && Contains("longer than"));
    CHECK_THAT(setup.refusal("a\n" + std::string(contracts::kMaxInputBytes / 2, '"') + "\n"),
               Contains("line 2") && Contains("bytes as JSON"));
}

TEST_CASE("an item that its check refuses stops everything") {
    Setup setup;
    test_support::write_file(setup.items, "a\nb\n");
    const auto refuse_second = [](std::string_view, std::int64_t line) {
        if (line == 2) {
            throw base::ConfigError("no");
        }
    };
    CHECK_THROWS_AS(spool_items(setup.items, false, setup.spool, refuse_second), base::ConfigError);
    CHECK(std::filesystem::is_empty(setup.spool.parent_path()));
}

TEST_CASE("a spool line gives back number and input") {
    const SpooledItem item = parse_spool_line("12\t{\"item\":\"a\\tb\"}", "spool");
    CHECK(item.line == 12);
    CHECK(item.input == "{\"item\":\"a\\tb\"}");
    for (const char* broken : {"", "12", "x\t{}", "0\t{}", "1x\t{}"}) {
        CHECK_THROWS_WITH(parse_spool_line(broken, "the-spool"), Contains("the-spool is damaged"));
    }
}

TEST_CASE("any lines of text come back from the spool in order") {
    Setup setup;
    REQUIRE(rc::check("items to spool and back", [&](const std::vector<std::string>& lines) {
        std::string file;
        std::vector<std::pair<std::int64_t, std::string>> expected;
        std::int64_t number = 0;
        for (const std::string& bytes : lines) {
            std::string line = replaced_utf8(bytes);
            std::erase(line, '\n');
            std::erase(line, '\r');
            std::erase(line, '{');
            file += line + "\n";
            ++number;
            if (!line.empty()) {
                expected.emplace_back(number, line);
            }
        }
        RC_PRE(!expected.empty());
        RC_PRE(!file.starts_with("\xEF\xBB\xBF"));
        std::vector<std::pair<std::int64_t, std::string>> found;
        test_support::write_file(setup.items, file);
        spool_items(setup.items, false, setup.spool,
                    [&](std::string_view input, std::int64_t line) {
                        found.emplace_back(
                            line, base::parse_json(input, "input").at("item").get<std::string>());
                    });
        RC_ASSERT(found == expected);
    }));
}
