// Looking at parents, children and checkpoints.
#include <string>
#include <vector>

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

namespace {

constexpr std::int64_t kStep = 4;

/// A root that waits for so many children, one of which has failed and one of which is running.
class FamilyBox {
  public:
    explicit FamilyBox(std::int64_t children) {
        REQUIRE(box.fleet({"scale", "other", "--create"}).exit_code == 0);
        HandWorker hand(box);
        root = hand.push(1).front();
        const contracts::Claimed claimed = hand.claim(1).front();
        model::StepCommit commit = hand.step(claimed, model::NextChildren{.step = kStep});
        for (std::int64_t ordinal = 0; ordinal < children; ++ordinal) {
            model::NewChild child;
            child.id = model::child_id(root, kStep, ordinal);
            child.step = kStep;
            child.ordinal = ordinal;
            child.spec = claimed.spec;
            child.input = "{}";
            child.label = "part";
            commit.children.push_back(child);
        }
        hand.commit({commit});
        const std::vector<contracts::Claimed> parts = hand.claim(2);
        REQUIRE(parts.size() == 2);
        failed = parts[0].lease.execution;
        running = parts[1].lease.execution;
        hand.commit(parts[0],
                    model::NextFailed{model::FailureClass::permanent,
                                      {model::ErrorKind::machine, "no such row", "", "ValueError"},
                                      {}});
    }

    std::string out(const std::vector<std::string>& arguments) const {
        const ProgramResult end = box.fleet(arguments);
        INFO(end.err);
        CHECK(end.exit_code == 0);
        return end.out;
    }
    std::size_t count(const std::vector<std::string>& arguments) const {
        return lines_of(out(arguments)).size();
    }

    FleetBox box;
    model::ExecutionId root;
    model::ExecutionId failed;
    model::ExecutionId running;
};

}  // namespace

TEST_CASE("show draws the tree of children, and says how many more there are") {
    const FamilyBox family(60);
    const std::string shown = family.out({"show", "last"});
    CHECK_THAT(
        shown,
        Contains("waits for   59 children") &&
            Contains("├─ " + family.failed.text() + "  failed (machine)  part  step 4 #0\n") &&
            Contains("├─ " + family.running.text() + "  running  part  step 4 #1\n") &&
            Contains("\nand 10 more\n"));
    const std::string all = family.out({"show", "last", "--tree", "60"});
    CHECK_THAT(all,
               Contains("└─ " + model::child_id(family.root, kStep, 59).text() + "  pending") &&
                   !Contains("more"));
    const base::Json json = base::parse_json(family.out({"show", "last", "--json"}), "show");
    CHECK(json.at("children").size() == 50);
    CHECK(json.at("children_more") == 10);
    CHECK(json.at("children").at(0).at("error_kind") == "machine");
    CHECK(json.at("children").at(1).at("parent") == family.root.text());
    CHECK(json.at("children_open") == 59);
}

TEST_CASE("lists see roots, unless children are asked for") {
    const FamilyBox family(5);
    const std::string root = family.root.text();
    CHECK(family.count({"ps", "--jsonl"}) == 1);
    CHECK(family.count({"ps", "--jsonl", "--children"}) == 6);
    CHECK(family.count({"ps", "--jsonl", "--parent", root}) == 5);
    CHECK(family.count({"ps", "--jsonl", "--parent", root, "--status", "failed"}) == 1);
    CHECK(family.count({"results"}) == 0);
    const std::string results = family.out({"results", "--children"});
    CHECK_THAT(results, Contains(R"("error":{"kind":"machine","type":"ValueError")"));
    CHECK(lines_of(results).size() == 1);
    // What a person copies off the tree is found.
    CHECK_THAT(family.out({"show", family.running.text().substr(0, 23)}),
               Contains("parent      " + root + ", as part"));
}

TEST_CASE("why tells a waiting parent's open children, the slowest first") {
    const FamilyBox family(10);
    const std::string story = family.out({"why", "last"});
    CHECK_THAT(story, Contains("waiting for 9 of 10 children of step 4") &&
                          Contains("open: " + family.running.text() + " running, running for") &&
                          Contains("fleet why " + family.running.text()) &&
                          Contains("fleet cancel " + family.root.text()));
    CHECK_THAT(family.out({"why", family.failed.text()}),
               Contains("failed: ValueError: no such row"));
}

TEST_CASE("a waiting machine tells its channel, its deadline, its checkpoints and its context") {
    const FleetBox box;
    box.write("review.yml", R"(spec: flatmachine
spec_version: "4.2.1"
data:
  name: review
  context: {who: input.who, seen: 0}
  states:
    start: {transitions: [{to: ask}]}
    ask: {wait_for: "reviews/{{ context.who }}", timeout: 3600, transitions: [{to: done}]}
    done: {type: final, output: {}}
)");
    const ProgramResult submitted =
        box.fleet({"submit", "--input", R"({"who":"ann"})", "review.yml"});
    INFO(submitted.err);
    REQUIRE(submitted.exit_code == 0);
    const std::string id = submitted.out.substr(0, submitted.out.find('\n'));
    ChildProgram worker({.argv = {(bin_dir() / "worker").string(), "--store", ".fleet/fleet.db",
                                  "--pool", "default"},
                         .directory = box.path("")});
    REQUIRE(wait_until([&] {
        return box.fleet({"show", id, "--json"}).out.find(R"("status":"waiting")") !=
               std::string::npos;
    }));
    const std::string story = box.fleet({"why", id}).out;
    CHECK_THAT(story, Contains("waiting for a signal on channel reviews/ann") &&
                          Contains("a signal on channel reviews/ann, since 20") &&
                          Contains(", until 20") &&
                          Contains("fleet signal reviews/ann JSON --to " + id) &&
                          Contains("machine review") && Contains("(waiting of state ask)"));
    const std::string checkpoints = box.fleet({"show", id, "--checkpoints"}).out;
    CHECK_THAT(checkpoints, Contains("STEP") && Contains("machine_start") && Contains("waiting") &&
                                Contains("reviews/ann"));
    const base::Json json =
        base::parse_json(box.fleet({"show", id, "--checkpoints", "--json"}).out, "show");
    CHECK(json.at("checkpoints").back().at("event") == "waiting");
    CHECK(json.at("checkpoints").back().at("state") == "ask");
    CHECK(json.at("checkpoint").at("waiting_channel") == "reviews/ann");
    CHECK(base::parse_json(box.fleet({"show", id, "--context"}).out, "context").at("who") == "ann");
    CHECK(box.fleet({"show", id, "--context", "--checkpoints"}).exit_code == 2);
}
