// `fleet validate` and `fleet graph` as a person calls them.
#include <array>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "cli/commands.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_clock.hpp"

using namespace fleet;
using namespace fleet::cli;

namespace {

struct Box {
    test_support::TemporaryFolder folder;

    struct Run {
        int code = 0;
        std::string out;
        std::string err;
    };

    void write(const std::string& name, const std::string& data) const {
        test_support::write_file(folder / name,
                                 "spec: flatmachine\nspec_version: \"4.2.1\"\ndata:\n" + data);
    }

    [[nodiscard]] Run run(const std::vector<std::string>& arguments) const {
        static constexpr std::array<AddCommands, 2> kCommands{add_validate_command,
                                                              add_graph_command};
        const test_support::TestClock clock;
        const Terminal terminal({});
        std::ostringstream out;
        std::ostringstream err;
        CommandContext context{clock,
                               terminal,
                               out,
                               err,
                               folder.path(),
                               [](const std::string&) -> std::optional<std::string> {
                                   return std::nullopt; }};
        const int code = run_program(context, arguments, kCommands);
        return {code, out.str(), err.str()};
    }
};

const std::string kGood =
    "  name: g\n  agents: {w: {type: llm}}\n  states:\n"
    "    start: {agent: w, on_error: bad, transitions: [{condition: 'context.a == \"x\"', to: "
    "end}, {to: start}]}\n    bad: {type: final}\n    end: {type: final}\n";

}  // namespace

TEST_CASE("a valid file is said to be valid") {
    const Box box;
    box.write("good.yml", kGood);
    const auto end = box.run({"validate", "good.yml"});
    CHECK(end.code == 0);
    CHECK(end.out == "good.yml: valid\n");
    CHECK(end.err.empty());
}

TEST_CASE("a warning does not fail a file") {
    const Box box;
    box.write("m.yml", "  states: {a: {type: final}, b: {type: final}}\n");
    const auto end = box.run({"validate", "m.yml"});
    CHECK(end.code == 0);
    CHECK(end.out ==
          "m.yml:4:30: warning: no transition leads to `b`; let one lead to it, or remove it\n"
          "m.yml: valid\n");
}

TEST_CASE("all mistakes of all files are listed and fail") {
    const Box box;
    box.write("good.yml", kGood);
    box.write("bad.yml", "  nme: x\n  states: {a: {transitions: [{to: b}]}}\n");
    const auto end = box.run({"validate", "bad.yml", "good.yml", "gone.yml"});
    CHECK(end.code == 1);
    CHECK(end.out ==
          "bad.yml:4:3: error: there is no key `nme` here; did you mean `name`?\n"
          "bad.yml:5:35: error: a transition of `a` leads to `b`, which is no state; did you mean "
          "`a`?\n"
          "good.yml: valid\n"
          "gone.yml:1:1: error: there is no such file; check the path\n");
}

TEST_CASE("findings are printed as JSON") {
    const Box box;
    box.write("bad.yml", "  states: {a: {type: final, timeout: x}}\n");
    const std::string finding = R"({"file":"bad.yml","line":4,"column":38,"severity":"error",)"
                                R"("path":"data.states.a.timeout",)"
                                R"("message":"`timeout` is a text and should be a number",)"
                                R"("advice":"write a number without quotes"})";
    const auto lines = box.run({"validate", "bad.yml", "--jsonl"});
    CHECK(lines.code == 1);
    CHECK(lines.out == finding + "\n");
    const auto array = box.run({"validate", "bad.yml", "--json"});
    CHECK_THAT(array.out, Catch::Matchers::StartsWith("[") && Catch::Matchers::Contains(finding) &&
                              Catch::Matchers::EndsWith("]\n"));
}

TEST_CASE("a machine is drawn in Mermaid and in DOT") {
    const Box box;
    box.write("good.yml", kGood);
    const auto mermaid = box.run({"graph", "good.yml"});
    CHECK(mermaid.code == 0);
    CHECK(mermaid.out ==
          "flowchart TD\n"
          "    begin(( )) --> s0\n"
          "    s0[\"start<br/>agent: w\"]\n"
          "    s1([\"bad\"])\n"
          "    s2([\"end\"])\n"
          "    s0 -->|\"context.a == #34;x#34;\"| s2\n"
          "    s0 --> s0\n"
          "    s0 -.->|\"error\"| s1\n");
    const auto dot = box.run({"graph", "good.yml", "--format", "dot"});
    CHECK(dot.out ==
          "digraph \"g\" {\n"
          "    node [shape=box, style=rounded];\n"
          "    begin [shape=point];\n"
          "    begin -> s0;\n"
          "    s0 [label=\"start\\nagent: w\"];\n"
          "    s1 [label=\"bad\", peripheries=2];\n"
          "    s2 [label=\"end\", peripheries=2];\n"
          "    s0 -> s2 [label=\"context.a == \\\"x\\\"\"];\n"
          "    s0 -> s0;\n"
          "    s0 -> s1 [label=\"error\", style=dashed];\n"
          "}\n");
}

TEST_CASE("mistakes in expressions are listed with those around them") {
    const Box box;
    box.write("m.yml",
              "  states:\n    start:\n      acton: x\n      transitions:\n"
              "        - {condition: \"context.a >\", to: late}\n"
              "    late: {wait_for: w, output_to_context: {b: \"{{ context.a | no_such }}\"}, "
              "transitions: [{to: start}]}\n");
    const auto end = box.run({"validate", "m.yml"});
    CHECK(end.code == 1);
    CHECK(end.out ==
          "m.yml:6:7: error: there is no key `acton` here; did you mean `action`?\n"
          "m.yml:8:35: error: this condition cannot be read: the expression ends too early (in "
          "`context.a >`); write an expression such as \"context.score >= 8 and not "
          "context.done\"\n"
          "m.yml:9:64: error: this is no template: there is no filter `no_such` (in `{{ context.a "
          "| no_such }}`); correct what stands in {{ }} or {% %}; what should stay as it is goes "
          "between {% raw %} and {% endraw %}\n");
}

TEST_CASE("a machine that cannot be started is not drawn") {
    const Box box;
    box.write("bad.yml", "  states: {}\n");
    const auto end = box.run({"graph", "bad.yml"});
    CHECK(end.code == 1);
    CHECK(end.out.empty());
    CHECK(end.err ==
          "fleet: bad.yml:4:11: error: No states defined; add at least one state below `states:`; "
          "`fleet validate bad.yml` lists all\n");
    CHECK(box.run({"graph", "bad.yml", "--format", "png"}).code == 2);
    CHECK(box.run({"graph"}).code == 2);
    CHECK(box.run({"validate"}).code == 2);
}

TEST_CASE("help of both commands has examples") {
    const Box box;
    for (const std::string command : {"validate", "graph"}) {
        const auto end = box.run({command, "--help"});
        CHECK(end.code == 0);
        CHECK_THAT(end.out, Catch::Matchers::Contains("\nExamples\n  fleet " + command) &&
                                Catch::Matchers::Contains("\nExit codes\n"));
    }
}

TEST_CASE("mistakes inside of agents are listed with those of the machine, each once") {
    const Box box;
    box.write("m.yml", R"(  agents:
    a: ./parts/a.yml
    b: ./parts/a.yml
    c: {type: command, config: {arg: [x]}}
    d: ./gone.yml
    e: {spec: flatagent, spec_version: "4.2.1", data: {prompt: parts/p.yml, profile: lrge}}
  states:
    start: {agent: a, transitions: [{to: edn}, {to: end}]}
    end: {type: final}
)");
    std::filesystem::create_directories(box.folder / "parts");
    test_support::write_file(box.folder / "parts/a.yml", R"(spec: flatagent
spec_version: "4.2.1"
data:
  prompt: ./missing.yml
  profile: samll
)");
    test_support::write_file(box.folder / "parts/p.yml", R"(spec: prompt
data:
  user: "{{ input.x"
  output: {t: {type: strr}}
)");
    const std::string profiles = R"(spec: flatprofile
data:
  model_profiles:
    small: {provider: openai, name: x, temprature: 1}
    large: {provider: openai, name: x}
)";
    test_support::write_file(box.folder / "profiles.yml", profiles);
    const auto end = box.run({"validate", "m.yml"});
    CHECK(end.code == 1);
    CHECK(end.out ==
          "parts/a.yml:4:11: error: the prompt's file is missing: parts/missing.yml; "
          "`./missing.yml` is looked for from the folder of this file\n"
          "parts/a.yml:5:12: error: there is no profile `samll` in profiles.yml; did you mean "
          "`small`?\n"
          "m.yml:7:32: error: the command has no `argv`; write `argv: [PROGRAM, ARGUMENT, ...]`\n"
          "m.yml:7:33: error: there is no key `arg` here; did you mean `argv`?\n"
          "m.yml:8:8: error: the file of the agent `d` is missing: gone.yml; it is looked for from "
          "the folder of this file\n"
          "m.yml:9:86: error: there is no profile `lrge` in profiles.yml; did you mean `large`?\n"
          "m.yml:11:42: error: a transition of `start` leads to `edn`, which is no state; did you "
          "mean `end`?\n"
          "parts/p.yml:3:9: error: `user` is no template: template `{{ input.x`, line 1, column "
          "11: the tag is not closed by `}}`; the lines are counted from the text's first one\n"
          "parts/p.yml:4:22: error: `type` cannot be `strr`; did you mean `str`?\n");
    // With a default the others' names are warnings, and what is wrong with it counts once.
    test_support::write_file(box.folder / "profiles.yml", profiles + "  default: small\n");
    CHECK(
        box.run({"validate", "m.yml"}).out ==
        "parts/a.yml:4:11: error: the prompt's file is missing: parts/missing.yml; `./missing.yml` "
        "is looked for from the folder of this file\n"
        "parts/a.yml:5:12: warning: there is no profile `samll` in profiles.yml; its default "
        "`small` is used; did you mean `small`?\n"
        "m.yml:7:32: error: the command has no `argv`; write `argv: [PROGRAM, ARGUMENT, ...]`\n"
        "m.yml:7:33: error: there is no key `arg` here; did you mean `argv`?\n"
        "m.yml:8:8: error: the file of the agent `d` is missing: gone.yml; it is looked for from "
        "the folder of this file\n"
        "m.yml:9:86: warning: there is no profile `lrge` in profiles.yml; its default `small` is "
        "used; did you mean `large`?\n"
        "m.yml:11:42: error: a transition of `start` leads to `edn`, which is no state; did you "
        "mean `end`?\n"
        "profiles.yml:4:40: error: there is no key `temprature` here; did you mean `temperature`?\n"
        "parts/p.yml:3:9: error: `user` is no template: template `{{ input.x`, line 1, column 11: "
        "the tag is not closed by `}}`; the lines are counted from the text's first one\n"
        "parts/p.yml:4:22: error: `type` cannot be `strr`; did you mean `str`?\n");
}

TEST_CASE("an agent that is whole makes its machine valid, from another folder as well") {
    const Box box;
    std::filesystem::create_directories(box.folder / "deep/agents");
    const std::string agent = "spec: flatagent\nspec_version: \"4.2.1\"\ndata:\n";
    box.write("deep/m.yml",
              "  machines: {kid: ../kid.yml}\n  agents: {a: agents/a.yml}\n  states:\n    start: "
              "{agent: a, transitions: [{to: more}]}\n    more: {machine: kid, transitions: [{to: "
              "end}]}\n    end: {type: final}\n");
    box.write("kid.yml",
              "  agents: {b: {type: command, config: {argv: [cat], inptu: json}}}\n  states: {s: "
              "{agent: b, transitions: [{to: end}]}, end: {type: final}}\n");
    test_support::write_file(box.folder / "deep/agents/a.yml",
                             agent + "  prompt: {user: hello}\n  profile: small\n");
    test_support::write_file(box.folder / "deep/profiles.yml",
                             "spec: flatprofile\ndata:\n  model_profiles:\n"
                             "    small: {provider: openai, name: x}\n");
    const auto bad = box.run({"validate", "deep/m.yml"});
    CHECK(bad.code == 1);
    CHECK(bad.out == "kid.yml:4:53: error: there is no key `inptu` here; did you mean `input`?\n");
    box.write("kid.yml", "  states: {s: {type: final}}\n");
    CHECK(box.run({"validate", "deep/m.yml"}).out == "deep/m.yml: valid\n");
}

TEST_CASE("agents of a machine in place are named by their whole path") {
    const Box box;
    box.write("m.yml", R"(  machines:
    inner:
      spec: flatmachine
      spec_version: "4.2.1"
      data:
        agents:
          c: {type: command, config: {argv: [cat], inptu: json}}
          g: {type: flatagent}
        states: {s: {agent: c, transitions: [{to: e}]}, e: {type: final}}
  states:
    start: {machine: inner, transitions: [{to: end}]}
    end: {type: final}
)");
    const auto end = box.run({"validate", "m.yml", "--jsonl"});
    CHECK(end.code == 1);
    CHECK_THAT(end.out, Catch::Contains(R"("line":10,"column":52,"severity":"error",)"
                                        R"("path":"data.machines.inner.data.agents.c.config",)") &&
                            Catch::Contains(R"("path":"data.machines.inner.data.agents.g",)"
                                            R"("message":"the agent `g` has no document",)"));
}

TEST_CASE("files of agents that cannot be read are reported once, whoever shares them") {
    const Box box;
    box.write(
        "m.yml",
        "  agents: {a: a.yml, b: b.yml}\n  states: {s: {agent: a, transitions: [{to: e}]}, e: "
        "{type: final}}\n");
    for (const char* name : {"a.yml", "b.yml"}) {
        test_support::write_file(box.folder / name,
                                 "spec: flatagent\nspec_version: \"4.2.1\"\n"
                                 "data: {prompt: p.yml, profile: x}\n");
    }
    test_support::write_file(box.folder / "p.yml", "data: [");
    test_support::write_file(box.folder / "profiles.yml", "data: {");
    const auto end = box.run({"validate", "m.yml"});
    CHECK(end.code == 1);
    for (const char* file : {"p.yml:1:1: error: the YAML cannot be read",
                             "profiles.yml:1:1: error: the YAML cannot be read"}) {
        CAPTURE(file, end.out);
        const auto first = end.out.find(file);
        REQUIRE(first != std::string::npos);
        CHECK(end.out.find(file, first + 1) == std::string::npos);
    }
}
