// What --dry-run says a batch will come to, beside what the batch then comes to.
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "common/base/json.hpp"
#include "common/store/open.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/mock_provider/calling_box.hpp"
#include "tests/support/mock_provider/running_mock.hpp"

using namespace fleet;
using namespace fleet::test_support;
using base::Json;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;

const std::string kExample =
    std::string(FLEET_SOURCE_DIR) + "/machines/definitions/examples/papers";
constexpr int kItems = 12;

/// The papers example beside a mock provider, with texts of our own.
class Papers {
  public:
    Papers() : mock_(scenario()) {
        for (const char* name : {"machine.yml", "fleet.yml", "agents", "prompts"}) {
            fs::copy(kExample + '/' + name, box_.path(name), fs::copy_options::recursive);
        }
        // A day that does not end while a test runs.
        std::string fleet = box_.read("fleet.yml");
        const std::string budget = "budget: {requests: 2000, ";
        fleet.insert(fleet.find(budget) + budget.size(), day_begins() + ", ");
        box_.write("fleet.yml", fleet);
        std::string profiles = read_file(kExample + "/profiles.yml");
        const std::string provider = "      provider: openai\n";
        for (auto at = profiles.find(provider); at != std::string::npos;
             at = profiles.find(provider, at + provider.size())) {
            profiles.insert(at, "      base_url: " + mock_.url() + "/v1\n");
            at += mock_.url().size();
        }
        box_.write("profiles.yml", profiles);
        std::string items;
        for (int item = 0; item < kItems; ++item) {
            items += R"({"name": "text )" + std::to_string(item) + R"(", "text": ")" +
                     std::string(600, 'a') + "\"}\n";
        }
        box_.write("items.jsonl", items);
    }

    [[nodiscard]] const FleetBox& box() const { return box_; }
    /// For a budget: "day_begins: S".
    [[nodiscard]] static std::string day_begins() {
        const auto begins = std::chrono::duration_cast<std::chrono::seconds>(
            mock_provider::calls_a_day(0).day_begins);
        return "day_begins: " + std::to_string(begins.count());
    }

    [[nodiscard]] ProgramResult fleet(std::vector<std::string> arguments) const {
        Program program = box_.program(std::move(arguments));
        program.environment = {{"OPENAI_API_KEY", "any"}, {"no_proxy", "127.0.0.1"}};
        return run_program(program, std::chrono::seconds(120));
    }
    [[nodiscard]] Json dry_run(const std::string& command) const {
        const ProgramResult end =
            fleet({command, "--dry-run", "--json", "--items", "items.jsonl", "machine.yml"});
        INFO(end.err << end.out);
        REQUIRE(end.exit_code == 0);
        return base::parse_json(end.out, "the dry run");
    }
    [[nodiscard]] std::int64_t offered() const {
        return mock_.stats().at("offered").get<std::int64_t>();
    }

  private:
    /// The example's, with limits that refuse none of so few calls: a refused one is a call more.
    static std::string scenario() {
        Json json = base::parse_json(read_file(kExample + "/mock_scenario.json"), "the scenario");
        for (auto& limit : json.at("limits")) {
            limit["amount"] = 60'000;
            limit["burst"] = 1'000;
        }
        return base::dump_json(json);
    }

    FleetBox box_;
    mock_provider::MockProvider mock_;
};

/// UTC, as the sums of usage have it.
std::string day_of(const base::Clock& clock) {
    constexpr std::size_t kDayLength = 10;  // "2026-11-21"
    return base::iso8601(clock.wall_now()).substr(0, kDayLength);
}

const Json& of_agent(const Json& run, const std::string& agent) {
    for (const Json& line : run.at("calls")) {
        if (line.at("agent") == agent) {
            return line;
        }
    }
    FAIL("no agent " << agent);
    return run;
}

/// "PROVIDER STAGE" -> calls, as the fleet has counted them since `first_day`.
std::map<std::string, std::int64_t> counted_calls(const Papers& papers, const base::Clock& clock,
                                                  const std::string& first_day) {
    const auto store = store::open_store(
        base::StoreUrl::parse("sqlite:" + papers.box().store().string(), "/"), clock);
    std::map<std::string, std::int64_t> calls;
    for (const std::string& day : std::set<std::string>{first_day, day_of(clock)}) {
        for (const model::UsageRecord& usage : store->usage().daily(day)) {
            calls[usage.provider + ' ' + usage.phase] += usage.requests;
        }
    }
    return calls;
}

}  // namespace

TEST_CASE("a dry run tells the calls that the run then makes, and makes none itself") {
    const Papers papers;
    const base::SystemClock clock;
    const std::string first_day = day_of(clock);
    const Json before = papers.dry_run("run");
    CHECK(before.at("items") == kItems);
    CHECK(before.at("trial_items") == kItems);
    CHECK(before.at("trial_items_ended_early") == 0);
    CHECK(papers.offered() == 0);
    CHECK_FALSE(fs::exists(papers.box().path(".fleet")));

    std::map<std::string, std::int64_t> estimated;
    for (const Json& line : before.at("calls")) {
        estimated[line.at("provider").get<std::string>() + ' ' +
                  line.at("stage").get<std::string>()] = line.at("calls").get<std::int64_t>();
        CHECK(line.at("calls_from") == "graph");
        CHECK(line.at("calls_at_least") == kItems);
        // Three tries, each with a repaired answer.
        CHECK(line.at("calls_at_most") == kItems * 6);
        CHECK(line.at("input_tokens_from") == "trial");
        CHECK(line.at("output_tokens_per_call") == 2'000);
        CHECK(line.at("output_tokens_from") == "max_tokens");
    }
    const ProgramResult run =
        papers.fleet({"run", "--items", "items.jsonl", "--slots", "4", "machine.yml"});
    INFO(run.err << run.out);
    REQUIRE(run.exit_code == 0);
    CHECK(counted_calls(papers, clock, first_day) == estimated);

    // The text of an item is in the first prompt: 600 bytes, 150 tokens, and what is around it.
    const Json& picker = of_agent(before, "picker");
    CHECK(picker.at("input_tokens_per_call").get<double>() > 150);
    CHECK(picker.at("input_tokens_per_call").get<double>() < 600);
    const Json& large = before.at("providers").at(0);
    CHECK(large.at("provider") == "openai/gpt-4o");
    // 2.5 and 10 for a million tokens.
    const double cost = large.at("input_tokens").get<double>() * 2.5 + kItems * 2'000 * 10;
    CHECK(large.at("cost_micros").get<double>() == Approx(cost).epsilon(0.001));
    CHECK(large.at("budget").at("requests_left") == 2'000);
    CHECK(large.at("budget").at("days") == 1);
    CHECK(before.at("notes").empty());

    // With a history, answers are as long as they were, and calls as many.
    const Json after = papers.dry_run("run");
    CHECK(after.at("history_executions") == kItems);
    for (const Json& line : after.at("calls")) {
        INFO(base::dump_json(line));
        CHECK(line.at("calls") == kItems);
        CHECK(line.at("calls_from") == "history");
        CHECK(line.at("output_tokens_from") == "history");
        CHECK(line.at("output_tokens_per_call").get<double>() < 1'000);
        CHECK(line.at("history_calls") == kItems);
    }
    // A worker that has ended may have left a permit that it did not use, for a few seconds.
    const Json& left = after.at("providers").at(0).at("budget").at("requests_left");
    CHECK(left.get<int>() <= 2'000 - kItems);
    CHECK(left.get<int>() > 2'000 - 2 * kItems);
    CHECK(after.at("providers").at(0).at("pace_known") == true);
    CHECK(papers.offered() == kItems * 3);
    CHECK(papers.box().executions() == kItems);
}

TEST_CASE("a dry run says on which day a budget will end the batch, and where figures are from") {
    const Papers papers;
    papers.box().write("fleet.yml",
                       "providers:\n"
                       "  openai: {requests_per_second: 2, budget: {requests: 5, " +
                           Papers::day_begins() +
                           "}}\n"
                           "  openai/gpt-4o-mini: {unlimited: true}\n");
    const ProgramResult end =
        papers.fleet({"submit", "--dry-run", "--items", "items.jsonl", "machine.yml"});
    INFO(end.err);
    REQUIRE(end.exit_code == 0);
    CHECK_THAT(end.err, Contains("would apply fleet.yml: provider openai: new"));
    CHECK_THAT(end.out, Contains("papers: 12 items for pool default\n"
                                 "A dry run: nothing is stored and no provider is called.\n"));
    CHECK_THAT(end.out, Contains("5 calls left on ") && Contains("the batch takes 3 days of it"));
    CHECK_THAT(end.out, Contains("configured, 2.0 calls/s: 6.1s for the calls"));
    CHECK_THAT(end.out, Contains("expensive, writer: 1 call an item by the machine's graph"));
    CHECK_THAT(end.out, Contains("by prompts of 12 items, 4 bytes a token; output 2,000 a call at "
                                 "most, by max_tokens"));
    CHECK(papers.offered() == 0);
    CHECK_FALSE(fs::exists(papers.box().path(".fleet")));
}

TEST_CASE("a dry run names the price that it does not know") {
    const Papers papers;
    std::string profiles = papers.box().read("profiles.yml");
    profiles.erase(profiles.find("    openai/gpt-4o:"));
    papers.box().write("profiles.yml", profiles);
    const Json run = papers.dry_run("submit");
    CHECK(of_agent(run, "writer").at("cost_micros").is_null());
    CHECK(of_agent(run, "titler").at("cost_micros").is_number());
    REQUIRE(run.at("notes").size() == 1);
    CHECK(run.at("notes").at(0) ==
          "no price known for openai/gpt-4o: set `providers: openai/gpt-4o: prices: {input: N, "
          "output: N}` in fleet.yml");
    papers.box().write("fleet.yml",
                       "providers: {openai/gpt-4o: {prices: {input: 1, output: 2}}}\n");
    CHECK(papers.dry_run("submit").at("notes").empty());
}

TEST_CASE("a dry run refuses what a run refuses, with the same words") {
    const Papers papers;
    REQUIRE(papers.fleet({"apply"}).exit_code == 0);
    const auto same = [&](const std::string& command, std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), command);
        const ProgramResult real = papers.fleet(arguments);
        arguments.insert(arguments.begin() + 1, "--dry-run");
        const ProgramResult dry = papers.fleet(arguments);
        CAPTURE(arguments, real.err, dry.err);
        CHECK(real.exit_code != 0);
        CHECK(dry.exit_code == real.exit_code);
        CHECK(dry.err == real.err);
        CHECK(dry.out.empty());
    };
    for (const std::string command : {"run", "submit"}) {
        same(command, {"--items", "nowhere.txt", "machine.yml"});
        same(command, {"--pool", "nowhere", "machine.yml"});
        same(command, {"missing.yml"});
        same(command, {"--", "no-such-program-here"});
        same(command, {"--items", "items.jsonl", "--", "echo", "{not_there}"});
        papers.box().write("broken.jsonl", "{\"a\": 1}\n{broken\n");
        same(command, {"--items", "broken.jsonl", "machine.yml"});
    }
    papers.box().write("fleet.yml", "providers: {a/b: {request_per_minute: 3}}\n");
    same("run", {"--items", "items.jsonl", "machine.yml"});
    same("submit", {"--items", "items.jsonl", "machine.yml"});
}

TEST_CASE("of commands a dry run tells the items, and the time once something like it has run") {
    const FleetBox box;
    box.write("items.txt", "a\nb\n\nc\n");
    const ProgramResult first =
        box.fleet({"run", "--dry-run", "--items", "items.txt", "--", "sh", "-c", "true", "{}"});
    CHECK(first.exit_code == 0);
    CHECK(first.out ==
          "sh: 3 items (1 empty line skipped) for pool default\n"
          "A dry run: nothing is stored and no provider is called.\n\n"
          "How long it takes is not known: nothing like it has run in this pool.\n");
    CHECK_FALSE(fs::exists(box.path(".fleet")));
    REQUIRE(box.fleet({"run", "--items", "items.txt", "--", "sh", "-c", "true", "{}"}).exit_code ==
            0);
    const ProgramResult dry =
        box.fleet({"run", "--dry-run", "--json", "--workers", "2", "--slots", "3", "--items",
                   "items.txt", "--", "sh", "-c", "true", "{}"});
    const Json run = base::parse_json(dry.out, "the dry run");
    CHECK(run.at("items") == 3);
    CHECK(run.at("empty_lines") == 1);
    CHECK(run.at("slots") == 6);
    CHECK(run.at("times").at("attempts") == 3);
    CHECK(run.at("times").at("same_work") == true);
    CHECK(run.at("times").at("work_ms") == run.at("times").at("mean_ms").get<int>() * 3);
    const Json other = base::parse_json(
        box.fleet({"submit", "--dry-run", "--json", "--", "sh", "-c", "false"}).out, "the dry run");
    CHECK(other.at("times").at("same_work") == false);
    CHECK(other.at("times").at("time_ms").is_null());
    CHECK(box.executions() == 3);
}
