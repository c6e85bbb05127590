#include "tests/support/mock_provider/calling_box.hpp"

#include <optional>
#include <span>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "tests/support/folders.hpp"

namespace fleet::mock_provider {

using test_support::Program;
using test_support::ProgramResult;

CallingBox::CallingBox(const std::string& scenario_json) : mock_(scenario_json) {
    box_.write("machine.yml", R"(spec: flatmachine
spec_version: "4.2.1"
data:
  name: one_call
  agents: {caller: ./agent.yml}
  states:
    start:
      agent: caller
      input: {text: "{{ input.item }}"}
      output_to_context: {answer: "{{ output.content }}"}
      transitions: [{to: end}]
    end: {type: final, output: {answer: context.answer}}
)");
    box_.write("agent.yml", R"(spec: flatagent
spec_version: "4.2.1"
data:
  prompt: {system: You repeat., user: "{{ input.text }}"}
  profile: only
)");
    box_.write("profiles.yml", R"(spec: flatprofile
spec_version: "4.2.1"
data:
  model_profiles:
    only: {name: m, provider: mock, base_url: ")" +
                                   mock_.url() + R"(/v1"}
)");
}

std::int64_t CallingBox::counted(const std::string& what) const {
    return mock_.stats().at(what).get<std::int64_t>();
}

std::int64_t CallingBox::in_flight() const {
    return mock_.stats().at("in_flight").at("now").get<std::int64_t>();
}

std::string CallingBox::out(std::vector<std::string> arguments) const {
    const ProgramResult end = box_.fleet(std::move(arguments));
    INFO(end.err << end.out);
    REQUIRE(end.exit_code == 0);
    return end.out;
}

void CallingBox::make_store() const {
    REQUIRE(box_.fleet({"scale", "default", "--create"}).exit_code == 1);
}

std::vector<std::string> CallingBox::submit(int items, int max_attempts) const {
    std::string lines;
    for (int item = 1; item <= items; ++item) {
        lines += "item " + std::to_string(item) + "\n";
    }
    const ProgramResult end =
        box_.fleet({"submit", "--items", "-", "--batch", kBatch, "--max-attempts",
                    std::to_string(max_attempts), "machine.yml"},
                   lines);
    INFO(end.err);
    REQUIRE(end.exit_code == 0);
    return test_support::lines_of(end.out);
}

Program CallingBox::worker(int slots, std::vector<std::string> more) const {
    Program program;
    program.argv = {(test_support::bin_dir() / "worker").string(), "--store", box_.store().string(),
                    "--slots", std::to_string(slots)};
    program.argv.insert(program.argv.end(), more.begin(), more.end());
    program.environment = {{"MOCK_API_KEY", key_}};
    program.directory = box_.path("");
    return program;
}

Program CallingBox::scaler(const std::string& host) const {
    Program program;
    program.argv = {(test_support::bin_dir() / "scaler").string(),
                    "--store",
                    box_.store().string(),
                    "--host-id",
                    host,
                    "--lease-ttl",
                    "2"};
    program.environment = {{"MOCK_API_KEY", key_}};
    program.directory = box_.path("");
    return program;
}

model::Provider row_of(contracts::Store& store) {
    for (const model::Provider& provider : store.usage().providers()) {
        if (provider.rules.name == CallingBox::kName) {
            return provider;
        }
    }
    return {};
}

model::StatusCounts counts_of(contracts::Store& store) {
    const auto batch = store.work().batch(CallingBox::kBatch);
    REQUIRE(batch);
    return batch->counts;
}

model::BudgetLimits calls_a_day(std::int64_t calls) {
    constexpr base::Millis kDay = std::chrono::hours(24);
    const base::SystemClock clock;
    model::BudgetLimits limits;
    limits.requests = calls;
    limits.day_begins =
        clock.wall_now().time_since_epoch() % kDay - base::Millis(std::chrono::hours(1));
    return limits;
}

void declare(contracts::Store& store, model::ProviderRules rules) {
    rules.name = CallingBox::kName;
    store.usage().configure(std::span(&rules, 1));
}

}  // namespace fleet::mock_provider
