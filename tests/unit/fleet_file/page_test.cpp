// The example of docs/fleet_file.md is one that works.
#include <catch2/catch.hpp>

#include "machines/fleet_file/fleet_file.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace fleet;

TEST_CASE("the example of the documentation is valid and has every part") {
    const std::string page =
        test_support::read_file(test_support::source_dir() / "docs/fleet_file.md");
    const std::string mark = "```yaml\n";
    const auto begin = page.find(mark);
    REQUIRE(begin != std::string::npos);
    const std::string text =
        page.substr(begin + mark.size(), page.find("```\n", begin + mark.size()) - begin - 8);
    const test_support::TemporaryFolder folder;
    test_support::write_file(folder / "fleet.yml", text);
    const auto read = fleet_file::read_fleet_file(folder / "fleet.yml", "fleet.yml");
    for (const config::Diagnostic& one : read.diagnostics) {
        FAIL_CHECK(one.line());
    }
    REQUIRE(read.file);
    CHECK(read.file->pools.size() == 2);
    CHECK(read.file->pools.at(0).stages.size() == 3);
    CHECK(read.file->pools.at(1).stages.size() == 1);
    CHECK(read.file->providers.size() == 3);
    CHECK(read.file->settings.at("openai").prices.size() == 2);
    CHECK(read.file->settings.at("mybox").base_url == "http://10.0.0.5:8000/v1");
    CHECK(read.file->error_classes.added.size() == 1);
    CHECK(read.file->hooks.size() == 1);
}
