// Trial runs: prompts of real items, invented answers, and nothing that leaves the process.
#include "machines/estimate/trial.hpp"

#include <catch2/catch.hpp>

#include "machines/estimate/stand_in.hpp"
#include "machines/expression/print.hpp"
#include "tests/unit/estimate/machine_files.hpp"

using namespace fleet;
using estimate::Site;
using estimate::SiteTrial;
using estimate::Trials;
using estimate_test::agent_of;
using estimate_test::program_of;

namespace {

const std::string kModel = "provider: openai, name: gpt, max_tokens: 100";

Trials try_out(const std::shared_ptr<const engine::Program>& program,
               const std::vector<std::string>& items, std::int64_t answer_tokens = 100) {
    const base::SystemClock clock;
    const agents::ProviderTable providers;
    const estimate::AllAgents agents = estimate::read_agents(*program, providers);
    estimate::TrialRuns trials(
        {.program = program,
         .agents = agents,
         .providers = providers,
         .clock = clock,
         .answer_tokens = [=](const estimate::AgentFacts&, const std::string&) {
             return answer_tokens;
         }});
    for (const std::string& item : items) {
        (void)trials.run(item);
    }
    return trials.result();
}

std::string text_of(std::size_t bytes) {
    return std::string(bytes, 'y');
}

}  // namespace

TEST_CASE("a prompt is as large as the item makes it, in tokens of four bytes") {
    const auto program = program_of(
        "  context: {text: '{{ input.text }}'}\n"
        "  agents: {a: " +
        agent_of("Read {{ input.text }}", kModel) +
        "}\n"
        "  states:\n"
        "    s: {agent: a, input: {text: context.text}, transitions: [{to: e}]}\n"
        "    e: {type: final}\n");
    const auto tokens = [&](std::size_t bytes) {
        const Trials trials = try_out(program, {"{\"text\": \"" + text_of(bytes) + "\"}"});
        CHECK(trials.items == 1);
        CHECK(trials.ended_early == 0);
        const SiteTrial site = trials.sites.at({0, 0});
        CHECK(site.calls == 1);
        CHECK(site.measured == 1);
        return site.input_tokens;
    };
    // What stands around the text is the same in each request.
    CHECK(tokens(4'000) - tokens(0) == 1'000);
    CHECK(tokens(400'000) - tokens(0) == 100'000);
    CHECK(tokens(0) > 5);
    CHECK(tokens(0) < 60);
}

TEST_CASE("later prompts hold stand-ins for earlier answers") {
    const auto program = program_of(
        "  agents: {a: " +
        agent_of("x", kModel, ", output: {found: {type: list, items: {type: str}}}") +
        ", b: " + agent_of("{% for one in input.found %}{{ one }}{% endfor %}", kModel) +
        "}\n"
        "  states:\n"
        "    s: {agent: a, output_to_context: {found: output.found}, transitions: [{to: t}]}\n"
        "    t: {agent: b, input: {found: context.found}, transitions: [{to: e}]}\n"
        "    e: {type: final}\n");
    const auto second = [&](std::int64_t tokens) {
        return try_out(program, {"{}"}, tokens).sites.at({0, 1}).input_tokens;
    };
    CHECK(second(1'000) - second(0) == 1'000);
}

TEST_CASE("loops over what the item holds go around as often as they would") {
    const auto program = program_of(
        "  context: {left: input.rounds, parts: input.parts}\n"
        "  agents: {a: " +
        agent_of("x", kModel) +
        "}\n"
        "  machines:\n"
        "    part:\n"
        "      spec: flatmachine\n"
        "      spec_version: \"4.2.1\"\n"
        "      data:\n"
        "        name: part\n"
        "        agents: {a: " +
        agent_of("{{ input.part }}", kModel) +
        "}\n"
        "        context: {part: '{{ input.part }}'}\n"
        "        states:\n"
        "          p: {agent: a, input: {part: context.part}, transitions: [{to: q}]}\n"
        "          q: {type: final}\n"
        "  states:\n"
        "    s:\n"
        "      agent: a\n"
        "      output_to_context: {left: '{{ context.left | int - 1 }}'}\n"
        "      transitions: [{condition: 'context.left != \"0\"', to: s}, {to: f}]\n"
        "    f: {foreach: context.parts, as: part, machine: part, input: {part: part}, "
        "transitions: [{to: e}]}\n"
        "    e: {type: final}\n");
    const Trials trials = try_out(
        program, {R"({"rounds": 3, "parts": ["a", "b"]})", R"({"rounds": 1, "parts": ["c"]})"});
    INFO(trials.why);
    CHECK(trials.items == 2);
    CHECK(trials.sites.at({0, 0}).calls == 4);
    CHECK(trials.sites.at({1, 0}).calls == 3);
}

TEST_CASE("programs, hooks and actions are not started, and signals not waited for") {
    const test_support::TemporaryFolder folder;
    const std::string mark = (folder / "mark").string();
    const auto program =
        program_of("  agents: {c: {type: command, config: {argv: [touch, '" + mark +
                   "']}}, a: " + agent_of("x", kModel) +
                   "}\n"
                   "  lifecycle_hooks: nobody-knows-these\n"
                   "  states:\n"
                   "    s: {agent: c, transitions: [{to: t}]}\n"
                   "    t: {action: make_a_file, hooks: nor-these, transitions: [{to: w}]}\n"
                   "    w: {wait_for: 'approval/1', transitions: [{to: u}]}\n"
                   "    u: {agent: a, transitions: [{to: e}]}\n"
                   "    e: {type: final}\n");
    const Trials trials = try_out(program, {"{}"});
    INFO(trials.why);
    CHECK(trials.ended_early == 0);
    CHECK(trials.sites.at({0, 0}).calls == 1);
    CHECK(trials.sites.at({0, 0}).measured == 0);
    CHECK(trials.sites.at({0, 3}).calls == 1);
    CHECK_FALSE(std::filesystem::exists(mark));
}

TEST_CASE("what would fail is said, and what came before it is counted") {
    const auto program =
        program_of("  agents: {a: " + agent_of("x", kModel) +
                       "}\n"
                       "  states:\n"
                       "    s: {agent: a, transitions: [{to: t}]}\n"
                       "    t: {foreach: context.nothing, machine: none, transitions: [{to: e}]}\n"
                       "    e: {type: final}\n"
                       "  machines: {none: ./none.yml}\n",
                   {{"none.yml",
                     "spec: flatmachine\nspec_version: \"4.2.1\"\ndata:\n  name: n\n  states:\n"
                     "    e: {type: final}\n"}});
    const Trials trials = try_out(program, {"{}", "{}"});
    CHECK(trials.items == 2);
    CHECK(trials.ended_early == 2);
    CHECK_FALSE(trials.why.empty());
    CHECK(trials.sites.at({0, 0}).calls == 2);
}

TEST_CASE("a machine that goes around for ever is cut off") {
    const auto program = program_of("  agents: {a: " + agent_of("x", kModel) +
                                    "}\n"
                                    "  states:\n"
                                    "    s: {agent: a, transitions: [{to: s}]}\n"
                                    "  settings: {max_steps: 0}\n");
    const Trials trials = try_out(program, std::vector<std::string>(50, "{}"));
    CHECK(trials.is_cut);
    CHECK(trials.sites.at({0, 0}).calls <= estimate::kMostTrialCalls);
    CHECK(trials.sites.at({0, 0}).calls >= 1'000);
}

TEST_CASE("a machine whose children multiply is cut off before they are too many") {
    const auto program =
        program_of("  agents: {a: " + agent_of("x", kModel) +
                   "}\n"
                   "  machines: {again: ./machine.yml}\n"
                   "  states:\n"
                   "    s: {agent: a, transitions: [{to: t}]}\n"
                   "    t: {machine: [again, again, again], transitions: [{to: e}]}\n"
                   "    e: {type: final}\n");
    const Trials trials = try_out(program, {"{}", "{}"});
    CHECK(trials.is_cut);
    CHECK(trials.sites.at({0, 0}).calls >= 1);
    CHECK(trials.sites.at({0, 0}).calls <= 2 * estimate::kMostTrialChildren);
}

TEST_CASE("a stand-in has the form of the answer and its length") {
    const auto field = [](const std::string& name, agents::FieldType type) {
        agents::OutputField one;
        one.name = name;
        one.type = type;
        return one;
    };
    const agents::OutputField text = field("text", agents::FieldType::text);
    agents::OutputField choice = field("choice", agents::FieldType::text);
    choice.choices = {"first", "second"};
    const agents::OutputField number = field("number", agents::FieldType::integer);
    agents::OutputField list = field("list", agents::FieldType::list);
    list.items.push_back(text);
    const agents::OutputSchema schema({text, choice, number, list});
    const auto answer = estimate::stand_in(schema, 10);
    CHECK(expression::to_json(answer.output) ==
          R"({"text":"xxxxxxxxxxxxxxxxxxxx","choice":"first","number":1,)"
          R"("list":["xxxxxxxxxxxxxxxxxxxx"]})");
    const auto plain = estimate::stand_in({}, 3);
    CHECK(plain.content == "xxxxxxxxxxxx");
    CHECK(plain.output.is_null());
}
