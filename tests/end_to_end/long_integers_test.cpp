// Integers that 64 bits do not hold, on their way through the command line, a store and a worker.
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/fleet_box.hpp"

using namespace fleet::test_support;

namespace {

const std::string kMachine = R"(spec: flatmachine
spec_version: "4.2.1"
data:
  name: long
  context: {given: input.n, written: 12345678901234567890}
  states:
    start:
      type: initial
      wait_for: numbers
      output_to_context: {sent: output.n}
      transitions:
        - {condition: "context.written + context.given == 123456789024691357802469135780", to: done}
        - {to: wrong}
    done:
      type: final
      output: {given: context.given, sent: context.sent, sum: "{{ context.given + context.sent }}"}
    wrong: {type: final, output: {wrong: context.given}}
)";

}  // namespace

TEST_CASE("an input's and a signal's long integers stay exact up to the result") {
    const FleetBox box;
    box.write("long.yml", kMachine);
    const auto submitted = box.fleet({"submit", "--batch", "long", "--input",
                                      R"({"n": 123456789012345678901234567890})", "long.yml"});
    INFO(submitted.err);
    REQUIRE(submitted.exit_code == 0);
    // Nobody waits yet: the signal is kept.
    const auto sent = box.fleet({"signal", "numbers", R"({"n": -98765432109876543210987654321})"});
    INFO(sent.err);
    REQUIRE(sent.exit_code == 0);
    const auto run = box.fleet({"resume", "long"});
    INFO(run.err << run.out);
    REQUIRE(run.exit_code == 0);
    const auto results = box.fleet({"results", "--batch", "long"});
    CHECK_THAT(results.out, Catch::Contains(R"({"given":123456789012345678901234567890,)"
                                            R"("sent":-98765432109876543210987654321,)"
                                            R"("sum":"24691356902469135690246913569"})"));
}
