// The program that runs the conformance corpus: what it says about a folder that it has never seen.
#include <filesystem>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace fleet;
using test_support::ProgramResult;
namespace fs = std::filesystem;

namespace {

/// A copy of one of our cases, with something replaced in one of its files.
class CaseFolder {
  public:
    explicit CaseFolder(const std::string& id) : folder_(root_ / "cases" / id) {
        fs::create_directories(folder_.parent_path());
        fs::copy(test_support::source_dir() / "tests/conformance/cases" / id, folder_,
                 fs::copy_options::recursive);
    }

    void replace(const std::string& file, const std::string& what, const std::string& with) const {
        std::string text = test_support::read_file(folder_ / file);
        const auto at = text.find(what);
        REQUIRE(at != std::string::npos);
        test_support::write_file(folder_ / file, text.replace(at, what.size(), with));
    }

    [[nodiscard]] ProgramResult run(std::vector<std::string> arguments = {}) const {
        arguments.insert(arguments.begin(),
                         {(test_support::bin_dir() / "conformance").string(), root().string()});
        return test_support::run_program({.argv = std::move(arguments)});
    }

    [[nodiscard]] fs::path root() const { return root_.path(); }

  private:
    test_support::TemporaryFolder root_;
    fs::path folder_;
};

}  // namespace

TEST_CASE("a case that gives what is expected passes") {
    const CaseFolder one("initial-named-start");
    const auto result = one.run();
    CHECK(result.out == "1 passed, 0 failed, 0 disputed\n");
    CHECK(result.exit_code == 0);
}

TEST_CASE("a case that gives something else fails, and the line says where") {
    const CaseFolder one("initial-named-start");
    one.replace("expected.json", "\"yes\"", "\"no\"");
    const auto result = one.run();
    CHECK(result.out ==
          "initial-named-start op#0(run) .output.ok: expected \"no\", got \"yes\"\n"
          "0 passed, 1 failed, 0 disputed\n");
    CHECK(result.exit_code == 1);
}

TEST_CASE("a failure that is known is no surprise, and its end is one") {
    const CaseFolder one("initial-named-start");
    CHECK(one.run({"--known-failure", "initial-named-start"}).exit_code == 1);
    one.replace("expected.json", "\"yes\"", "\"no\"");
    CHECK(one.run({"--known-failure", "initial-named-start"}).exit_code == 0);
}

TEST_CASE("a disputed case that gives something else is counted as disputed and reported") {
    const CaseFolder one("initial-named-start");
    one.replace("expected.json", "\"yes\"", "\"no\"");
    one.replace("case.json", "{", R"({"disputed": "why not", "spec_says": "yes",)");
    const auto report = one.root() / "report.json";
    const auto result = one.run({"--report", report.string()});
    CHECK(result.out == "0 passed, 0 failed, 1 disputed\n");
    CHECK(result.exit_code == 0);
    const auto json = base::parse_json(test_support::read_file(report), "the report");
    CHECK(json["disputed"] == 1);
    CHECK(json["results"][0]["got"] == "yes");
    CHECK(json["results"][0]["spec_says"] == "yes");
}

TEST_CASE("a disputed case that gives what the specification states passes") {
    const CaseFolder one("initial-named-start");
    one.replace("expected.json", "\"yes\"", "\"no\"");
    one.replace("case.json", "{",
                R"({"disputed": "why not", "spec_says": "yes",)"
                R"( "spec_expect": {"0": {"output": {"ok": "yes"}}},)");
    CHECK(one.run().out == "1 passed, 0 failed, 0 disputed\n");
}

TEST_CASE("cases are chosen by id and by tag") {
    const CaseFolder one("initial-named-start");
    CHECK(one.run({"--only", "another"}).out == "0 passed, 0 failed, 0 disputed\n");
    CHECK(one.run({"--tag", "initial"}).out == "1 passed, 0 failed, 0 disputed\n");
    CHECK(one.run({"--tag", "another"}).out == "0 passed, 0 failed, 0 disputed\n");
}

TEST_CASE("a case whose results tell the number of steps is not resumed everywhere") {
    CHECK(CaseFolder("signal-park-and-resume").run({"--resume-everywhere"}).out ==
          "1 skipped\n0 passed, 0 failed, 0 disputed\n");
    CHECK(CaseFolder("initial-named-start").run({"--resume-everywhere"}).out ==
          "1 passed, 0 failed, 0 disputed\n");
}

TEST_CASE("a case that a fleet runs has its children on other processes") {
    const auto whole = CaseFolder("child-single").run({"--distributed", "--workers", "3"});
    INFO(whole.out);
    CHECK(whole.exit_code == 0);
    CHECK_THAT(whole.out, Catch::Matchers::Contains("1 children, 1 on another process") &&
                              Catch::Matchers::EndsWith("1 passed, 0 failed, 0 disputed\n"));
}

TEST_CASE("a case that a fleet is known to end otherwise, and does not, is a surprise") {
    const CaseFolder one("child-single");
    CHECK(one.run({"--distributed", "--workers", "3"}).exit_code == 0);
    const auto surprise =
        one.run({"--distributed", "--workers", "3", "--known-failure", "child-single"});
    INFO(surprise.out);
    CHECK(surprise.exit_code == 1);
}

TEST_CASE("wrong use is told with the usage") {
    const CaseFolder one("initial-named-start");
    const auto unknown = one.run({"--nonsense"});
    CHECK(unknown.exit_code == 2);
    CHECK_THAT(unknown.err, Catch::Matchers::Contains("unknown option --nonsense"));
    CHECK(one.run({"no-such-folder"}).exit_code == 2);
    CHECK(one.run({"--kill"}).exit_code == 2);
    CHECK(one.run({"--distributed", "--workers", "1"}).exit_code == 2);
    CHECK(one.run({"--distributed", "--resume-everywhere"}).exit_code == 2);
    one.replace("case.json", "\"scenario\"", "\"scene\"");
    const auto broken = one.run();
    CHECK(broken.exit_code == 2);
    CHECK_THAT(broken.err, Catch::Matchers::Contains("initial-named-start"));
}
