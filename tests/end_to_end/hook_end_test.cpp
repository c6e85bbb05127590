// How a hook command ends when its worker leaves.
#include <csignal>

#include <catch2/catch.hpp>

#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet::test_support;

TEST_CASE("a worker that retires lets its hook commands end by themselves") {
    const FleetBox box;
    box.write_script("hook.py", R"(#!/usr/bin/env python3
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    answer = {"id": request["id"]}
    if request["method"] == "hello":
        answer["hello"] = {"version": 1, "methods": ["on_action"]}
    else:
        answer["result"] = {"served": True}
    print(json.dumps(answer), flush=True)
with open("ended.txt", "a") as file:
    file.write("its input has ended\n")
)");
    box.write("hooks.yml", "hooks:\n  serve: {command: [./hook.py]}\n");
    box.write("machine.yml", R"(
spec: flatmachine
spec_version: "4.2.1"
data:
  name: served
  states:
    start: {action: serve, hooks: serve, transitions: [{to: done}]}
    done: {type: final, output: {served: context.served}}
)");
    const auto submitted = box.fleet({"submit", "--batch", "b", "machine.yml"});
    INFO(submitted.err);
    REQUIRE(submitted.exit_code == 0);
    Program program = box.program({});
    program.argv = {(bin_dir() / "worker").string(), "--store", "sqlite:" + box.store().string()};
    ChildProgram worker(program);
    REQUIRE(box.fleet({"wait", "--batch", "b"}).exit_code == 0);
    CHECK(box.read("ended.txt").empty());
    worker.kill(SIGTERM);
    const auto end = worker.wait(std::chrono::seconds(20));
    INFO(worker.err());
    REQUIRE(end);
    CHECK(end->exit_code == 0);
    CHECK(box.read("ended.txt") == "its input has ended\n");
}
