// Every kind of mistake in a machine's file, with its exact place and text.
#include <catch2/catch.hpp>

#include "machines/config/machine_bundle.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace fleet;
using namespace fleet::config;

namespace {

const std::string kBegin = "spec: flatmachine\nspec_version: \"4.2.1\"\n";

/// The lines without the folder.
std::vector<std::string> lines_of(const std::string& text) {
    const test_support::TemporaryFolder folder;
    test_support::write_file(folder / "m.yml", text);
    std::vector<std::string> lines;
    for (const Diagnostic& one : load_machine(folder / "m.yml").diagnostics) {
        const std::string line = one.line();
        const std::string prefix = folder.path().string() + "/";
        REQUIRE(line.starts_with(prefix));
        lines.push_back(line.substr(prefix.size()));
    }
    return lines;
}

/// A machine whose data is `data`, from line 3 on.
std::vector<std::string> data_lines(const std::string& data) {
    return lines_of(kBegin + "data:\n" + data);
}

/// A state `start` that holds `members`, in line 5; its members begin at column 13.
std::vector<std::string> state_lines(const std::string& members) {
    return data_lines("  states:\n    start: {" + members +
                      ", transitions: [{to: fin}]}\n    fin: {type: final}\n");
}

struct Row {
    std::string text;
    std::string line;
};

}  // namespace

TEST_CASE("a machine without mistakes has no messages") {
    CHECK(
        data_lines("  states: {start: {transitions: [{to: fin}]}, fin: {type: final}}\n").empty());
    CHECK(state_lines("metadata: {stage: cheap}").empty());
}

TEST_CASE("mistakes around the machine are reported at their place") {
    const std::string states = "data: {states: {start: {type: final}}}\n";
    const std::vector<Row> rows{
        {"",
         "m.yml:1:1: error: Invalid spec: expected 'flatmachine', got 'None'; begin the file with "
         "`spec: flatmachine`"},
        {"[1, 2]",
         "m.yml:1:1: error: a machine is a mapping, and this is a list; begin with `spec: "
         "flatmachine`"},
        {"spec: flatagent\nspec_version: '4.2.1'\ndata: {}\n",
         "m.yml:1:7: error: Invalid spec: expected 'flatmachine', got 'flatagent'; begin the file "
         "with `spec: flatmachine`"},
        {kBegin,
         "m.yml:1:1: error: Config missing 'data' section; add `data:` with `states:` below "
         "it"},
        {kBegin + "data: [x]\n",
         "m.yml:3:7: error: Config missing 'data' section; add `data:` with "
         "`states:` below it"},
        {kBegin + "data: {}\n",
         "m.yml:3:7: error: No states defined; add at least one state below `states:`"},
        {kBegin + "data: {states: [a]}\n",
         "m.yml:3:16: error: No states defined; `states` is a mapping: write `NAME: {...}` lines "
         "below it"},
        {kBegin + states + "meta: {}\n",
         "m.yml:4:1: error: there is no key `meta` here; use one of `spec`, `spec_version`, `data` "
         "or "
         "`metadata`"},
        {kBegin + states + "metdata: {}\n",
         "m.yml:4:1: error: there is no key `metdata` here; did you mean `metadata`?"},
        {"spec: flatmachine\n" + states,
         "m.yml:1:1: error: `spec_version` is missing; write `spec_version: \"4.2.1\"`"},
        {"spec: flatmachine\nspec_version: new\n" + states,
         "m.yml:2:15: error: `new` is no version; write `spec_version: \"4.2.1\"`"},
        {"spec: flatmachine\nspec_version: 0.3.0\n" + states,
         "m.yml:2:15: warning: this file is written for version 0.3.0; it is run by the rules of "
         "4.2.1; write `spec_version: \"4.2.1\"` once it is checked"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(lines_of(row.text) == std::vector{row.line});
    }
}

TEST_CASE("mistakes in the machine's data are reported at their place") {
    const std::string states = "  states: {start: {type: final}}\n";
    const std::vector<Row> rows{
        {"  expression_engine: lua\n",
         "m.yml:4:22: error: Unknown expression engine: lua; use one of `simple` or `cel`"},
        {"  context: [1]\n",
         "m.yml:4:12: error: `context` is a list and should be a mapping; write `name: value` "
         "lines "
         "below it"},
        {"  context: {machine: x}\n",
         "m.yml:4:13: warning: `context.machine` is overwritten at every step; give the key "
         "another "
         "name"},
        {"  name: 5\n",
         "m.yml:4:9: error: `name` is an integer and should be a text; put it into quotes"},
        {"  settings: {max_steps: many}\n",
         "m.yml:4:25: error: `max_steps` is a text and should be a number; write a number without "
         "quotes"},
        {"  settings: {max_steps: -1}\n",
         "m.yml:4:25: error: `max_steps` cannot be -1; write 0 or more"},
        {"  settings: {max_steps: 1.5}\n",
         "m.yml:4:25: error: `max_steps` is 1.5, which is no whole number; write a whole number"},
        {"  settings: {parallel_fallback: none}\n",
         "m.yml:4:33: error: `parallel_fallback` cannot be `none`; use one of `sequential` or "
         "`error`"},
        {"  persistence: {enabled: true, backend: redis}\n",
         "m.yml:4:41: error: Unknown persistence backend 'redis'. Supported backends: 'memory', "
         "'local', 'sqlite'.; use one of `local`, `sqlite` or `memory`"},
        {"  persistence: {backend: local}\n",
         "m.yml:4:16: error: `persistence` has no `enabled`; add `enabled: true`"},
        {"  persistence: {enabled: maybe, backend: local}\n",
         "m.yml:4:26: error: `enabled` is a text and should be a boolean; write true or false"},
        {"  persistence: {enabled: true}\n",
         "m.yml:4:16: error: `persistence` has no `backend`; add `backend: sqlite`"},
        {"  persistence: {enabled: true, backend: local, checkpoint_on: [state_exits]}\n",
         "m.yml:4:48: warning: there is no event `state_exits`; did you mean `state_exit`?"},
        {"  agents: {a: {model: x}}\n",
         "m.yml:4:15: error: `a` is no agent; write a path, {type, ref, config}, or a whole "
         "flatagent"},
        {"  agents: {a: {type: llm, conf: {}}}\n",
         "m.yml:4:27: error: there is no key `conf` here; did you mean `config`?"},
        {"  machines: {k: 5}\n",
         "m.yml:4:17: error: `k` is no machine; write a path, or a whole machine below it"},
        {"  lifecycle_hooks: {nam: x}\n",
         "m.yml:4:20: error: hooks have no `name`; add `name: NAME`"},
        {"  hooks: x\n",
         "m.yml:4:3: error: there is no key `hooks` here; use one of `name`, "
         "`expression_engine`, `context`, `agents`, `machines`, `settings`, "
         "`persistence`, `lifecycle_hooks` or `states`"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto lines = data_lines(row.text + states);
        CHECK_THAT(lines, Catch::Matchers::VectorContains(row.line));
    }
}

TEST_CASE("mistakes in a state are reported at their place") {
    const std::vector<Row> rows{
        {"type: begin",
         "m.yml:5:19: error: `type` cannot be `begin`; use one of `initial` or `final`"},
        {"timeot: 5", "m.yml:5:13: error: there is no key `timeot` here; did you mean `timeout`?"},
        {"timeout: '5'",
         "m.yml:5:22: error: `timeout` is a text and should be a number; write a "
         "number without quotes"},
        {"timeout: -5", "m.yml:5:22: error: `timeout` cannot be -5; write 0 or more"},
        {"input: [1]",
         "m.yml:5:20: error: `input` is a list and should be a mapping; write `name: "
         "value` lines below it"},
        {"mode: all", "m.yml:5:19: error: `mode` cannot be `all`; use one of `settled` or `any`"},
        {"on_error: gost",
         "m.yml:5:23: error: `on_error` of `start` leads to `gost`, which is no state; use one of "
         "`start` or `fin`"},
        {"on_error: {ValueError: fim}",
         "m.yml:5:36: error: `on_error` of `start` leads to `fim`, which is no state; did you mean "
         "`fin`?"},
        {"on_error: [fin]",
         "m.yml:5:23: error: `on_error` leads to a list; write the name of a state"},
        {"agent: ghost",
         "m.yml:5:5: error: the agent `ghost` of `start` is not among the agents of "
         "this file; add it to `agents`"},
        {"machine: kid",
         "m.yml:5:22: error: `kid` is not among the machines of this file; add it to `machines`"},
        {"launch: [kid]",
         "m.yml:5:22: error: `kid` is not among the machines of this file; add it to `machines`"},
        {"machine: [{nam: kid}]",
         "m.yml:5:23: error: a machine has no `name`; add `name: MACHINE`"},
        {"foreach: context.list",
         "m.yml:5:22: error: `foreach` of `start` has no `machine` to run; add `machine: NAME`"},
        {"wait_for: c, action: act",
         "m.yml:5:5: error: `start` waits for a signal and does nothing else, but names other "
         "work; "
         "put `agent`, `machine`, `action` and `launch` into the next state"},
        {"execution: {backoffs: [1]}",
         "m.yml:5:13: error: `execution` has no `type`; add `type: default`, `retry`, `parallel` "
         "or "
         "`mdap_voting`"},
        {"execution: {type: rety}",
         "m.yml:5:31: error: `type` cannot be `rety`; did you mean "
         "`retry`?"},
        {"execution: {type: retry, backoffs: [2, -1]}",
         "m.yml:5:52: error: a backoff cannot be -1; write seconds, 0 or more, such as [2, 8, 16, "
         "35]"},
        {"execution: {type: retry, jitter: 2}",
         "m.yml:5:46: error: `jitter` cannot be 2; write a number from 0 to 1"},
        {"tool_loop: 5",
         "m.yml:5:24: error: `tool_loop` is an integer and should be a boolean or a "
         "mapping; write true, or {max_turns: 5}"},
        {"hooks: [5.5, [x]]",
         "m.yml:5:26: error: hooks are a list; write a name, or {name: NAME, "
         "args: {...}}"},
        {"metadata: {stage: []}",
         "m.yml:5:31: error: `stage` should be a name; write a word such as `cheap`"},
        {"output: {a: 1}",
         "m.yml:5:5: warning: `output` of `start` has no effect: the state is not "
         "final; write `output_to_context`"},
        {"action: act, output_to_context: {a: output}",
         "m.yml:5:5: warning: `output_to_context` of `start` has no effect: nothing gives an "
         "output; "
         "it needs `agent`, `machine` or `wait_for`"},
        {"key: item.id",
         "m.yml:5:5: warning: `key` of `start` has no effect without `foreach`; "
         "remove it"},
        {"launch_input: {a: 1}",
         "m.yml:5:5: warning: `launch_input` of `start` has no effect without `launch`; remove it"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto lines = state_lines(row.text);
        CHECK_THAT(lines, Catch::Matchers::VectorContains(row.line));
    }
}

TEST_CASE("mistakes between states are reported at their place") {
    const std::vector<Row> rows{
        {"  states:\n    start: {transitions: [{to: nowhere}]}\n    fin: {type: final}\n",
         "m.yml:5:32: error: a transition of `start` leads to `nowhere`, which is no state; use "
         "one "
         "of `start` or `fin`"},
        {"  states:\n    a: {type: initial, transitions: [{to: b}]}\n"
         "    b: {type: initial, transitions: [{to: a}]}\n",
         "m.yml:6:5: error: `b` is a second initial state; `a` in line 5 is the first; keep `type: "
         "initial` at one of them"},
        {"  states:\n    a: {type: final}\n    b: {type: final}\n",
         "m.yml:6:5: warning: no transition leads to `b`; let one lead to it, or remove it"},
        {"  states:\n    a: {type: final, transitions: [{to: a}]}\n",
         "m.yml:5:5: warning: `a` is final: its transitions are never taken; remove them"},
        {"  states:\n    a: {action: x}\n",
         "m.yml:5:5: warning: `a` has no transition: the machine ends there with an empty output; "
         "add `transitions`, or `type: final`"},
        {"  states:\n    a: {transitions: [{condition: 5, to: a}]}\n",
         "m.yml:5:35: error: `condition` is an integer and should be a text; write an expression "
         "such as \"context.score >= 8\""},
        {"  states:\n    a: {transitions: [{condition: true, to: a}]}\n",
         "m.yml:5:35: warning: `condition` is a boolean and should be a text; write an expression, "
         "or leave it out where it is always true"},
        {"  states:\n    a: {transitions: [{condition: x}, {to: a}]}\n",
         "m.yml:5:23: error: a transition without `to` is never taken; add `to: STATE`"},
        {"  states:\n    a: {transitions: [b]}\n",
         "m.yml:5:23: error: a transition is a text; write {to: STATE} or {condition: EXPRESSION, "
         "to: STATE}"},
        {"  states:\n    a: 5\n",
         "m.yml:5:8: error: the state `a` is an integer and should be a mapping; write `name: "
         "value` "
         "lines below it"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto lines = data_lines(row.text);
        CHECK_THAT(lines, Catch::Matchers::VectorContains(row.line));
    }
}

TEST_CASE("all mistakes of a file are reported at once, in its order") {
    const auto lines = data_lines(
        "  nme: x\n  settings: {max_steps: many}\n  states:\n    start: {timeout: x, on_error: f,\n"
        "      transitions: [{condition: 5}]}\n    fin: {type: end, output: [1]}\n");
    INFO(Catch::StringMaker<std::vector<std::string>>::convert(lines));
    REQUIRE(lines.size() == 9);
    CHECK(lines[0].starts_with("m.yml:4:3: error: there is no key `nme`"));
    CHECK(lines[1].starts_with("m.yml:5:25: error: `max_steps`"));
    CHECK(lines[2].starts_with("m.yml:7:22: error: `timeout`"));
    CHECK(lines[3].starts_with("m.yml:7:35: error: `on_error`"));
    CHECK(lines[4].starts_with("m.yml:8:21: error: a transition without `to`"));
    CHECK(lines[5].starts_with("m.yml:8:33: error: `condition`"));
    CHECK(lines[6].starts_with("m.yml:9:5: warning: `fin` has no transition"));
    CHECK(lines[7].starts_with("m.yml:9:17: error: `type` cannot be `end`"));
    CHECK(lines[8].starts_with("m.yml:9:30: error: `output` is a list"));
}
