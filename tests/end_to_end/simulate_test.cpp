// `fleet simulate` as a person uses it.
#include <catch2/catch.hpp>

#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Contains;

namespace {

constexpr const char* kScenario = R"(
items: 600
stages:
  work: {time: 2s, provider: model}
providers:
  model: {limit: 300, outages: {from: 30s, to: 60s}}
pool: {max: 20}
)";

}  // namespace

TEST_CASE("fleet simulate prints a line a seed and their median, and opens no store") {
    const FleetBox box;
    box.write("s.yml", kScenario);
    const ProgramResult run = box.fleet({"simulate", "s.yml", "--seed", "5", "--seeds", "3"});
    INFO(run.err);
    CHECK(run.exit_code == 0);
    const auto lines = lines_of(run.out);
    REQUIRE(lines.size() == 5);
    CHECK_THAT(lines[0], Catch::StartsWith("SEED") && Contains("RATIO"));
    CHECK_THAT(lines[1], Catch::StartsWith("5 "));
    CHECK_THAT(lines[3], Catch::StartsWith("7 "));
    CHECK_THAT(lines[4], Catch::StartsWith("median"));
    CHECK_FALSE(std::filesystem::exists(box.store()));
    // The same again, to the letter.
    CHECK(box.fleet({"simulate", "s.yml", "--seed", "5", "--seeds", "3"}).out == run.out);
}

TEST_CASE("a scenario comes from standard input as well, and figures as JSON") {
    const FleetBox box;
    const ProgramResult run = box.fleet({"simulate", "-", "--jsonl"}, kScenario);
    INFO(run.err);
    CHECK(run.exit_code == 0);
    const auto lines = lines_of(run.out);
    REQUIRE(lines.size() == 2);
    CHECK_THAT(lines[0], Contains("\"seed\":1,\"items\":600,\"done\":600,") &&
                             Contains("\"provider\":\"model\"") &&
                             Contains("\"broken_promises\":[]"));
    CHECK_THAT(lines[1], Contains("\"seed\":null"));
}

TEST_CASE("the plot is XML that another parser reads") {
    const FleetBox box;
    box.write("s.yml", kScenario);
    for (const char* file : {"run.svg", "run.html"}) {
        const ProgramResult run = box.fleet({"simulate", "s.yml", "--plot", file});
        INFO(run.err);
        REQUIRE(run.exit_code == 0);
        const ProgramResult parsed =
            run_program({.argv = {"python3", "-c",
                                  "import sys, xml.etree.ElementTree as tree\n"
                                  "root = tree.parse(sys.argv[1]).getroot()\n"
                                  "svg = '{http://www.w3.org/2000/svg}'\n"
                                  "print(sum(1 for _ in root.iter(svg + 'path')))",
                                  box.path(file).string()}});
        INFO(parsed.err);
        CHECK(parsed.exit_code == 0);
        CHECK(std::stoi(parsed.out) >= 6);
    }
}

TEST_CASE("what is wrong with a scenario or its options is said, with the exit codes of all") {
    const FleetBox box;
    box.write("bad.yml", "itms: 5\nitems: 6\n");
    const ProgramResult bad = box.fleet({"simulate", "bad.yml"});
    CHECK(bad.exit_code == 1);
    CHECK_THAT(bad.err, Contains("bad.yml:1:1: error: there is no key `itms` here") &&
                            Contains("fleet: the scenario bad.yml has 1 error; mend"));
    CHECK(box.fleet({"simulate", "none.yml"}).exit_code == 1);
    CHECK(box.fleet({"simulate"}).exit_code == 2);
    CHECK(box.fleet({"simulate", "-", "--order", "lifo"}, "items: 1\n").exit_code == 2);
    CHECK(box.fleet({"simulate", "-", "--order", "fifo"}, "items: 1\n").exit_code == 0);
    CHECK(box.fleet({"simulate", "-", "--plot", "x.png"}, "items: 1\n").exit_code == 2);
    CHECK(box.fleet({"simulate", "-", "--plot", "no/folder/x.svg"}, "items: 1\n").exit_code == 1);
    const ProgramResult cut =
        box.fleet({"simulate", "-"}, "items: 1000\nlength: 10s\npool: {max: 1}\n");
    CHECK(cut.exit_code == 3);
    CHECK_THAT(cut.err, Contains("items were left after 10s"));
}
