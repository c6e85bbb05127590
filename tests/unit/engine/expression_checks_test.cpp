// What cannot be read is told with its place before a machine runs, wherever it stands.
#include "machines/engine/expression_checks.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.hpp"

using namespace fleet;
using Catch::Matchers::Contains;

namespace {

const std::string kBegin = "spec: flatmachine\nspec_version: \"4.2.1\"\ndata:\n";

/// The lines without the folder, for a machine whose data is `data`, from line 4 on.
std::vector<std::string> lines_of(const std::string& data) {
    const test_support::TemporaryFolder folder;
    test_support::write_file(folder / "m.yml", kBegin + data);
    std::vector<std::string> lines;
    const std::string prefix = folder.path().string() + "/";
    for (const auto& one :
         config::load_machine(folder / "m.yml", {}, engine::check_expressions).diagnostics) {
        const std::string line = one.line();
        REQUIRE(line.starts_with(prefix));
        lines.push_back(line.substr(prefix.size()));
    }
    return lines;
}

/// A state `s` in line 5 with `members`, which begin at column 9.
std::vector<std::string> state_lines(const std::string& members, const std::string& more = "") {
    return lines_of(more + "  states:\n    s: {" + members + ", transitions: [{to: e}]}\n" +
                    "    e: {type: final}\n");
}

}  // namespace

TEST_CASE("a text that cannot be read is found in every member that is evaluated") {
    // Each is a template that is not closed.
    for (const std::string member : {
             "wait_for: 'a/{{ context.b'",
             "session_id: '{{ context.b'",
             "foreach: '{{ context.b', machine: k",
             "foreach: context.l, machine: k, key: '{{ item.b'",
             "input: {a: [1, {b: '{{ context.b'}]}",
             "type: final, output: {a: '{{ context.b'}",
             "output_to_context: {a: {b: '{{ output.b'}}",
             "machine: [{name: k, input: {a: '{{ context.b'}}]",
             "launch: k, launch_input: {a: '{{ context.b'}",
             "launch: [{name: k, input: {a: '{{ context.b'}}]",
             "agent: g, tool_loop: {max_tool_calls: '{{ context.b'}",
             "agent: g, tool_loop: {max_turns: '{{ context.b'}",
             "agent: g, tool_loop: {tool_timeout: '{{ context.b'}",
             "agent: g, tool_loop: {total_timeout: '{{ context.b'}",
             "agent: g, tool_loop: {max_cost: '{{ context.b'}",
         }) {
        INFO(member);
        auto lines = state_lines(
            member,
            "  machines: {k: {spec: flatmachine, spec_version: \"4.2.1\", data: {states: "
            "{a: {type: final}}}}}\n  agents: {g: {type: t}}\n");
        // A final state may be told that its transitions are never taken.
        std::erase_if(lines, [](const auto& line) { return line.find(": warning: ") < 40; });
        REQUIRE(lines.size() == 1);
        const auto column = std::string("    s: {").size() + member.find("{{") + 1;
        CHECK_THAT(lines[0], Catch::Matchers::StartsWith("m.yml:7:") &&
                                 Contains("error: this is no template: ") && Contains("{% raw %}"));
        const auto end = column + std::string_view("{{ context.b").size();
        const int shown = std::stoi(lines[0].substr(std::string_view("m.yml:7:").size()));
        CHECK(shown >= static_cast<int>(column));
        CHECK(shown <= static_cast<int>(end));
    }
    CHECK(lines_of("  context: {a: '{% if x %}'}\n  states: {e: {type: final}}\n").size() == 1);
}

TEST_CASE("a condition is checked by the machine's own language") {
    const auto states = [](const std::string& condition) {
        return "  states:\n    s:\n      transitions:\n        - condition: " + condition +
               "\n          to: e\n        - to: s\n    e: {type: final}\n";
    };
    CHECK(lines_of(states("context.a >= 1 and not context.b")).empty());
    CHECK(lines_of(states("\"true\"")).empty());
    CHECK(lines_of("  expression_engine: cel\n" + states("context.a >= 1 && !context.b")).empty());
    const auto simple = lines_of(states("context.a >= 1 && context.b"));
    REQUIRE(simple.size() == 1);
    CHECK_THAT(simple[0], Catch::Matchers::StartsWith("m.yml:7:37: error: this condition cannot "
                                                      "be read: ") &&
                              Contains("not context.done"));
    const auto cel =
        lines_of("  expression_engine: cel\n" + states("context.a >= 1 and context.b"));
    REQUIRE(cel.size() == 1);
    CHECK_THAT(cel[0], Catch::Matchers::StartsWith("m.yml:8:37: error: ") && Contains("CEL"));
}

TEST_CASE("the place inside of a block of lines is the line of the mistake") {
    const auto lines = lines_of(
        "  states:\n"
        "    s:\n"
        "      wait_for: w\n"
        "      output_to_context:\n"
        "        text: |\n"
        "          {% for a in context.list %}\n"
        "            {{ a.name | nosuchfilter }}\n"
        "          {% endfor %}\n"
        "      transitions: [{to: e}]\n"
        "    e: {type: final}\n");
    REQUIRE(lines.size() == 1);
    CHECK_THAT(lines[0],
               Catch::Matchers::StartsWith("m.yml:10:25: error: ") && Contains("nosuchfilter"));
}

TEST_CASE("all mistakes are told at once, in the order of the file, also of other files") {
    const test_support::TemporaryFolder folder;
    test_support::write_file(folder / "kid.yml",
                             kBegin + "  states: {a: {type: final, output: {x: '{{ ('}}}\n");
    test_support::write_file(
        folder / "m.yml",
        kBegin +
            "  machines:\n"
            "    kid: ./kid.yml\n"
            "    inner: {spec: flatmachine, spec_version: \"4.2.1\", data: {states: {a: {type: "
            "final, output: {x: '{{'}}}}}\n"
            "  states:\n"
            "    s: {acton: x, transitions: [{condition: 'context.', to: nowhere}]}\n"
            "    late: {machine: kid, input: {x: '{% nothing %}'}, transitions: [{to: s}]}\n");
    const auto found = config::load_machine(folder / "m.yml", {}, engine::check_expressions);
    CHECK_FALSE(found.bundle);  // `nowhere`
    CHECK(config::has_expression_errors(found.diagnostics));
    const auto has = [&](const std::string& file, int line, const std::string& path) {
        return std::ranges::any_of(found.diagnostics, [&](const config::Diagnostic& one) {
            return one.file == (folder / file).string() && one.at.line == line &&
                   one.path == path && one.severity != config::Severity::warning;
        });
    };
    CHECK(has("m.yml", 6, "data.machines.inner.data.states.a.output.x"));
    CHECK(has("m.yml", 8, "data.states.s"));
    CHECK(has("m.yml", 8, "data.states.s.transitions.0.condition"));
    CHECK(has("m.yml", 9, "data.states.late.input.x"));
    CHECK(has("kid.yml", 4, "data.states.a.output.x"));
}

TEST_CASE("foreach over a text that can never be a list is an error") {
    const std::string kid =
        "  machines: {k: {spec: flatmachine, spec_version: \"4.2.1\", data: {states: {a: {type: "
        "final}}}}}\n";
    for (const std::string list : {"context.items", "'{{ context.a }}'", "'[1, 2]'"}) {
        INFO(list);
        CHECK(state_lines("machine: k, foreach: " + list, kid).empty());
    }
    const auto lines = state_lines("machine: k, foreach: items", kid);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0] ==
          "m.yml:6:30: error: `items` is neither a path nor a template, so it is never a list; "
          "write a path such as context.items, or a template that gives JSON");
}

TEST_CASE("what looks like a path and would stay text is a warning") {
    for (const std::string text : {"context.a[0]", "input['k']", "context.a + 1"}) {
        const auto lines = state_lines("input: {x: \"" + text + "\"}");
        INFO(text);
        REQUIRE(lines.size() == 1);
        CHECK_THAT(lines[0], Contains("5:20: warning: `" + text + "`") &&
                                 Contains("write \"{{ " + text + " }}\""));
    }
    for (const std::string text : {"context.a.b", "output", "context. Then more", "input/a[0]"}) {
        INFO(text);
        CHECK(state_lines("input: {x: \"" + text + "\"}").empty());
    }
}
