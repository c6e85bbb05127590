// Numbers that JSON does not know: kept by a fleet, read by the family's SDK, printed for
// everybody.
#include <string>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/support/fleet_box.hpp"

using namespace fleet;
using namespace fleet::test_support;

TEST_CASE("a context with infinities goes through parents, children and the store") {
    const FleetBox box;
    box.write("kid.yml", R"(
spec: flatmachine
spec_version: "4.2.1"
data:
  name: kid
  context: {x: input.x}
  states:
    start: {type: final, output: {y: context.x, is_large: "{{ context.x > 10 }}"}}
)");
    box.write("top.yml", R"(
spec: flatmachine
spec_version: "4.2.1"
data:
  name: top
  context: {far: [.inf, -.inf, .nan, 1.5]}
  machines: {kid: ./kid.yml}
  states:
    start:
      foreach: context.far
      as: x
      machine: kid
      input: {x: x}
      output_to_context: {kids: output}
      transitions: [{condition: "context.far[0] > 1000000", to: done}]
    done: {type: final, output: {kids: context.kids, far: context.far}}
)");
    const ProgramResult run = box.fleet({"run", "--batch", "n", "top.yml"});
    INFO(run.err << run.out);
    REQUIRE(run.exit_code == 0);

    const base::Json result = base::parse_json(box.results("n").at(0), "result");
    CHECK(result.at("output").at("far") == base::Json({"Infinity", "-Infinity", "NaN", 1.5}));
    CHECK(result.at("output").at("kids").at(0) ==
          base::Json({{"y", "Infinity"}, {"is_large", "True"}}));
    CHECK(result.at("output").at("kids").at(1).at("y") == "-Infinity");
    const std::string id = result.at("id");
    const ProgramResult alone = box.fleet({"result", id});
    CHECK(base::parse_json(alone.out, "result").at("far").at(0) == "Infinity");
    const ProgramResult shown = box.fleet({"show", "--json", "--context", id});
    INFO(shown.err);
    CHECK(base::parse_json(shown.out, "show").dump().find("\"-Infinity\"") != std::string::npos);
    const ProgramResult listed = box.fleet({"ps", "--children", "--jsonl"});
    for (const std::string& line : lines_of(listed.out)) {
        CHECK_NOTHROW(base::parse_json(line, "ps"));
    }
    // The family's SDK reads checkpoints with this module.
    Program python = box.program({});
    python.argv = {"python3", "-c", R"(
import json, math, sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute(
    "SELECT c.snapshot_json FROM machine_latest l JOIN machine_checkpoints c"
    " ON c.checkpoint_key = l.latest_key WHERE c.machine_name = 'top'").fetchall()
far = json.loads(rows[0][0])["context"]["far"]
assert far[0] == math.inf and far[1] == -math.inf and math.isnan(far[2]) and far[3] == 1.5, far
print("read")
)",
                   box.store().string()};
    const ProgramResult read = run_program(python);
    INFO(read.err);
    CHECK(read.out == "read\n");
}
