// Limits of a whole provider: the default of its models.
#include <memory>

#include <catch2/catch.hpp>

#include "common/store/memory/memory_store.hpp"
#include "machines/fleet_file/changes.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_clock.hpp"

namespace {

using namespace fleet;
using namespace std::chrono_literals;

fleet_file::FleetFile read(const std::string& text) {
    const test_support::TemporaryFolder folder;
    test_support::write_file(folder / "fleet.yml", text);
    auto result = fleet_file::read_fleet_file(folder / "fleet.yml", "fleet.yml");
    for (const config::Diagnostic& one : result.diagnostics) {
        FAIL_CHECK(one.line());
    }
    REQUIRE(result.file);
    return *std::move(result.file);
}

std::vector<std::string> apply(contracts::Store& store, const std::string& text) {
    const fleet_file::Changes changes = fleet_file::changes_for(read(text), store);
    std::vector<std::string> lines;
    for (const fleet_file::Change& change : changes.all) {
        lines.push_back(change.line());
    }
    fleet_file::apply(changes, store);
    return lines;
}

}  // namespace

TEST_CASE("limits of a provider are read, and a model without limits of its own takes them") {
    const fleet_file::FleetFile file = read(R"(
stages: {write: {provider: openai/unnamed}}
providers:
  openai/priced: {prices: {input: 1, output: 2}}
  openai:
    requests_per_minute: 600
    budget: {requests: 5k, cost: 3}
    burst_before_reset: 30m
    timeout: 5m
  openai/own: {requests_per_second: 1}
  other: {timeout: 1m}
)");
    REQUIRE(file.providers.size() == 3);
    const model::ProviderRules& whole = file.providers[1];
    CHECK(whole.name == "openai");
    CHECK(whole.requests_per_second.value() == Approx(10));
    CHECK(whole.budget.requests == 5'000);
    CHECK(whole.burst_before_reset == 30min);
    model::ProviderRules priced = whole;
    priced.name = "openai/priced";
    CHECK(file.providers[0] == priced);
    CHECK(file.providers[2] ==
          model::ProviderRules{.name = "openai/own", .requests_per_second = 1});
    CHECK(file.settings.at("openai").timeout == 5min);
    CHECK(file.without_rules == std::vector<std::string>{"other"});
}

TEST_CASE("what the file says of a provider no more holds for its models no more") {
    const test_support::TestClock clock;
    const auto store = store::memory::make_memory_store({"memory", "", {}}, clock);
    CHECK(
        apply(*store, "providers: {openai: {budget: {requests: 7}, burst_before_reset: 20m}}\n") ==
        std::vector<std::string>{
            "provider openai: new: budget requests 7, burst_before_reset 20m00s"});
    CHECK(apply(*store, "providers: {openai: {budget: {requests: 7}, burst_before_reset: 20m}}\n")
              .empty());
    CHECK(apply(*store, "providers: {openai: {timeout: 5m}}\n") ==
          std::vector<std::string>{
              "provider openai: budget requests 7 -> none, burst_before_reset 20m00s -> none"});
    CHECK(apply(*store, "providers: {openai: {timeout: 5m}, never_seen: {timeout: 1m}}\n").empty());
}
