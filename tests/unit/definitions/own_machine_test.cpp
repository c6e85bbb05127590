// The built-in machines, edited copies of them, and what is wrong with such a copy.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "machines/calls/hooks_registry.hpp"
#include "machines/definitions/built_in.hpp"
#include "machines/engine/expression_checks.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/definitions/scripted.hpp"

namespace fleet::definitions_test {
namespace {

using definitions::LoadedMachine;
using definitions::OwnMachine;
using test_support::TemporaryFolder;

const std::vector<std::string_view> kActions{"begin", "work", "claim_job"};

/// One state, with what is missing otherwise in place.
std::string machine_of(const std::string& state, const std::string& more = {}) {
    return "spec: flatmachine\nspec_version: \"4.2.1\"\ndata:\n  name: small\n"
           "  persistence: {enabled: false}\n  settings: {max_steps: 0}\n" +
           more + "  states:\n    only: {type: final, " + state + "}\n";
}

std::filesystem::path write(const TemporaryFolder& folder, const std::string& text,
                            const std::string& name = "copy.yml") {
    const auto file = folder.path() / name;
    test_support::write_file(file, text);
    return file;
}

LoadedMachine load(const std::filesystem::path& file) {
    static const base::SystemClock clock;
    static base::Log log("test", base::LogLevel::off);
    return definitions::load_own_machine(
        file, kActions, [](const std::filesystem::path& /*folder*/) {
            return std::make_shared<calls::StandardHooks>(
                calls::HooksHost{}, calls::HookTable{}, std::map<std::string, calls::HooksMaker>{},
                clock, log);
        });
}

std::vector<std::string> faults(const std::filesystem::path& file) {
    const LoadedMachine loaded = load(file);
    REQUIRE(std::holds_alternative<std::vector<config::Diagnostic>>(loaded));
    std::vector<std::string> lines;
    for (const auto& one : std::get<std::vector<config::Diagnostic>>(loaded)) {
        lines.push_back(one.line().substr(file.string().size()));
    }
    return lines;
}

}  // namespace

TEST_CASE("the built-in machines have nothing wrong in them") {
    std::vector<std::string> names;
    for (const definitions::BuiltIn& one : definitions::built_ins()) {
        names.emplace_back(one.name);
        const config::LoadResult loaded = definitions::load_built_in(one.name);
        CHECK(loaded.diagnostics.empty());
        REQUIRE(loaded.bundle);
        CHECK(loaded.bundle->machines.front().name == one.name);
        for (const config::MachineDefinition& machine : loaded.bundle->machines) {
            CHECK_FALSE(machine.refusal);
            config::Findings findings("built-in");
            engine::check_expressions(machine, "", "", findings);
            CHECK(findings.all().empty());
        }
    }
    CHECK(names == std::vector<std::string>{"command", "coordinator", "reaper", "worker"});
    CHECK_THROWS_WITH(definitions::load_built_in("workr"),
                      Catch::Contains("there is no machine builtin:workr"));
}

TEST_CASE("an edited copy is refused with all that is wrong in it") {
    const TemporaryFolder folder;
    const auto file = write(folder,
                            "spec: flatmachine\nspec_version: \"4.2.1\"\ndata:\n  name: small\n"
                            "  states:\n"
                            "    one: {hooks: distributed-worker, action: claim_jobs,\n"
                            "          transitions: [{to: two}]}\n"
                            "    two: {action: work, transitions: [{to: three}]}\n"
                            "    three: {hooks: distributed-workr,\n"
                            "            transitions: [{condition: context., to: four}]}\n"
                            "    four: {wait_for: news, transitions: [{to: five}]}\n"
                            "    five: {type: final}\n");
    const std::vector<std::string> lines = faults(file);
    REQUIRE(lines.size() == 7);
    CHECK_THAT(lines[0] + lines[1], Catch::Contains("`persistence: {enabled: false}`") &&
                                        Catch::Contains("`settings: {max_steps: 0}`"));
    CHECK_THAT(lines[2], Catch::StartsWith(":6:") &&
                             Catch::Contains("there is no action `claim_jobs`; did you mean "
                                             "`claim_job`?"));
    CHECK_THAT(lines[3], Catch::StartsWith(":8:") && Catch::Contains("nobody runs the action"));
    CHECK_THAT(lines[4],
               Catch::StartsWith(":9:") && Catch::Contains("did you mean `distributed-worker`?"));
    CHECK_THAT(lines[5], Catch::StartsWith(":10:") && Catch::Contains("this condition cannot be "
                                                                      "read"));
    CHECK_THAT(lines[6], Catch::StartsWith(":11:") && Catch::Contains("`wait_for`"));
}

TEST_CASE("an edited copy may add hooks, and hooks that know actions of their own") {
    const TemporaryFolder folder;
    CHECK(std::holds_alternative<OwnMachine>(
        load(write(folder, machine_of("hooks: [logging, distributed-worker], action: work")))));
    CHECK(faults(write(folder, machine_of("hooks: [logging, distributed-worker], action: wrok")))
              .size() == 1);
    CHECK(std::holds_alternative<OwnMachine>(load(
        write(folder,
              machine_of(
                  "hooks: {name: webhook, args: {url: \"http://localhost:1\"}}, action: other")))));
}

TEST_CASE("a copy that is not there, or is no YAML, is refused") {
    const TemporaryFolder folder;
    CHECK_THAT(faults(folder.path() / "reaper.yml").front(),
               Catch::Contains("there is no such file"));
    CHECK_FALSE(faults(write(folder, "data: [")).empty());
}

TEST_CASE("a machine that a copy refers to is the built-in one unless there is one beside it") {
    const TemporaryFolder folder;
    const std::string text = machine_of("machine: reaper", "  machines: {reaper: ./reaper.yml}\n");
    const auto file = write(folder, text);
    // The built-in reaper calls what this program does not know.
    for (const std::string& line : faults(file)) {
        CHECK_THAT(line, Catch::Contains("there is no action"));
    }
    write(folder, machine_of("hooks: distributed-worker, action: work"), "reaper.yml");
    auto loaded = load(file);
    REQUIRE(std::holds_alternative<OwnMachine>(loaded));
    Scripted script;
    CHECK(script.run(std::get<OwnMachine>(loaded), kActions) == std::vector<std::string>{"work"});
}

TEST_CASE("what an action throws comes out of the machine as it was") {
    const TemporaryFolder folder;
    auto loaded = load(write(folder, machine_of("hooks: distributed-worker, action: work")));
    const OwnMachine& machine = std::get<OwnMachine>(loaded);
    Scripted config;
    config.on("work", [](Value&) { throw base::ConfigError("there is no pool", "make one"); });
    try {
        config.run(machine, kActions);
        FAIL("nothing was thrown");
    } catch (const base::ConfigError& error) {
        CHECK(error.full_text() == "there is no pool; make one");
    }
    Scripted store;
    store.on("work", [](Value&) {
        throw base::StoreError(base::StoreError::Kind::corrupt, "the file is damaged");
    });
    CHECK_THROWS_AS(store.run(machine, kActions), base::StoreError);
}

TEST_CASE("a machine that fails by itself is told with its file") {
    const TemporaryFolder folder;
    auto loaded = load(write(folder, machine_of("hooks: distributed-worker, action: work, "
                                                "output: {x: \"{{ context.nothing.at_all }}\"}")));
    Scripted script;
    CHECK_THROWS_WITH(script.run(std::get<OwnMachine>(loaded), kActions),
                      Catch::Contains("copy.yml") && Catch::Contains("running the machine"));
}

}  // namespace fleet::definitions_test
