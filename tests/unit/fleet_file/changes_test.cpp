// What a fleet's file changes in a store, and what it leaves alone.
#include "machines/fleet_file/changes.hpp"

#include <memory>

#include <catch2/catch.hpp>

#include "common/store/memory/memory_store.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_clock.hpp"

namespace {

using namespace fleet;
using namespace std::chrono_literals;
using fleet_file::Changes;
using Lines = std::vector<std::string>;

class Box {
  public:
    [[nodiscard]] contracts::Store& store() const { return *store_; }

    [[nodiscard]] Changes changes(const std::string& text) const {
        test_support::write_file(folder_ / "fleet.yml", text);
        const auto read = fleet_file::read_fleet_file(folder_ / "fleet.yml");
        REQUIRE(read.file);
        return fleet_file::changes_for(*read.file, store());
    }
    /// What it says; the second time it has nothing to say.
    [[nodiscard]] Lines apply(const std::string& text) const {
        const Changes found = changes(text);
        Lines lines;
        for (const fleet_file::Change& change : found.all) {
            lines.push_back(change.line());
        }
        CHECK(found.empty() == lines.empty());
        fleet_file::apply(found, store());
        const Changes again = changes(text);
        CHECK(again.empty());
        CHECK(again.all.empty());
        return lines;
    }
    [[nodiscard]] model::PoolPolicy pool(const std::string& name) const {
        return store().scaling().pool(name).value();
    }

  private:
    test_support::TemporaryFolder folder_;
    test_support::TestClock clock_;
    std::unique_ptr<contracts::Store> store_ =
        store::memory::make_memory_store({"memory", "", {}}, clock_);
};

}  // namespace

TEST_CASE("applying a file changes what it names and leaves the rest") {
    const Box box;
    model::PoolPolicy before = box.pool("default");
    before.max_workers = 16;
    before.paused = true;
    before.stages = {{"old", 7, {}, {}}, {"write", 3, 1, 2}};
    box.store().scaling().put_pool(before);
    CHECK(box.apply(R"(
pools: {default: {min: 2, drain_target: 2h}, gpu: {max: 2}, plain: {}}
stages: {prep: {high: 9}, write: {provider: a/b}}
)") == Lines{"pool default: min 0 -> 2, drain_target none -> 2h00m",
             "pool default, stage prep: new: high 9",
             "pool default, stage write: rank 3 -> 1, low 1 -> none, high 2 -> none, provider none "
             "-> a/b",
             "pool gpu: new: max 2", "pool plain: new"});
    const model::PoolPolicy after = box.pool("default");
    CHECK(after.max_workers == 16);
    CHECK(after.min_workers == 2);
    CHECK(after.paused);
    CHECK(after.stages == std::vector<model::StagePolicy>{
                              {"prep", 0, {}, 9}, {"write", 1, {}, {}, "a/b"}, {"old", 7, {}, {}}});
    CHECK(after.version == before.version + 2);
    CHECK(box.pool("gpu").max_workers == 2);
    CHECK(box.apply("pools: {default: {max: auto, drain_target: none}}\n") ==
          Lines{"pool default: max 16 -> auto, drain_target 2h00m -> none"});
}

TEST_CASE("a provider is exactly what the file says, and keeps what it learned and spent") {
    const Box box;
    CHECK(box.apply(R"(
providers:
  a/b: {requests_per_minute: 90, budget: {requests: 1000, cost: 2.50}}
  a/plain: {}
)") == Lines{"provider a/b: new: requests_per_second 1.5, budget requests 1000, budget cost 2.5",
             "provider a/plain: new"});
    contracts::PermitRequest request;
    request.request_id = 1;
    request.provider = "a/b";
    request.owner = "w";
    request.wanted = {model::CallEstimate{}};
    const auto answer = box.store().usage().reserve(request);
    REQUIRE(answer.permits.size() == 1);
    REQUIRE(box.store().usage().begin("a/b", answer.permits.front()));
    CHECK(box.apply("providers: {a/b: {requests_per_second: 2, budget: {requests: 2k}}}\n") ==
          Lines{"provider a/b: requests_per_second 1.5 -> 2, budget requests 1000 -> 2000, budget "
                "cost 2.5 -> none"});
    const std::vector<model::Provider> providers = box.store().usage().providers();
    REQUIRE(providers.size() == 2);  // one that the file no longer names stays
    CHECK(providers[0].rules.budget.requests == 2'000);
    CHECK(providers[0].budget.spent.requests == 1);
    CHECK(providers[1].configured);
}

TEST_CASE("a provider that was only called before counts as new") {
    const Box box;
    contracts::PermitRequest request;
    request.request_id = 1;
    request.provider = "a/b";
    request.owner = "w";
    request.wanted = {model::CallEstimate{}};
    static_cast<void>(box.store().usage().reserve(request));
    REQUIRE(box.store().usage().providers().size() == 1);
    CHECK(box.apply("providers: {a/b: {}}\n") == Lines{"provider a/b: new"});
    CHECK(box.store().usage().providers().front().configured);
}

TEST_CASE("a minimum above the maximum is refused, whichever of them is in the store") {
    const Box box;
    static_cast<void>(box.apply("pools: {default: {min: 2, max: 4}}\n"));
    CHECK_THROWS_WITH(box.changes("pools: {default: {min: 5}}\n"),
                      "applying pool \"default\" in line 1: its least number of workers (5) would "
                      "be above its most in the store (4)");
    CHECK_THROWS_WITH(box.changes("pools: {default: {max: 1}}\n"),
                      "applying pool \"default\" in line 1: its least number of workers in the "
                      "store (2) would be above its most (1)");
    CHECK(box.pool("default").max_workers == 4);
}

TEST_CASE("the summary of many changes is one line with the first of them") {
    const Box box;
    const Changes changes =
        box.changes("providers: {a/1: {}, a/2: {}, a/3: {}, a/4: {}, a/5: {}, a/6: {}}\n");
    CHECK(changes.summary() ==
          "provider a/1: new; provider a/2: new; provider a/3: new; provider a/4: new; and 2 more");
    CHECK(Changes{}.summary().empty());
}

TEST_CASE("a store without a folder has no file beside it") {
    const Box box;
    CHECK(fleet_file::file_beside("").empty());
    CHECK(fleet_file::file_beside("/x/.fleet") == "/x/fleet.yml");
    CHECK_FALSE(fleet_file::apply_beside(box.store(), [](const config::Diagnostic&) {}));
}
