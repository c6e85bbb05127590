// fleet.yml as a person uses it: applied by hand, by run, resume and scaler, and refused when
// wrong.
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "common/base/json.hpp"
#include "common/store/open.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Contains;

namespace {

constexpr const char* kFile = R"(
pools:
  default: {min: 0, max: 3}
  gpu: {max: 1, slots: 1}
stages:
  prep: {high: 40}
  write: {low: 4, provider: mock/large}
providers:
  mock: {base_url: "http://127.0.0.1:9/v1", api_key_env: MOCK_KEY}
  mock/large: {unlimited: true, budget: {requests: 2}}
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
    return text;
}

std::unique_ptr<contracts::Store> open(const FleetBox& box, const base::Clock& clock) {
    return store::open_store(base::StoreUrl::parse(box.store().string(), "/"), clock,
                             store::Missing::refuse);
}

ProgramResult scaler(const FleetBox& box, std::vector<std::string> more) {
    Program program;
    program.argv = {(bin_dir() / "scaler").string(), "--store", box.store().string()};
    program.argv.insert(program.argv.end(), more.begin(), more.end());
    return run_program(program);
}

}  // namespace

TEST_CASE("apply makes the fleet what the file says, tells what changed, and does it once") {
    const FleetBox box;
    box.write("fleet.yml", kFile);
    const ProgramResult first = box.fleet({"apply"});
    INFO(first.err);
    REQUIRE(first.exit_code == 0);
    CHECK(first.out ==
          "pool default: max auto -> 3\n"
          "pool default, stage prep: new: high 40\n"
          "pool default, stage write: new: rank 1, low 4, provider mock/large\n"
          "pool gpu: new: max 1, slots 1\n"
          "provider mock/large: new: unlimited true, budget requests 2\n");
    CHECK(box.fleet({"apply"}).out == "nothing to change\n");
    CHECK_THAT(box.fleet({"scale", "default"}).out,
               Contains("stage write: rank 1, low water 4, high water none, provider mock/large"));

    box.write("fleet.yml", replaced(kFile, "requests: 2", "requests: 2k"));
    const ProgramResult dry = box.fleet({"apply", "--dry-run"});
    CHECK(dry.exit_code == 0);
    const std::string change = "provider mock/large: budget requests 2 -> 2000\n";
    CHECK(dry.out == change + "(a dry run: nothing was changed)\n");
    const base::Json json = base::parse_json(box.fleet({"apply", "--json"}).out, "apply");
    REQUIRE(json.size() == 1);
    CHECK(json.at(0).dump() ==
          R"({"kind":"provider","name":"mock/large","new":false,"setting":"budget.requests",)"
          R"("before":"2","after":"2000"})");
    CHECK(box.fleet({"apply", "--json"}).out == "[]\n");

    // What the file does not name is a person's own.
    REQUIRE(box.fleet({"scale", "default", "--min", "2", "--stage", "wrap:rank=8"}).exit_code == 0);
    box.write("fleet.yml", "pools: {default: {max: 5}}\n");
    CHECK(box.fleet({"apply"}).out == "pool default: max 3 -> 5\n");
    CHECK_THAT(box.fleet({"scale", "default", "--json"}).out,
               Contains("\"min_workers\":2,\"max_workers\":5") && Contains("wrap"));
    box.write("fleet.yml", "pools: {default: {max: 1}}\n");
    const ProgramResult clash = box.fleet({"apply"});
    CHECK(clash.exit_code == 1);
    CHECK_THAT(clash.err, Contains("in the store (2) would be above its most (1); write both"));
}

TEST_CASE("another file than the one beside the store may be applied, and says what it lacks") {
    const FleetBox box;
    CHECK(box.fleet({"apply"}).exit_code == 1);
    CHECK_THAT(box.fleet({"apply"}).err, Contains("there is no file ") && Contains("fleet.yml"));
    CHECK_THAT(box.fleet({"apply", "none.yml"}).err, Contains("there is no file none.yml; "));
    box.write("staging.yml", kFile);
    const ProgramResult other = box.fleet({"apply", "staging.yml"});
    CHECK(other.exit_code == 0);
    CHECK_THAT(other.err, Contains("staging.yml is not the fleet.yml beside the store: "));
    CHECK_THAT(other.out, Contains("pool gpu: new"));
}

TEST_CASE("a wrong file changes nothing, and neither run, resume nor scaler starts with it") {
    const FleetBox box;
    REQUIRE(box.fleet({"run", "--quiet", "--", "true"}).exit_code == 0);
    REQUIRE(box.executions() == 1);
    box.write("fleet.yml",
              replaced(replaced(kFile, "max: 3", "maxx: 3"), "api_key_env", "api_key"));
    const std::string first = "fleet.yml:3:21: error: there is no key `maxx` here; did you mean";
    const std::string second = "fleet.yml:9:45: error: a key does not belong into this file; write";
    for (const ProgramResult& result :
         {box.fleet({"apply"}), box.fleet({"run", "--", "true"}), box.fleet({"resume"}),
          box.fleet({"run", "--resume-only"}), scaler(box, {"--once", "--target-workers", "0"})}) {
        CHECK(result.exit_code == 1);
        CHECK_THAT(result.err, Contains(first) && Contains(second));
        CHECK_THAT(result.err, Contains("has 2 errors; mend what is listed above"));
        CHECK_THAT(result.err, !Contains("MOCK_KEY"));
    }
    CHECK(box.executions() == 1);
    CHECK_THAT(box.fleet({"scale"}).out, !Contains("gpu"));
    const ProgramResult validated = box.fleet({"validate", "fleet.yml"});
    CHECK(validated.exit_code == 1);
    CHECK_THAT(validated.out, Contains(first) && Contains(second));
    box.write("fleet.yml", kFile);
    CHECK(box.fleet({"validate", "fleet.yml"}).out == "fleet.yml: valid\n");
}

TEST_CASE("run and scaler apply the file when they start, and say so once") {
    const FleetBox box;
    box.write("fleet.yml", kFile);
    const ProgramResult run = box.fleet({"run", "--pool", "gpu", "--", "true"});
    INFO(run.err);
    CHECK(run.exit_code == 0);
    CHECK_THAT(run.err, Contains("fleet: applied fleet.yml: pool default: max auto -> 3; "));
    CHECK_THAT(box.fleet({"run", "--pool", "gpu", "--", "true"}).err, !Contains("applied"));

    box.write("fleet.yml", replaced(kFile, "max: 3", "max: 4"));
    const ProgramResult once = scaler(box, {"--once", "--target-workers", "0"});
    INFO(once.err);
    CHECK(once.exit_code == 0);
    CHECK_THAT(once.err, Contains("applied fleet.yml") && Contains("pool default: max 3 -> 4"));
    CHECK(box.fleet({"apply"}).out == "nothing to change\n");
    // A dry run of the scaler writes nothing.
    box.write("fleet.yml", replaced(kFile, "max: 3", "max: 6"));
    REQUIRE(scaler(box, {"--dry-run"}).exit_code == 0);
    CHECK_THAT(box.fleet({"apply", "--dry-run"}).out, Contains("pool default: max 4 -> 6"));
}

TEST_CASE("a budget that is changed counts at once for processes that have the store open") {
    const FleetBox box;
    box.write("fleet.yml", kFile);
    REQUIRE(box.fleet({"apply"}).exit_code == 0);
    const base::SystemClock clock;
    const auto store = open(box, clock);
    std::int64_t request_id = 0;
    const auto take = [&] {
        contracts::PermitRequest request;
        request.request_id = ++request_id;
        request.provider = "mock/large";
        request.owner = "w";
        request.wanted = {model::CallEstimate{}};
        const auto answer = store->usage().reserve(request);
        if (answer.permits.empty()) {
            REQUIRE(answer.hold);
            CHECK(answer.hold->reason == model::HoldReason::budget);
            return false;
        }
        return store->usage().begin("mock/large", answer.permits.front());
    };
    CHECK(take());
    CHECK(take());
    CHECK_FALSE(take());
    box.write("fleet.yml", replaced(kFile, "requests: 2", "requests: 3"));
    REQUIRE(box.fleet({"apply"}).exit_code == 0);
    CHECK(take());  // what was spent stays spent: one more, not three
    CHECK_FALSE(take());
    box.write("fleet.yml", replaced(kFile, "requests: 2", "requests: 1"));
    REQUIRE(box.fleet({"apply"}).exit_code == 0);
    CHECK_FALSE(take());
}

TEST_CASE("submit applies the file beside the store as run does, and refuses a wrong one") {
    const FleetBox box;
    box.write("fleet.yml", kFile);
    const ProgramResult first = box.fleet({"submit", "--pool", "gpu", "builtin:noop"});
    INFO(first.err);
    REQUIRE(first.exit_code == 0);
    CHECK_THAT(first.err, Contains("fleet: applied fleet.yml: pool default: max auto -> 3") &&
                              Contains("pool gpu: new: max 1, slots 1; and 1 more"));
    CHECK_THAT(box.fleet({"providers", "mock/large"}).out, Contains("0 of 2 calls used"));
    const ProgramResult again = box.fleet({"submit", "--items", "-", "builtin:echo"}, "a\nb\n");
    CHECK(again.exit_code == 0);
    CHECK(again.err.empty());
    CHECK(box.executions() == 3);
    box.write("fleet.yml", replaced(kFile, "max: 3", "maximum: 3"));
    const ProgramResult wrong = box.fleet({"submit", "builtin:noop"});
    CHECK(wrong.exit_code == 1);
    CHECK_THAT(wrong.err, Contains("there is no key `maximum` here"));
    CHECK(box.executions() == 3);
}

TEST_CASE("run has as many slots as the pool of the file, unless it is told otherwise") {
    const FleetBox box;
    box.write("fleet.yml", "pools: {default: {slots: 3}}\n");
    const auto said = [&](std::vector<std::string> more) {
        std::vector<std::string> arguments{"run", "--verbose", "--workers", "1"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const ProgramResult end = box.fleet(arguments);
        CHECK(end.exit_code == 0);
        return end.err;
    };
    CHECK_THAT(said({"builtin:noop"}), Contains("workers 1..1 with 3 slots"));
    CHECK_THAT(said({"--", "true"}), Contains("workers 1..1 with 3 slots"));
    CHECK_THAT(said({"--slots", "2", "builtin:noop"}), Contains("workers 1..1 with 2 slots"));
    box.write("fleet.yml", "pools: {default: {slots: auto}}\n");
    CHECK_THAT(said({"builtin:noop"}), Contains("workers 1..1 with 4 slots"));
}
