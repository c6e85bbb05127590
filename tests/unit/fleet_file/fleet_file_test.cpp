#include "machines/fleet_file/fleet_file.hpp"

#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.hpp"

namespace {

using namespace fleet;
using namespace std::chrono_literals;
using fleet_file::FleetFile;
using fleet_file::FleetFileRead;
using test_support::TemporaryFolder;
using test_support::write_file;

std::string lines_of(const FleetFileRead& read) {
    std::string lines;
    for (const auto& one : read.diagnostics) {
        lines += one.line() + '\n';
    }
    return lines;
}

FleetFile valid(const TemporaryFolder& folder, const std::string& text) {
    write_file(folder / "fleet.yml", text);
    const FleetFileRead result = fleet_file::read_fleet_file(folder / "fleet.yml", "fleet.yml");
    INFO(lines_of(result));
    REQUIRE(result.diagnostics.empty());
    REQUIRE(result.file);
    return *result.file;
}

}  // namespace

TEST_CASE("a fleet's file declares pools as far as it names them") {
    const TemporaryFolder folder;
    const FleetFile file = valid(folder, R"(
pools:
  default: {min: 1, max: 8, slots: 2, drain_target: 2h, max_wait: 90s, stabilization: 0,
            service_prior: 250ms}
  gpu: {max: auto, slots: auto, drain_target: none}
  plain:
)");
    REQUIRE(file.pools.size() == 3);
    const auto& all = file.pools[0];
    CHECK(all.pool == "default");
    CHECK(all.at == config::Position{3, 3});
    CHECK(all.min_workers == 1);
    CHECK(all.max_workers.value() == 8);
    CHECK(all.slots_per_worker == 2);
    CHECK(all.drain_target.value() == base::Millis(2h));
    CHECK(all.max_wait == base::Millis(90s));
    CHECK(all.stabilization == base::Millis(0));
    CHECK(all.service_prior == 250ms);
    const auto& automatic = file.pools[1];
    CHECK_FALSE(automatic.min_workers);
    REQUIRE(automatic.max_workers);
    CHECK_FALSE(*automatic.max_workers);
    CHECK(automatic.slots_per_worker == 0);
    REQUIRE(automatic.drain_target);
    CHECK_FALSE(*automatic.drain_target);
    CHECK_FALSE(file.pools[2].max_workers);
    CHECK_FALSE(file.pools[2].slots_per_worker);
    CHECK_FALSE(file.pools[2].drain_target);
}

TEST_CASE("stages come after each other as they are written, in the pool that they name") {
    const TemporaryFolder folder;
    const FleetFile file = valid(folder, R"(
pools:
  gpu:
    stages:
      last: {rank: 9, provider: openai/gpt-5}
      first: {rank: 2}
stages:
  prep: {high: 2k}
  write: {low: 4, high: 40, provider: openai/gpt-5}
  wrap:
  late: {rank: 10, pool: gpu}
providers:
  openai/gpt-5:
)");
    using Stages = std::vector<model::StagePolicy>;
    REQUIRE(file.pools.size() == 2);
    CHECK(file.pools[0].stages ==
          Stages{{"first", 2, {}, {}}, {"last", 9, {}, {}, "openai/gpt-5"}, {"late", 10, {}, {}}});
    CHECK(file.pools[1].pool == "default");
    CHECK(file.pools[1].stages ==
          Stages{{"prep", 0, {}, 2'000}, {"write", 1, 4, 40, "openai/gpt-5"}, {"wrap", 2, {}, {}}});
}

TEST_CASE("the rules of a model are rates, a circuit and a budget, each in the form people write") {
    const TemporaryFolder folder;
    const FleetFile file = valid(folder, R"(
providers:
  openai/gpt-5:
    requests_per_minute: 600
    tokens_per_minute: 150k
    burst: 20
    first_rate: 0.5
    circuit: {open_at: 0.2, min_samples: 20, cooldown: 30s, longest_cooldown: 1h, probes: 5}
    budget: {requests: 5k, tokens: 1.5M, cost: 12.345678, day_begins: -8h}
  openrouter/anthropic/claude: {requests_per_hour: 1800, tokens_per_second: 2}
  ollama/qwen: {unlimited: true, circuit: {cooldown: 1h}}
  plain/model:
)");
    REQUIRE(file.providers.size() == 4);
    const model::ProviderRules& all = file.providers[0];
    CHECK(all.name == "openai/gpt-5");
    CHECK(all.requests_per_second.value() == Approx(10));
    CHECK(all.tokens_per_second.value() == Approx(2'500));
    CHECK(all.burst.value() == Approx(20));
    CHECK(all.first_rate == Approx(0.5));
    CHECK_FALSE(all.unlimited);
    const model::CircuitRules circuit{
        .open_at = 0.2, .min_samples = 20, .cooldown = 30s, .longest_cooldown = 1h, .probes = 5};
    CHECK(all.circuit == circuit);
    CHECK(all.budget.requests == 5'000);
    CHECK(all.budget.tokens == 1'500'000);
    CHECK(all.budget.cost_micros == 12'345'678);
    CHECK(all.budget.day_begins == -8h);
    CHECK(file.providers[1].name == "openrouter/anthropic/claude");
    CHECK(file.providers[1].requests_per_second.value() == Approx(0.5));
    CHECK(file.providers[1].tokens_per_second.value() == Approx(2));
    CHECK(file.providers[2].unlimited);
    CHECK(file.providers[2].circuit.longest_cooldown == 1h);  // never shorter than the first
    CHECK(file.providers[3] == model::ProviderRules{.name = "plain/model"});
}

TEST_CASE("where a provider is and what it costs is said of it once, or beside its models") {
    const TemporaryFolder folder;
    const FleetFile file = valid(folder, R"(
providers:
  box:
    base_url: http://10.0.0.5:8000/v1/
    family: anthropic
    api_key_file: keys/box
    headers: {X-Team: papers}
    connect_timeout: 2s
    timeout: 90
    max_answer_bytes: 1M
    ca_file: /etc/box.pem
    json_mode: false
    prices: {small: {input: 0.25, output: 2, cache_read: 0.1, cache_write: 0.5}}
  box/large: {timeout: 90, requests_per_second: 3, prices: {input: 1.25, output: 10}}
  near/one: {base_url: "http://127.0.0.1:9/v1", needs_key: false}
  far: {api_key_env: FAR_KEY}
)");
    REQUIRE(file.settings.size() == 3);
    const agents::ProviderSettings& box = file.settings.at("box");
    CHECK(box.base_url == "http://10.0.0.5:8000/v1");
    CHECK(box.family == agents::Family::anthropic);
    CHECK(box.api_key_file == (folder / "keys/box").string());
    CHECK(box.headers == http::Headers{{"X-Team", "papers"}});
    CHECK(box.connect_timeout == 2s);
    CHECK(box.timeout == 90s);
    CHECK(box.max_answer_bytes == 1'000'000);
    CHECK(box.ca_file == "/etc/box.pem");
    CHECK_FALSE(box.json_mode);
    CHECK(box.prices.at("small").cache_write.value() == Approx(0.5));
    CHECK(box.prices.at("large").output == Approx(10));
    CHECK_FALSE(box.prices.at("large").cache_read);
    CHECK(file.settings.at("near").base_url == "http://127.0.0.1:9/v1");
    CHECK(file.settings.at("near").needs_key == false);
    CHECK(file.settings.at("far").api_key_env == "FAR_KEY");
    // A provider without a model has no limits.
    REQUIRE(file.providers.size() == 2);
    CHECK(file.providers[0].name == "box/large");
}

TEST_CASE("error classes and hooks stand in the same file") {
    const TemporaryFolder folder;
    const FleetFile file = valid(folder, R"(
error_classes:
  - {text: come back tomorrow, provider: box, means: per_day}
  - {status: 418, means: none}
hooks:
  review: {command: [./review.py]}
)");
    REQUIRE(file.error_classes.added.size() == 2);
    CHECK(limits::classify({"box/large", 400, "Please COME BACK tomorrow."}, file.error_classes) ==
          model::Refusal::per_day);
    CHECK(file.error_classes.added[1].status == 418);
    CHECK(std::get<calls::CommandEntry>(file.hooks.at("review")).command.front() ==
          (folder / "review.py").string());
}

TEST_CASE("a file that is missing or empty declares nothing") {
    const TemporaryFolder folder;
    const FleetFileRead missing = fleet_file::read_fleet_file(folder / "fleet.yml");
    CHECK_FALSE(missing.exists);
    REQUIRE(missing.file);
    CHECK(missing.file->pools.empty());
    CHECK(valid(folder, "").providers.empty());
    CHECK(valid(folder, "pools:\nproviders:\nhooks:\n").pools.empty());
}

TEST_CASE("a fleet's file is told from a machine by what it holds, else by its name") {
    const TemporaryFolder folder;
    const auto is_one = [&](const std::string& name, const std::string& text) {
        write_file(folder / name, text);
        return fleet_file::is_fleet_file(folder / name);
    };
    CHECK(is_one("fleet.yml", "pools: {}\n"));
    CHECK(is_one("fleet.yml", "hooks: {}\n"));
    CHECK(is_one("fleet.yml", "pools: [\n"));
    CHECK(is_one("fleet.yaml", ""));
    CHECK(is_one("staging.yml", "providers: {}\n"));
    CHECK_FALSE(is_one("fleet.yml", "spec: flatmachine\n"));
    CHECK_FALSE(is_one("machine.yml", "data: {}\n"));
    CHECK_FALSE(is_one("machine.yml", "pools: [\n"));
    CHECK(fleet_file::is_fleet_file(folder / "nowhere/fleet.yml"));
    CHECK_FALSE(fleet_file::is_fleet_file(folder / "nowhere.yml"));
}
