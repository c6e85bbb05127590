// Which source each figure of an estimate is from, and what they come to.
#include "machines/estimate/estimate.hpp"

#include <catch2/catch.hpp>

#include "common/store/memory/memory_store.hpp"
#include "tests/support/test_clock.hpp"
#include "tests/unit/estimate/machine_files.hpp"

using namespace fleet;
using estimate::AgentLine;
using estimate::CallsFrom;
using estimate::Estimate;
using estimate::InputFrom;
using estimate::OutputFrom;
using estimate::Site;
using estimate_test::agent_of;
using estimate_test::program_of;

namespace {

/// A certain call of `first`, a loop of `second`.
const std::string kMachine =
    "  agents: {first: " + agent_of("hello", "provider: p, name: m, max_tokens: 100") +
    ", second: " + agent_of("hello", "provider: p, name: n") +
    "}\n"
    "  states:\n"
    "    s: {agent: first, metadata: {stage: one}, transitions: [{to: t}]}\n"
    "    t: {agent: second, metadata: {stage: two}, "
    "transitions: [{condition: 'context.a == 1', to: t}, {to: e}]}\n"
    "    e: {type: final}\n";

struct Known {
    estimate::Trials trials = {};
    estimate::CallHistories calls = {};
    estimate::MachineHistory machine = {};
    agents::ProviderTable providers = {};
};

Estimate estimate_of(const Known& known, std::int64_t items = 10, int max_attempts = 1) {
    const auto program = program_of(kMachine);
    const estimate::AllAgents agents = estimate::read_agents(*program, known.providers);
    return estimate::make_estimate({.program = *program,
                                    .items = items,
                                    .max_attempts = max_attempts,
                                    .agents = agents,
                                    .trials = known.trials,
                                    .calls = known.calls,
                                    .machine = known.machine});
}

Known with_trials() {
    Known known;
    known.trials.items = 4;
    known.trials.sites[Site{0, 0}] = {.calls = 4, .measured = 4, .input_tokens = 400};
    known.trials.sites[Site{0, 1}] = {.calls = 12, .measured = 12, .input_tokens = 600};
    return known;
}

}  // namespace

TEST_CASE("without trials and history the graph, the prompt's text and max_tokens are counted on") {
    const Estimate estimate = estimate_of({});
    REQUIRE(estimate.agents.size() == 2);
    const AgentLine& first = estimate.agents[0];
    CHECK(first.stage == "one");
    CHECK(first.provider == "p/m");
    CHECK(first.calls == Approx(10));
    CHECK(first.calls_from == CallsFrom::graph);
    CHECK(first.input_from == InputFrom::prompt_text);
    CHECK(first.input_tokens == Approx(1.25));
    CHECK(first.output_tokens == Approx(100));
    CHECK(first.output_from == OutputFrom::max_tokens);
    CHECK(first.is_at_most());
    const AgentLine& second = estimate.agents[1];
    CHECK(second.calls == Approx(10));
    CHECK(second.calls_from == CallsFrom::at_least);
    CHECK(second.output_tokens == Approx(4'096));
    CHECK(second.output_from == OutputFrom::default_most);
    CHECK(second.bounds.least == Approx(10));
    CHECK(second.bounds.most_with_errors.value() == Approx(10'000));
    CHECK_FALSE(second.cost_micros);
}

TEST_CASE("all attempts of an item may make the calls again") {
    const Estimate estimate = estimate_of({}, 10, 3);
    CHECK(estimate.agents[0].bounds.least == Approx(10));
    CHECK(estimate.agents[0].bounds.most_with_errors.value() == Approx(30));
}

TEST_CASE("trial runs tell the size of prompts, and calls where the graph leaves a choice") {
    const Estimate estimate = estimate_of(with_trials());
    CHECK(estimate.agents[0].calls_from == CallsFrom::graph);
    CHECK(estimate.agents[0].input_tokens == Approx(100));
    CHECK(estimate.agents[0].input_from == InputFrom::trial);
    CHECK(estimate.agents[1].calls == Approx(30));
    CHECK(estimate.agents[1].calls_from == CallsFrom::trial);
    CHECK(estimate.agents[1].input_tokens == Approx(50));
}

TEST_CASE("earlier executions tell the calls, earlier calls the length of answers") {
    Known known = with_trials();
    known.machine.executions = 8;
    known.machine.calls = {{"s", 1.5}, {"t", 4}};
    known.calls[{"p/m", "one"}] = {.calls = 100, .input_tokens = 7, .output_tokens = 30};
    known.calls[{"p/n", "one"}] = {.calls = 100, .input_tokens = 9, .output_tokens = 31};
    const Estimate estimate = estimate_of(known);
    CHECK(estimate.agents[0].calls == Approx(15));
    CHECK(estimate.agents[0].calls_from == CallsFrom::history);
    CHECK(estimate.agents[0].input_tokens == Approx(100));  // this batch's own prompts
    CHECK(estimate.agents[0].output_tokens == Approx(30));
    CHECK_FALSE(estimate.agents[0].is_at_most());
    CHECK(estimate.agents[1].calls == Approx(40));
    CHECK(estimate.agents[1].output_from == OutputFrom::default_most);  // of another stage
    known.trials = {};
    const Estimate without = estimate_of(known);
    CHECK(without.agents[0].input_tokens == Approx(7));
    CHECK(without.agents[0].input_from == InputFrom::history);
}

TEST_CASE("prices of the fleet's file make the cost, and a provider's is known when all of it is") {
    Known known = with_trials();
    known.providers["p"].prices = {{"m", {.input = 2, .output = 10}}};
    const Estimate estimate = estimate_of(known);
    CHECK(estimate.agents[0].cost_micros.value() == Approx(10 * (100 * 2 + 100 * 10)));
    CHECK_FALSE(estimate.agents[1].cost_micros);
    REQUIRE(estimate.providers.size() == 2);
    CHECK(estimate.providers[0].provider == "p/m");
    CHECK(estimate.providers[0].calls == Approx(10));
    CHECK(estimate.providers[0].need().tokens == Approx(2'000));
    CHECK(estimate.providers[0].cost_micros.value() == Approx(12'000));
    CHECK_FALSE(estimate.providers[1].cost_micros);
    CHECK(estimate.providers[1].need().cost_micros == 0);
}

TEST_CASE("an agent whose provider is nowhere is in trouble, and a program has no provider") {
    const auto program =
        program_of("  agents: {a: " + agent_of("x", "provider: nowhere, name: m") +
                   ", c: {type: command, config: {argv: [./tool, -v]}}}\n"
                   "  states:\n    s: {agent: a, transitions: [{to: t}]}\n"
                   "    t: {agent: c, transitions: [{to: e}]}\n    e: {type: final}\n");
    estimate::AllAgents agents = estimate::read_agents(*program, {});
    CHECK(agents.at({0, "a"}).trouble.find("`nowhere` of its profile is not known") !=
          std::string::npos);
    CHECK(agents.at({0, "c"}).trouble.empty());
    CHECK(agents.at({0, "c"}).program == "./tool");
    CHECK(agents.at({0, "c"}).provider.empty());
    agents::ProviderTable table;
    table["nowhere"].base_url = "http://127.0.0.1:1/v1";
    CHECK(estimate::read_agents(*program, table).at({0, "a"}).trouble.empty());
}

TEST_CASE("calls of the last days are summed by provider and stage") {
    const test_support::TestClock clock;
    const auto store = store::memory::make_memory_store({"memory", "", {}}, clock);
    const auto day = [&](int back) {
        return base::iso8601(clock.wall_now() - std::chrono::days(back)).substr(0, 10);
    };
    const std::vector<model::UsageRecord> usage{
        {day(0), "p/m", "one", 10, 1'000, 100, 50}, {day(6), "p/m", "one", 30, 1'000, 500, 150},
        {day(7), "p/m", "one", 1'000, 1, 1, 1},     {day(1), "p/m", "two", 5, 500, 50, 0},
        {day(1), "p/n", "one", 0, 500, 50, 0},
    };
    store->usage().record(usage);
    const estimate::CallHistories calls = estimate::read_calls(*store, clock.wall_now());
    REQUIRE(calls.size() == 2);
    const estimate::CallHistory& one = calls.at({"p/m", "one"});
    CHECK(one.calls == 40);
    CHECK(one.input_tokens == Approx(50));
    CHECK(one.output_tokens == Approx(15));
    CHECK(one.cost_micros == Approx(5));
    CHECK(one.from_day == day(6));
    CHECK(one.to_day == day(0));
}

TEST_CASE("a store without executions of the machine has no history of it") {
    const test_support::TestClock clock;
    const auto store = store::memory::make_memory_store({"memory", "", {}}, clock);
    CHECK(estimate::read_machine(*store, "default", "some hash", "m").executions == 0);
    CHECK_FALSE(estimate::read_times(*store, "default", {}));
}
