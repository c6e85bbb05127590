// Machines run in one process: order of points, work of states, errors, children, resuming.
#include <mutex>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "machines/engine/inline_runner.hpp"
#include "machines/expression/print.hpp"
#include "tests/unit/engine/machine_lab.hpp"

using fleet::engine::Failure;
using fleet::engine::Finished;
using fleet::engine::Outcome;
using fleet::engine::Waiting;
using fleet::expression::Value;
using fleet::test::MachineLab;

namespace {

std::string output_of(const Outcome& outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) {
        return failure->type + ": " + failure->message;
    }
    if (const auto* waiting = std::get_if<Waiting>(&outcome)) {
        return "waiting for " + waiting->channel;
    }
    return fleet::expression::to_json(std::get<Finished>(outcome).output);
}

}  // namespace

TEST_CASE("a machine counts to three by its own transition") {
    MachineLab lab(R"(
spec: flatmachine
spec_version: "4.2.1"
data:
  name: counter
  context: {n: input.n}
  states:
    start:
      action: increment
      hooks: lab
      transitions: [{condition: "context.n < 3", to: start}, {to: end}]
    end: {type: final, output: {n: context.n, step: context.machine.step}}
)");
    CHECK(output_of(lab.run(R"({"n": 0})")) == R"({"n":3,"step":4})");
    CHECK(lab.events().front() == "machine_start start 0");
    CHECK(lab.events().back() == "machine_end end 4");
    CHECK(lab.events().size() == 14);
}

TEST_CASE("children of foreach give their results in order, errors among them") {
    MachineLab lab(R"(
spec: flatmachine
spec_version: "4.2.1"
data:
  name: parent
  context: {xs: [1, 2, 3]}
  machines:
    kid:
      spec: flatmachine
      spec_version: "4.2.1"
      data:
        name: kid
        context: {x: input.x}
        states:
          start: {action: fail_at_two, hooks: lab, transitions: [{to: end}]}
          end: {type: final, output: {y: context.x}}
  states:
    start:
      foreach: context.xs
      machine: kid
      input: {x: item}
      output_to_context: {all: output}
      transitions: [{to: end}]
    end: {type: final, output: {all: context.all}}
)");
    CHECK(output_of(lab.run("{}")) ==
          R"({"all":[{"y":1},{"_error":"two is refused","_error_type":"ValueError"},{"y":3}]})");
}

TEST_CASE("an error goes where on_error says, and its name stays in the context") {
    MachineLab lab(R"(
spec: flatmachine
spec_version: "4.2.1"
data:
  name: guarded
  context: {x: 2}
  states:
    start:
      action: fail_at_two
      hooks: lab
      on_error: {ValueError: mended, default: other}
      transitions: [{to: end}]
    mended: {type: final, output: {e: context.last_error, t: context.last_error_type}}
    other: {type: final, output: {r: other}}
    end: {type: final, output: {r: end}}
)");
    CHECK(output_of(lab.run("{}")) == R"({"e":"two is refused","t":"ValueError"})");
}

TEST_CASE("a run that waits goes on from its checkpoint when the signal is there") {
    MachineLab lab(R"(
spec: flatmachine
spec_version: "4.2.1"
data:
  name: waiter
  context: {who: input.who}
  states:
    start:
      wait_for: "go/{{ context.who }}"
      output_to_context: {v: output.v}
      transitions: [{to: end}]
    end: {type: final, output: {v: context.v, step: context.machine.step}}
)");
    CHECK(output_of(lab.run(R"({"who": "me"})")) == "waiting for go/me");
    CHECK(output_of(lab.resume()) == "waiting for go/me");
    lab.send("go/me", R"({"v": 7})");
    CHECK(output_of(lab.resume()) == R"({"v":7,"step":4})");
}

TEST_CASE("an endless machine ends at max_steps, with an empty output") {
    MachineLab lab(R"(
spec: flatmachine
spec_version: "4.2.1"
data:
  name: endless
  settings: {max_steps: 17}
  states:
    start: {transitions: [{to: start}]}
)");
    CHECK(output_of(lab.run("{}")) == "{}");
    CHECK(lab.events().back() == "machine_end end 17");
}

TEST_CASE("a state that takes longer than its timeout fails as TimeoutError") {
    MachineLab lab(R"(
spec: flatmachine
spec_version: "4.2.1"
data:
  name: slow
  states:
    start:
      action: wait_for_stop
      hooks: lab
      timeout: 0.02
      on_error: {TimeoutError: late}
      transitions: [{to: end}]
    late: {type: final, output: {r: late}}
    end: {type: final, output: {r: end}}
)");
    CHECK(output_of(lab.run("{}")) == R"({"r":"late"})");
}

TEST_CASE("a resumed run after a state's exit does not run that state again") {
    MachineLab lab(R"(
spec: flatmachine
spec_version: "4.2.1"
data:
  name: twice
  context: {n: 0}
  states:
    start: {action: increment, hooks: lab, transitions: [{to: end}]}
    end: {type: final, output: {n: context.n}}
)");
    lab.tear_down_after("state_exit start 1");
    CHECK_THROWS_AS(lab.run("{}"), fleet::test::TornDown);
    CHECK(output_of(lab.resume()) == R"({"n":1})");
}

TEST_CASE("machines nested deeper than max_depth are refused where they would start") {
    MachineLab lab(R"(
spec: flatmachine
spec_version: "4.2.1"
data:
  name: deep
  settings: {max_depth: 3}
  machines: {me: machine.yml}
  states:
    start: {machine: me, output_to_context: {r: output}, transitions: [{to: end}]}
    end: {type: final, output: {r: context.r}}
)");
    CHECK(output_of(lab.run("{}")).starts_with("MaxDepthError: "));
}
