// Machines from their files to their results: run by real workers, with children, hooks and kills.
#include <algorithm>
#include <csignal>
#include <map>
#include <string>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Contains;

namespace {

const std::string kBegin = "spec: flatmachine\nspec_version: \"4.2.1\"\n";

/// Squares its input's numbers, one child each, and adds them up.
void write_squares(const FleetBox& box) {
    box.write("square.yml", kBegin + R"(
data:
  name: square
  context: {x: input.x}
  states:
    start: {type: final, output: {y: "{{ context.x * context.x }}"}}
)");
    box.write("squares.yml", kBegin + R"(
data:
  name: squares
  context: {xs: input.xs}
  machines: {square: square.yml}
  states:
    start:
      foreach: context.xs
      machine: square
      input: {x: item}
      output_to_context:
        sum: >-
          {% set total = namespace(n=0) %}{% for r in output %}{% set
          total.n = total.n + (r.y | int) %}{% endfor %}{{ total.n }}
        all: output
      transitions: [{to: done}]
    done: {type: final, output: {sum: context.sum, first: "{{ context.all[0].y }}"}}
)");
}

std::vector<base::Json> results_of(const FleetBox& box, const std::string& batch) {
    std::vector<base::Json> results;
    for (const std::string& line : box.results(batch)) {
        results.push_back(base::parse_json(line, "result"));
    }
    return results;
}

}  // namespace

TEST_CASE("a machine file runs on every item, its output is the result") {
    const FleetBox box;
    box.write("greet.yml", kBegin + R"(
data:
  name: greet
  context: {who: input.item, n: 0}
  states:
    start: {transitions: [{condition: "context.who == 'nobody'", to: refused}, {to: done}]}
    refused: {type: final, output: {text: "nobody is not greeted"}}
    done: {type: final, output: {text: "hello {{ context.who }}"}}
)");
    box.write("items.txt", "world\nnobody\nmoon\n");
    const auto run = box.fleet({"run", "--items", "items.txt", "--batch", "g", "greet.yml"});
    INFO(run.err << run.out);
    REQUIRE(run.exit_code == 0);
    std::vector<std::string> texts;
    for (const base::Json& result : results_of(box, "g")) {
        texts.push_back(result.at("output").at("text"));
    }
    std::sort(texts.begin(), texts.end());
    CHECK(texts == std::vector<std::string>{"hello moon", "hello world", "nobody is not greeted"});
}

TEST_CASE("children of foreach are run by all workers and come back in their order") {
    const FleetBox box;
    write_squares(box);
    std::string xs;
    for (int x = 1; x <= 200; ++x) {
        xs += (xs.empty() ? "" : ",") + std::to_string(x);
    }
    const auto run = box.fleet({"run", "--batch", "s", "--workers", "2..2", "--input",
                                R"({"xs": [)" + xs + "]}", "squares.yml"});
    INFO(run.err << run.out);
    REQUIRE(run.exit_code == 0);
    const auto results = results_of(box, "s");
    REQUIRE(results.size() == 1);
    CHECK(results.front().at("output").at("sum") == "2686700");
    CHECK(results.front().at("output").at("first") == "1");
}

TEST_CASE("a hook command of fleet.yml is a machine's action") {
    const FleetBox box;
    box.write("count.py", R"(
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "hello":
        answer = {"hello": {"version": 1, "methods": ["on_action"]}}
        answer["id"] = request["id"]
    else:
        context = request["context"]
        context["n"] = context["n"] + 1
        answer = {"id": request["id"], "result": context}
    print(json.dumps(answer), flush=True)
)");
    box.write("fleet.yml", "hooks:\n  counter: {command: [python3, ./count.py]}\n");
    box.write("count.yml", kBegin + R"(
data:
  name: count
  context: {n: 0}
  states:
    start:
      action: increment
      hooks: counter
      transitions: [{condition: "context.n < 5", to: start}, {to: done}]
    done: {type: final, output: {n: context.n}}
)");
    const auto run = box.fleet({"run", "--batch", "c", "count.yml"});
    INFO(run.err << run.out);
    REQUIRE(run.exit_code == 0);
    CHECK(results_of(box, "c").front().at("output").at("n") == 5);
}

TEST_CASE("a table of hooks beside the machine counts for that machine") {
    const FleetBox box;
    std::filesystem::create_directory(box.path("there"));
    box.write("there/say.py", R"(
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "hello":
        answer = {"id": request["id"], "hello": {"version": 1, "methods": ["on_action"]}}
    else:
        answer = {"id": request["id"], "result": dict(request["context"], said="there")}
    print(json.dumps(answer), flush=True)
)");
    box.write("there/hooks.yml", "hooks:\n  say: {command: [python3, ./say.py]}\n");
    box.write("there/say.yml", kBegin + R"(
data:
  name: say
  states:
    start: {action: say, hooks: say, transitions: [{to: done}]}
    done: {type: final, output: {said: context.said}}
)");
    const auto run = box.fleet({"run", "--batch", "h", "there/say.yml"});
    INFO(run.err << run.out);
    REQUIRE(run.exit_code == 0);
    CHECK(results_of(box, "h").front().at("output").at("said") == "there");
    box.write("there/hooks.yml", "hooks:\n  say: {comand: [python3]}\n");
    const auto wrong = box.fleet({"run", "there/say.yml"});
    CHECK(wrong.exit_code == 1);
    CHECK_THAT(wrong.err, Contains("hooks.yml:2:9") && Contains("comand"));
}

TEST_CASE("hooks beside a machine are kept with it as they were when it was submitted") {
    const FleetBox box;
    std::filesystem::create_directories(box.path("there/bin"));
    for (const std::string word : {"first", "second"}) {
        box.write_script("there/bin/" + word, R"(#!/usr/bin/env python3
import json, os, sys
for line in sys.stdin:
    request = json.loads(line)
    answer = {"id": request["id"]}
    if request["method"] == "hello":
        answer["hello"] = {"version": 1, "methods": ["on_action"]}
    else:
        answer["result"] = {"said": f"{os.path.basename(sys.argv[0])} in {os.getcwd()}"}
    print(json.dumps(answer), flush=True)
)");
    }
    box.write("there/say.yml", kBegin + R"(
data:
  name: say
  states:
    start: {action: say, hooks: say, transitions: [{to: done}]}
    done: {type: final, output: {said: context.said}}
)");
    const auto submit = [&](const std::string& batch) {
        const auto submitted = box.fleet({"submit", "--batch", batch, "there/say.yml"});
        INFO(submitted.err);
        REQUIRE(submitted.exit_code == 0);
    };
    box.write("there/hooks.yml", "hooks:\n  say: {command: [./bin/first]}\n");
    submit("changed");
    box.write("there/hooks.yml", "hooks:\n  say: {command: [./bin/second], cwd: bin}\n");
    submit("removed");
    std::filesystem::remove(box.path("there/hooks.yml"));
    std::filesystem::remove(box.path("there/say.yml"));
    Program worker = box.program({});
    worker.argv = {(bin_dir() / "worker").string(), "--store", "sqlite:" + box.store().string(),
                   "--once"};
    const auto worked = run_program(worker);
    INFO(worked.err);
    REQUIRE(worked.exit_code == 0);
    const std::string there = std::filesystem::canonical(box.path("there")).string();
    CHECK(results_of(box, "changed").front().at("output").at("said") == "first in " + there);
    CHECK(results_of(box, "removed").front().at("output").at("said") ==
          "second in " + there + "/bin");
}

TEST_CASE("a context that grows beyond all bounds is an error that says so") {
    const FleetBox box;
    box.write("large.yml", kBegin + R"(
data:
  name: large
  context: {text: "0123456789"}
  persistence: {checkpoint_on: [machine_end]}
  states:
    start:
      machine: copy
      input: {text: context.text}
      output_to_context: {text: output.text}
      transitions: [{condition: "context.machine.step < 40", to: start}, {to: done}]
    done: {type: final, output: {r: 1}}
  machines:
    copy:
      spec: flatmachine
      spec_version: "4.2.1"
      data:
        name: copy
        persistence: {checkpoint_on: [machine_end]}
        context: {text: input.text}
        states: {start: {type: final, output: {text: "{{ context.text ~ context.text }}"}}}
)");
    const auto run = box.fleet({"run", "--batch", "g", "large.yml"});
    CHECK(run.exit_code == 3);
    const base::Json error = results_of(box, "g").front().at("error");
    INFO(error.dump());
    CHECK(error.at("type") == "LimitError");
    CHECK_THAT(std::string(error.at("message")), Contains("MiB"));
}

TEST_CASE("a machine that fails says which error it was, and why") {
    const FleetBox box;
    box.write("bad.yml", kBegin + R"(
data:
  name: bad
  context: {x: text}
  states:
    start: {transitions: [{condition: "context.x > 3", to: done}]}
    done: {type: final}
)");
    const auto run = box.fleet({"run", "--batch", "b", "bad.yml"});
    INFO(run.err << run.out);
    CHECK(run.exit_code == 3);
    const base::Json error = results_of(box, "b").front().at("error");
    CHECK(error.at("type") == "TypeError");
    CHECK_THAT(std::string(error.at("message")), Contains("context.x > 3"));
}

TEST_CASE("machines with children end as without kills when their workers are killed") {
    const FleetBox box;
    write_squares(box);
    std::string items;
    for (int item = 1; item <= 40; ++item) {
        items += R"({"xs": [1, 2, 3, 4, )" + std::to_string(item) + "]}\n";
    }
    box.write("items.jsonl", items);
    ChildProgram run(box.program(
        {"run", "--items", "items.jsonl", "--batch", "k", "--workers", "2..2", "squares.yml"}));
    for (int kill = 0; kill < 10; ++kill) {
        const auto workers = box.fleet({"workers", "--json"});
        for (const base::Json& worker :
             base::parse_json(workers.out.empty() ? "[]" : workers.out, "workers")) {
            ::kill(worker.at("pid"), SIGKILL);
        }
    }
    const auto end = run.wait(std::chrono::seconds(120));
    INFO(run.err() << run.out());
    REQUIRE(end);
    const auto results = results_of(box, "k");
    REQUIRE(results.size() == 40);
    for (const base::Json& result : results) {
        const int last = result.at("input").at("xs").at(4);
        CHECK(result.at("output").at("sum") == std::to_string(30 + last * last));
    }
}

TEST_CASE("a machine leaves between two steps when its worker retires, and loses none") {
    const FleetBox box;
    box.write("slow.py", R"(
import json, sys, time
for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "hello":
        answer = {"id": request["id"], "hello": {"version": 1, "methods": ["on_action"]}}
    else:
        time.sleep(0.05)
        context = request["context"]
        context["n"] = context["n"] + 1
        open("steps.txt", "a").write("x\n")
        print("step", context["n"], file=sys.stderr, flush=True)
        answer = {"id": request["id"], "result": context}
    print(json.dumps(answer), flush=True)
)");
    box.write("fleet.yml", "hooks:\n  slow: {command: [python3, ./slow.py]}\n");
    box.write("long.yml", kBegin + R"(
data:
  name: long
  context: {n: 0}
  states:
    start:
      action: step
      hooks: slow
      transitions: [{condition: "context.n < 40", to: start}, {to: done}]
    done: {type: final, output: {n: context.n}}
)");
    const auto submit = box.fleet({"submit", "--batch", "l", "long.yml"});
    INFO(submit.err);
    REQUIRE(submit.exit_code == 0);
    Program worker;
    worker.argv = {(bin_dir() / "worker").string(), "--store", "sqlite:" + box.store().string(),
                   "--log-level", "error"};
    for (int round = 0; round < 3; ++round) {
        const auto before = lines_of(box.read("steps.txt")).size();
        ChildProgram run(worker);
        REQUIRE(wait_until([&] { return lines_of(box.read("steps.txt")).size() >= before + 4; },
                           std::chrono::seconds(20)));
        run.kill(SIGTERM);
        const auto end = run.wait(std::chrono::seconds(10));
        INFO(run.err());
        REQUIRE(end);
        CHECK(end->exit_code == 0);
    }
    worker.argv.emplace_back("--once");
    ChildProgram last(worker);
    REQUIRE(last.wait(std::chrono::seconds(60)));
    const auto results = results_of(box, "l");
    REQUIRE(results.size() == 1);
    CHECK(results.front().at("output").at("n") == 40);
    // In order, so no step was done twice.
    CHECK(lines_of(box.read("steps.txt")).size() == 40);
    const std::string id = results.front().at("id");
    CHECK_THAT(box.fleet({"logs", "--stderr", id}).out, Contains("step 40"));
}

TEST_CASE("a machine without persistence runs, and is told what it cannot do") {
    const FleetBox box;
    const std::string child = R"(
  machines:
    child:
      spec: flatmachine
      spec_version: "4.2.1"
      data: {name: child, states: {start: {type: final, output: {y: 1}}}}
)";
    box.write("plain.yml", kBegin + "data:\n  name: plain\n  persistence: {enabled: false}" +
                               child +
                               R"(  states:
    start: {machine: child, output_to_context: {y: output.y}, transitions: [{to: done}]}
    done: {type: final, output: {y: context.y}}
)");
    const auto plain = box.fleet({"run", "--batch", "p", "plain.yml"});
    INFO(plain.err);
    CHECK(plain.exit_code == 0);
    CHECK(results_of(box, "p").front().at("output").at("y") == 1);
    box.write("many.yml", kBegin + "data:\n  name: many\n  persistence: {enabled: false}" + child +
                              R"(  states:
    start: {machine: [child, child], transitions: [{to: done}]}
    done: {type: final}
)");
    const auto many = box.fleet({"run", "--batch", "m", "many.yml"});
    CHECK(many.exit_code == 3);
    const base::Json error = results_of(box, "m").front().at("error");
    CHECK_THAT(std::string(error.at("message")), Contains("persistence.enabled"));
}
