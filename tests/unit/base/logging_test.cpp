#include "common/base/logging.hpp"

#include <sstream>

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "tests/support/temporary_folder.hpp"

using fleet::base::Log;
using fleet::base::LogLevel;
using fleet::base::parse_log_level;
using fleet::test_support::read_file;
using fleet::test_support::TemporaryFolder;

namespace {

/// The next line without its time, whose form is checked; empty at the end.
std::string record_of(std::istream& lines) {
    std::string line;
    if (!std::getline(lines, line)) {
        return {};
    }
    const std::string form = "dddd-dd-ddTdd:dd:dd.dddZ ";
    REQUIRE(line.size() > form.size());
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool digit = line[i] >= '0' && line[i] <= '9';
        REQUIRE((form[i] == 'd' ? digit : line[i] == form[i]));
    }
    return line.substr(form.size());
}

}  // namespace

TEST_CASE("a record is one line with its time, level, component, message and fields") {
    const TemporaryFolder folder;
    const std::string file = (folder / "worker.log").string();
    {
        Log log("worker", LogLevel::info, file);
        log.info("claimed", {{"execution", "abc"}, {"count", "3"}});
        log.debug("not shown");
        log.warn("odd\nvalue {}", {{"reason", "two words"}, {"empty", ""}, {"quote", "a\"b\n"}});
    }
    std::istringstream lines(read_file(file));
    CHECK(record_of(lines) == "info worker claimed execution=abc count=3");
    CHECK(record_of(lines) ==
          "warn worker odd\\nvalue {} reason=\"two words\" empty=\"\" quote=\"a\\\"b\\n\"");
    CHECK(record_of(lines).empty());
}

TEST_CASE("a log file is appended to") {
    const TemporaryFolder folder;
    const std::string file = (folder / "x.log").string();
    fleet::test_support::write_file(file, "before\n");
    Log(std::string("x"), LogLevel::info, file).error("after");
    CHECK(read_file(file).starts_with("before\n"));
    CHECK(read_file(file).ends_with(" error x after\n"));
}

TEST_CASE("a log file that cannot be opened is named") {
    CHECK_THROWS_WITH(Log("x", LogLevel::info, "/proc/none/x.log"),
                      Catch::Matchers::Contains("opening the log file /proc/none/x.log"));
}

TEST_CASE("log levels are parsed and unknown ones refused with the nearest") {
    CHECK(parse_log_level("debug") == LogLevel::debug);
    CHECK(parse_log_level("off") == LogLevel::off);
    try {
        (void)parse_log_level("wran");
        FAIL("accepted");
    } catch (const fleet::base::ConfigError& error) {
        CHECK(error.full_text().find("did you mean \"warn\"?") != std::string::npos);
    }
}
