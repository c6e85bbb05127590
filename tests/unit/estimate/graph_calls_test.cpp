// How often a machine calls its agents, by its graph alone.
#include "machines/estimate/graph_calls.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/estimate/machine_files.hpp"

namespace fleet::estimate {

std::ostream& operator<<(std::ostream& out, const Bounds& bounds) {
    const auto text = [](const std::optional<double>& most) {
        return most ? std::to_string(*most) : std::string("no limit");
    };
    return out << bounds.least << " to " << text(bounds.most) << ", with errors "
               << text(bounds.most_with_errors);
}

}  // namespace fleet::estimate

using namespace fleet;
using estimate::Bounds;
using estimate_test::agent_of;
using estimate_test::program_of;

namespace {

const std::string kAgents = "  agents: {a: " + agent_of("x", "provider: p, name: m") + "}\n";

std::vector<Bounds> visits(const std::string& states) {
    const auto program = program_of(kAgents + "  states:\n" + states);
    return estimate::visits_of(program->machines().front());
}

Bounds calls(const std::string& members, bool repairs = false) {
    const auto program = program_of(kAgents + "  states:\n    s: {agent: a" + members +
                                    ", transitions: [{to: e}]}\n    e: {type: final}\n");
    return estimate::calls_of_visit(*program->machines().front().states.front().definition,
                                    repairs);
}

constexpr std::nullopt_t kUnbounded = std::nullopt;

}  // namespace

TEST_CASE("states on the only way to the end are visited once") {
    const auto all = visits(
        "    one: {agent: a, transitions: [{to: two}]}\n"
        "    two: {agent: a, transitions: [{to: end}]}\n"
        "    end: {type: final}\n"
        "    nobody: {agent: a, transitions: [{to: end}]}\n");
    CHECK(all == std::vector<Bounds>{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}});
}

TEST_CASE("branches are visited at most once, what they come together in at least once") {
    const auto all = visits(
        "    one: {transitions: [{condition: 'context.a == 1', to: left}, {to: right}]}\n"
        "    left: {agent: a, transitions: [{to: join}]}\n"
        "    right: {agent: a, transitions: [{to: join}]}\n"
        "    join: {agent: a, transitions: [{to: end}]}\n"
        "    end: {type: final}\n");
    CHECK(all[1] == Bounds{0, 1, 1});
    CHECK(all[2] == Bounds{0, 1, 1});
    CHECK(all[3] == Bounds{1, 1, 1});
}

TEST_CASE("a transition that is never taken, or stands behind one that always is, leads nowhere") {
    const auto all = visits(
        "    one: {transitions: [{condition: 'false', to: left}, {to: end}, {to: right}]}\n"
        "    left: {agent: a, transitions: [{to: end}]}\n"
        "    right: {agent: a, transitions: [{to: end}]}\n"
        "    end: {type: final}\n");
    CHECK(all[1] == Bounds{0, 0, 0});
    CHECK(all[2] == Bounds{0, 0, 0});
    CHECK(all[3] == Bounds{1, 1, 1});
}

TEST_CASE("where no condition needs to hold, the machine may end") {
    const auto all = visits(
        "    one: {agent: a, transitions: [{condition: 'context.a == 1', to: two}]}\n"
        "    two: {agent: a, transitions: [{to: end}]}\n"
        "    end: {type: final}\n");
    CHECK(all[0] == Bounds{1, 1, 1});
    CHECK(all[1] == Bounds{0, 1, 1});
}

TEST_CASE("a loop is bounded by the machine's steps, if by anything") {
    const std::string loop =
        "    one: {agent: a, transitions: [{condition: 'context.a == 1', to: one}, {to: two}]}\n"
        "    two: {agent: a, transitions: [{to: end}]}\n"
        "    end: {type: final}\n";
    CHECK(visits(loop)[0] == Bounds{1, 1'000, 1'000});
    CHECK(visits(loop)[1] == Bounds{1, 1, 1});
    CHECK(visits(loop + "  settings: {max_steps: 40}\n")[0] == Bounds{1, 40, 40});
    CHECK(visits(loop + "  settings: {max_steps: 0}\n")[0] == Bounds{1, kUnbounded, kUnbounded});
}

TEST_CASE("the routes of errors raise only the bound that counts errors") {
    const auto all = visits(
        "    one: {agent: a, on_error: mend, transitions: [{to: end}]}\n"
        "    mend: {agent: a, transitions: [{to: one}]}\n"
        "    end: {type: final}\n");
    CHECK(all[0] == Bounds{1, 1, 1'000});
    CHECK(all[1] == Bounds{0, 0, 1'000});
}

TEST_CASE("a visit's calls are those of the state's strategy") {
    CHECK(calls("") == Bounds{1, 1, 1});
    CHECK(calls("", true) == Bounds{1, 1, 2});
    CHECK(calls(", execution: {type: retry, backoffs: [1, 4]}") == Bounds{1, 1, 3});
    CHECK(calls(", execution: {type: retry, backoffs: [1, 4]}", true) == Bounds{1, 1, 6});
    CHECK(calls(", execution: {type: retry}") == Bounds{1, 1, 5});
    CHECK(calls(", execution: {type: parallel, n_samples: 4}") == Bounds{4, 4, 4});
    CHECK(calls(", execution: {type: mdap_voting, k_margin: 2, max_candidates: 6}") ==
          Bounds{2, 6, 6});
    CHECK(calls(", tool_loop: {max_turns: 7}", true) == Bounds{1, 8, 8});
    CHECK(calls(", tool_loop: {max_turns: '{{ context.n }}'}") ==
          Bounds{1, kUnbounded, kUnbounded});
}

TEST_CASE("children count as often as they are started") {
    const std::string child =
        "spec: flatmachine\nspec_version: \"4.2.1\"\ndata:\n  name: c\n" + kAgents +
        "  states:\n    s: {agent: a, transitions: [{to: e}]}\n    e: {type: final}\n";
    const auto program = program_of(
        "  machines: {one: ./one.yml, each: ./each.yml, aside: ./aside.yml}\n"
        "  states:\n"
        "    s: {machine: [one, one], transitions: [{to: t}]}\n"
        "    t: {launch: aside, transitions: [{to: u}]}\n"
        "    u: {foreach: context.list, machine: each, transitions: [{to: e}]}\n"
        "    e: {type: final}\n",
        {{"one.yml", child}, {"each.yml", child}, {"aside.yml", child}});
    std::map<std::string, Bounds> found;
    for (const estimate::SiteRuns& runs : estimate::sites_of(*program, 0)) {
        found[program->machines()[runs.site.machine].definition->file] = runs.visits;
    }
    REQUIRE(found.size() == 3);
    CHECK(found.at("one.yml") == Bounds{2, 2, 2});
    CHECK(found.at("each.yml") == Bounds{0, kUnbounded, kUnbounded});
    CHECK(found.at("aside.yml") == Bounds{1, 1, 1});
}

TEST_CASE("a machine that starts itself has no bound but its beginning") {
    const auto program = program_of(
        kAgents +
        "  machines: {again: ./machine.yml}\n"
        "  states:\n"
        "    s: {agent: a, transitions: [{condition: 'context.n > 0', to: t}, {to: e}]}\n"
        "    t: {machine: again, transitions: [{to: e}]}\n"
        "    e: {type: final}\n");
    const auto sites = estimate::sites_of(*program, 0);
    REQUIRE(sites.size() == 1);
    CHECK(sites.front().visits == Bounds{1, kUnbounded, kUnbounded});
}
