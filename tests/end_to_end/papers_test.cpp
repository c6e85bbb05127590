// The example of docs and README, by the script that a person starts: a machine of three stages
// with two models against the mock provider, on licence texts of this system.
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Matchers::Contains;

namespace {

const std::string kExample =
    std::string(FLEET_SOURCE_DIR) + "/machines/definitions/examples/papers";

ProgramResult run_with_mock(const FleetBox& box, std::vector<std::string> arguments) {
    Program program;
    program.argv = {kExample + "/run_with_mock.sh", "--programs", bin_dir().string()};
    program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
    program.directory = box.path("");
    return run_program(program, std::chrono::seconds(120));
}

base::Json line_json(const std::string& line) {
    return base::parse_json(line, "a line");
}

}  // namespace

TEST_CASE("the example's script takes real texts through three stages and two models") {
    const FleetBox box;
    const ProgramResult end = run_with_mock(box, {"--count", "5", "--folder", box.path("papers")});
    INFO(end.out << end.err);
    REQUIRE(end.exit_code == 0);

    std::map<std::string, std::string> texts;
    for (const std::string& line : lines_of(box.read("papers/items.jsonl"))) {
        const base::Json item = line_json(line);
        texts[item.at("name").get<std::string>()] = item.at("text").get<std::string>();
    }
    REQUIRE(texts.size() == 5);
    const auto results = lines_of(box.read("papers/results.jsonl"));
    REQUIRE(results.size() == 5);
    for (const std::string& line : results) {
        const base::Json result = line_json(line);
        INFO(line.substr(0, 200));
        REQUIRE(result.at("status") == "done");
        const base::Json& output = result.at("output");
        const auto name = output.at("name").get<std::string>();
        REQUIRE(texts.contains(name));
        CHECK(output.at("kind") == "licence");
        CHECK(output.at("title") == "A title by gpt-4o-mini");
        CHECK(output.at("keywords") == base::Json::array({"licence", "mock", "gpt-4o-mini"}));
        // What the small model picked came to the large one.
        const auto summary = output.at("summary").get<std::string>();
        CHECK_THAT(summary, Contains("gpt-4o was asked: Summarise the licence \"" + name) &&
                                Contains(texts.at(name).substr(0, 40)));
        texts.erase(name);
    }
    CHECK(texts.empty());

    // Each text took one call a stage, and the fleet counted them under the models' own names.
    const ProgramResult budget =
        run_program({.argv = {(bin_dir() / "fleet").string(), "budget", "--json"},
                     .directory = box.path("papers")});
    REQUIRE(budget.exit_code == 0);
    std::map<std::string, int> calls;
    for (const base::Json& provider : base::parse_json(budget.out, "the budget")) {
        for (const base::Json& usage : provider.at("usage")) {
            calls[provider.at("provider").get<std::string>() + ' ' +
                  usage.at("phase").get<std::string>()] += usage.at("requests").get<int>();
        }
    }
    CHECK(calls == std::map<std::string, int>{{"openai/gpt-4o expensive", 5},
                                              {"openai/gpt-4o-mini prep", 5},
                                              {"openai/gpt-4o-mini wrap", 5}});
    CHECK_THAT(end.out, Contains("openai/gpt-4o") && Contains("5 results"));
}

TEST_CASE("the example's files hold nothing that validate complains of") {
    const FleetBox box;
    const ProgramResult end =
        box.fleet({"validate", kExample + "/machine.yml", kExample + "/fleet.yml"});
    CHECK(end.exit_code == 0);
    CHECK(end.out == kExample + "/machine.yml: valid\n" + kExample + "/fleet.yml: valid\n");
}

TEST_CASE("the example's script refuses what it cannot use before it starts anything") {
    const FleetBox box;
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"--count", "none"}, {"--cuont", "3"}, {"--count"}}) {
        const ProgramResult end = run_with_mock(box, arguments);
        CAPTURE(arguments, end.err);
        CHECK(end.exit_code == 2);
        CHECK_THAT(end.err, Contains("run_with_mock: ") && Contains("see --help"));
    }
    // A folder that is there may hold somebody's work.
    std::filesystem::create_directories(box.path("papers"));
    box.write("papers/items.jsonl", "mine");
    const ProgramResult end = run_with_mock(box, {"--folder", box.path("papers")});
    CHECK(end.exit_code == 1);
    CHECK_THAT(end.err, Contains("--folder must be a new one"));
    CHECK(box.read("papers/items.jsonl") == "mine");
}
