// Stages from the command line: their marks, and the buffers between them.
#include <string>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/end_to_end/hand_worker.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Contains;

TEST_CASE("a pool's stages are set by scale, a setting at a time") {
    const FleetBox box;
    REQUIRE(box.fleet({"scale", "other", "--create"}).exit_code == 0);
    const ProgramResult set = box.fleet(
        {"scale", "default", "--stage", "write:rank=1,low=4,high=40", "--stage", "plan:rank=0"});
    INFO(set.err);
    REQUIRE(set.exit_code == 0);
    CHECK_THAT(set.out, Contains("default, stage plan: rank 0, low water none, high water none\n"
                                 "default, stage write: rank 1, low water 4, high water 40\n"));
    REQUIRE(box.fleet({"scale", "default", "--stage", "write:low=none"}).exit_code == 0);
    CHECK_THAT(box.fleet({"scale", "default", "--json"}).out,
               Contains(R"({"stage":"write","rank":1,"low_water":null,"high_water":40}])"));
    const ProgramResult called =
        box.fleet({"scale", "default", "--stage", "write:provider=openai/gpt-5"});
    CHECK_THAT(called.out, Contains("high water 40, provider openai/gpt-5\n"));
    CHECK_THAT(box.fleet({"scale", "default", "--json"}).out,
               Contains(R"("high_water":40,"provider":"openai/gpt-5"}])"));
    REQUIRE(box.fleet({"scale", "default", "--stage", "write:provider=none"}).exit_code == 0);
    CHECK_THAT(box.fleet({"scale", "default"}).out, !Contains("openai"));
    REQUIRE(box.fleet({"scale", "default", "--stage", "plan:none"}).exit_code == 0);
    CHECK_THAT(box.fleet({"scale", "default", "--json"}).out, !Contains("plan"));
    for (const char* bad : {"write", "write:", ":rank=1", "write:rank", "write:rank=-1", "x:none",
                            "write:depth=1", "write:low=50", "write:low=9x",
                            "write:provider=openai", "write:provider=", "write:provider=/m"}) {
        CAPTURE(bad);
        CHECK(box.fleet({"scale", "default", "--stage", bad}).exit_code ==
              (std::string(bad) == "write:" ? 0 : 2));
    }
}

TEST_CASE("status shows the buffers between stages, and the marks order the claims") {
    const FleetBox box;
    REQUIRE(box.fleet({"scale", "default", "--create"}).exit_code == 1);
    REQUIRE(box.fleet({"scale", "default", "--stage", "plan:rank=0", "--stage",
                       "write:rank=1,low=2,high=3"})
                .exit_code == 0);
    HandWorker hand(box);
    hand.push(6, "plan", 0);
    // Each plan hands over to the next stage.
    const auto plan = [&hand] {
        const contracts::Claimed claimed = hand.claim(1).front();
        REQUIRE(claimed.stage == "plan");
        hand.commit(claimed, model::NextPending{"write", {}});
    };
    plan();
    plan();  // one was handed over: below the low-water mark
    const base::Json rows = base::parse_json(box.fleet({"status", "--json"}).out, "status");
    REQUIRE(rows.size() == 2);
    CHECK(rows.at(0).at("stage") == "write");
    CHECK(rows.at(0).at("buffer") == 2);
    CHECK(rows.at(0).at("high_water") == 3);
    CHECK(rows.at(1).at("stage") == "plan");
    CHECK(rows.at(1).at("buffer").is_null());
    CHECK_THAT(box.fleet({"status"}).out, Contains("BUFFER") && Contains("2 (2..3)"));
    CHECK(hand.claim(1).front().stage == "write");  // enough: later stages first again
    CHECK(hand.claim(1).front().stage == "plan");   // one is left
}

TEST_CASE("a machine that enters another stage is handed over with its checkpoint") {
    const FleetBox box;
    box.write("staged.yml", R"(spec: flatmachine
spec_version: "4.2.1"
data:
  name: staged
  context: {seen: none}
  states:
    start:
      metadata: {stage: plan}
      output_to_context: {seen: planned}
      transitions: [{to: write}]
    write: {metadata: {stage: write}, transitions: [{to: done}]}
    done: {type: final, metadata: {stage: write}, output: {seen: "{{ context.seen }}"}}
)");
    box.write("items.txt", "a\nb\nc\n");
    const ProgramResult run =
        box.fleet({"run", "--items", "items.txt", "--batch", "s", "--workers", "1", "staged.yml"});
    INFO(run.err << run.out);
    CHECK(run.exit_code == 0);
    CHECK(box.results("s").size() == 3);
    const base::Json rows = base::parse_json(box.fleet({"status", "--json"}).out, "status");
    REQUIRE(rows.size() == 2);
    CHECK(rows.at(0).at("stage") == "write");
    CHECK(rows.at(0).at("done") == 3);
}
