// `fleet validate` and `fleet graph` as programs, on files found from the current folder.
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/support/fleet_box.hpp"

using namespace fleet::test_support;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

const std::string kBegin = "spec: flatmachine\nspec_version: \"4.2.1\"\n";

}  // namespace

TEST_CASE("machine files are named as they were typed and their children from there") {
    const FleetBox box;
    std::filesystem::create_directories(box.path("parts"));
    box.write("parts/kid.yml", kBegin + "data: {states: {a: {tipe: final}}}\n");
    box.write("machine.yml", kBegin +
                                 "data:\n  machines: {kid: parts/kid.yml, gone: parts/gone.yml}\n"
                                 "  states: {a: {type: final}}\n");
    const ProgramResult bad = box.fleet({"validate", "machine.yml"});
    CHECK(bad.exit_code == 1);
    CHECK(bad.err.empty());
    CHECK(
        bad.out ==
        "machine.yml:4:40: error: the file of the machine `gone` is missing: parts/gone.yml; "
        "`parts/gone.yml` is looked for from the folder of this file\n"
        "parts/kid.yml:3:17: warning: `a` has no transition: the machine ends there with an empty "
        "output; add `transitions`, or `type: final`\n"
        "parts/kid.yml:3:21: error: there is no key `tipe` here; did you mean `type`?\n");
    // However often a file is read, its mistakes are told once.
    const ProgramResult both = box.fleet({"validate", "machine.yml", "parts/kid.yml"});
    CHECK(both.exit_code == 1);
    CHECK(both.out == bad.out);
    // Looking at files makes no store.
    CHECK_FALSE(std::filesystem::exists(box.path(".fleet")));
}

TEST_CASE("a machine's drawing is written to standard output") {
    const FleetBox box;
    box.write("machine.json",
              R"({"spec": "flatmachine", "spec_version": "4.2.1", "data": {"states": {)"
              R"("a": {"transitions": [{"to": "b"}]}, "b": {"type": "final"}}}})");
    const ProgramResult drawn = box.fleet({"graph", "machine.json"});
    CHECK(drawn.exit_code == 0);
    CHECK(drawn.out ==
          "flowchart TD\n    begin(( )) --> s0\n    s0[\"a\"]\n    s1([\"b\"])\n    s0 --> s1\n");
}

TEST_CASE("a mistake in an expression that is reached later refuses the work before it is stored") {
    const FleetBox box;
    box.write("machine.yml", kBegin + R"(data:
  name: late
  context: {n: 0}
  states:
    start: {transitions: [{condition: "context.n > 3", to: rare}, {to: end}]}
    rare:
      wait_for: |
        first line
        {{ context.task | shot }}
      transitions: [{to: end}]
    end: {type: final}
)");
    const std::string message = "machine.yml:11:27: error: this is no template: ";
    const ProgramResult validated = box.fleet({"validate", "machine.yml"});
    CHECK(validated.exit_code == 1);
    CHECK_THAT(validated.out, StartsWith(message));
    for (const std::string command : {"submit", "run"}) {
        INFO(command);
        const ProgramResult refused = box.fleet({command, "machine.yml"});
        CHECK(refused.exit_code == 1);
        CHECK_THAT(refused.err, StartsWith(validated.out) && Contains("would fail on its way") &&
                                    Contains("nothing was submitted"));
        CHECK(refused.out.empty());
    }
    CHECK(box.fleet({"ps", "--jsonl"}).out.empty());
}

TEST_CASE("a mistake inside of an agent refuses the work before it is stored") {
    const FleetBox box;
    box.write("machine.yml", kBegin + R"(data:
  name: late
  agents: {writer: writer.yml}
  states:
    start: {transitions: [{condition: "input.rare", to: rare}, {to: end}]}
    rare: {agent: writer, transitions: [{to: end}]}
    end: {type: final}
)");
    box.write("writer.yml",
              "spec: flatagent\nspec_version: \"4.2.1\"\ndata:\n  prompt: {user: hello}\n"
              "  profile: samll\n");
    box.write("profiles.yml",
              "spec: flatprofile\nspec_version: \"4.2.1\"\ndata:\n  model_profiles:\n"
              "    small: {provider: openai, name: m}\n");
    const std::string finding =
        "writer.yml:5:12: error: there is no profile `samll` in profiles.yml; did you mean "
        "`small`?\n";
    CHECK(box.fleet({"validate", "machine.yml"}).out == finding);
    for (const char* command : {"run", "submit"}) {
        const ProgramResult end = box.fleet({command, "--input", "{}", "machine.yml"});
        CAPTURE(command, end.out);
        CHECK(end.exit_code == 1);
        CHECK_THAT(end.err, StartsWith(finding) && Contains("nothing was submitted"));
        CHECK_FALSE(std::filesystem::exists(box.path(".fleet")));
    }
}
