#include <filesystem>

#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "machines/config/machine_bundle.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace fleet;
using namespace fleet::config;

namespace {

/// A machine with these members of `data`, and one final state unless it has states.
std::string machine(const std::string& name, const std::string& data = {}) {
    std::string text =
        "spec: flatmachine\nspec_version: \"4.2.1\"\ndata:\n  name: " + name + "\n" + data;
    if (data.find("states:") == std::string::npos) {
        text += "  states: {start: {type: final}}\n";
    }
    return text;
}

const std::string kAgent =
    "spec: flatagent\nspec_version: \"4.2.1\"\ndata: {prompt: {user: hi}, profile: small}\n";

struct Folder {
    test_support::TemporaryFolder folder;

    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((folder / name).parent_path());
        test_support::write_file(folder / name, text);
    }
    [[nodiscard]] LoadResult load(const std::string& name = "m.yml") const {
        LoadResult result = load_machine(folder / name);
        for (const Diagnostic& one : result.diagnostics) {
            UNSCOPED_INFO(one.line());
        }
        return result;
    }
    /// A message without the folder, which may stand in it several times.
    [[nodiscard]] std::string line(const Diagnostic& one) const {
        std::string line = one.line();
        const std::string prefix = folder.path().string() + "/";
        for (auto at = line.find(prefix); at != std::string::npos; at = line.find(prefix)) {
            line.erase(at, prefix.size());
        }
        return line;
    }
};

}  // namespace

TEST_CASE("references are found from the folder of the file that holds them") {
    const Folder box;
    box.write("m.yml", machine("root", "  machines: {kid: sub/kid.yml}\n"));
    box.write("sub/kid.yml", machine("kid",
                                     "  agents: {w: ./agent.yml}\n"
                                     "  machines: {up: ../other.yml}\n"));
    box.write("sub/agent.yml", kAgent);
    box.write("other.yml", machine("other"));
    const LoadResult result = box.load();
    REQUIRE(result.bundle);
    CHECK(result.diagnostics.empty());
    const auto& machines = result.bundle->machines;
    REQUIRE(machines.size() == 3);
    const MachineDefinition& kid = machines.at(machines[0].find_machine("kid")->index.value());
    CHECK(kid.name == "kid");
    CHECK(kid.find_agent("w")->file == "sub/agent.yml");
    CHECK(kid.find_agent("w")->document->find("spec")->value.text == "flatagent");
    CHECK(machines.at(kid.find_machine("up")->index.value()).name == "other");
}

TEST_CASE("a machine in place has its own definition and the references of its file's folder") {
    const Folder box;
    box.write("sub/m.yml", machine("root",
                                   "  machines:\n    inner:\n      spec: flatmachine\n"
                                   "      spec_version: \"4.2.1\"\n      data:\n"
                                   "        machines: {kid: kid.yml}\n"
                                   "        states: {start: {type: final}}\n"
                                   "  states: {start: {type: final}}\n"));
    box.write("sub/kid.yml", machine("kid"));
    const LoadResult result = box.load("sub/m.yml");
    REQUIRE(result.bundle);
    const auto& machines = result.bundle->machines;
    const MachineDefinition& inner = machines.at(machines[0].find_machine("inner")->index.value());
    CHECK(inner.name == "unnamed-machine");
    CHECK(machines.at(inner.find_machine("kid")->index.value()).name == "kid");
}

TEST_CASE("machines may refer to themselves and to each other") {
    const Folder box;
    box.write("m.yml", machine("root", "  machines: {self: ./m.yml, kid: kid.yml}\n"));
    box.write("kid.yml", machine("kid", "  machines: {up: m.yml}\n"));
    const LoadResult result = box.load();
    REQUIRE(result.bundle);
    const auto& machines = result.bundle->machines;
    REQUIRE(machines.size() == 2);
    CHECK(machines[0].find_machine("self")->index == 0U);
    CHECK(machines[1].find_machine("up")->index == 0U);
}

TEST_CASE("a missing child machine's message names both files") {
    const Folder box;
    box.write("m.yml", machine("root", "  machines: {kid: sub/kid.yml}\n"));
    const LoadResult result = box.load();
    REQUIRE(result.diagnostics.size() == 1);
    CHECK(box.line(result.diagnostics[0]) ==
          "m.yml:5:19: error: the file of the machine `kid` is missing: sub/kid.yml; `sub/kid.yml` "
          "is "
          "looked for from the folder of this file");
    CHECK(has_errors(result.diagnostics));
    REQUIRE(result.bundle);
    CHECK_FALSE(result.bundle->machines[0].find_machine("kid")->index);
}

TEST_CASE("a missing agent file keeps the machine from being started") {
    const Folder box;
    box.write("m.yml", machine("root", "  agents: {a: ./gone.yml}\n"));
    const LoadResult result = box.load();
    CHECK_FALSE(result.bundle);
    REQUIRE(result.diagnostics.size() == 1);
    CHECK(result.diagnostics[0].fault == Fault::missing_file);
    CHECK(
        box.line(result.diagnostics[0]) ==
        "m.yml:5:15: error: the file of the agent `a` is missing: gone.yml; it is looked for from "
        "the folder of this file");
}

TEST_CASE("a bundle brings along the prompts and the catalogue that its agents name") {
    const std::string agent = "spec: flatagent\nspec_version: \"4.2.1\"\ndata:\n  prompt: ";
    const Folder box;
    box.write("m.yml", machine("root", "  agents: {a: sub/a.yml, b: sub/b.yml}\n"));
    box.write("sub/a.yml", agent + "../p.yml\n  profile: cheap\n");
    box.write("sub/b.yml", agent + "gone.yml\n  profile: {provider: x, name: y}\n");
    box.write("p.yml", "user: hi\n");
    box.write("profiles.yml", "spec: flatprofile\n");
    const LoadResult result = box.load();
    REQUIRE(result.bundle);
    CHECK(result.bundle->files.contains("p.yml"));
    CHECK(result.bundle->files.contains("profiles.yml"));
    REQUIRE(result.diagnostics.size() == 1);
    CHECK(box.line(result.diagnostics[0]) ==
          "sub/b.yml:4:11: error: the prompt's file is missing: sub/gone.yml; `gone.yml` is looked "
          "for from the folder of this file");
    const LoadResult again = load_canonical(canonical_text(*result.bundle));
    REQUIRE(again.bundle);
    CHECK(again.bundle->files.at("p.yml").find("user")->value.text == "hi");
}

TEST_CASE("a mistake in a child is reported in the child's file and refuses only the child") {
    const Folder box;
    box.write("m.yml", machine("root", "  machines: {a: kid.yml, b: bad.yml}\n"));
    box.write("kid.yml", machine("kid", "  states: {start: {transitions: [{to: gone}]}}\n"));
    box.write("bad.yml", "a: [");
    const LoadResult result = box.load();
    REQUIRE(result.bundle);
    REQUIRE(result.diagnostics.size() == 2);
    CHECK(box.line(result.diagnostics[0]) ==
          "kid.yml:5:39: error: a transition of `start` leads to `gone`, which is no state; use "
          "`start`");
    CHECK_THAT(box.line(result.diagnostics[1]), Catch::Matchers::StartsWith("bad.yml:1:"));
    CHECK_FALSE(result.bundle->machines[0].refusal);
    CHECK(result.bundle->machines[1].refusal);
    CHECK(result.bundle->machines[2].refusal->fault == Fault::syntax);
}

TEST_CASE("a file that is not there or cannot be read is a diagnostic") {
    const Folder box;
    const LoadResult result = box.load("gone.yml");
    REQUIRE(result.diagnostics.size() == 1);
    CHECK(box.line(result.diagnostics[0]) ==
          "gone.yml:1:1: error: there is no such file; check the path");
    CHECK(result.diagnostics[0].fault == Fault::missing_file);
    box.write("folder.yml/x", "");
    const LoadResult folder = box.load("folder.yml");
    REQUIRE(folder.diagnostics.size() == 1);
    CHECK(box.line(folder.diagnostics[0]) ==
          "folder.yml:1:1: error: reading folder.yml: it is a folder; name a machine file");
}

TEST_CASE("the initial state is the typed one, else start, else the first") {
    struct Row {
        std::string states;
        std::string initial;
    };
    const std::vector<Row> rows{
        {"{a: {type: final}, start: {type: final}, b: {type: initial}}", "b"},
        {"{a: {type: final}, start: {type: final}}", "start"},
        {"{b: {type: final}, a: {type: final}}", "b"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.states);
        const Folder box;
        box.write("m.yml", machine("root", "  states: " + row.states + "\n"));
        const LoadResult result = box.load();
        REQUIRE(result.bundle);
        const MachineDefinition& root = result.bundle->machines[0];
        CHECK(root.states.at(root.initial).name == row.initial);
    }
}

TEST_CASE("a state may be named on, and meant by yes") {
    const Folder box;
    box.write("m.yml",
              machine("root",
                      "  states:\n    start: {transitions: [{to: on}]}\n"
                      "    on: {on_error: yes, transitions: [{to: 1}]}\n    1: {type: final}\n"));
    const LoadResult result = box.load();
    REQUIRE(result.bundle);
    const auto& states = result.bundle->machines[0].states;
    CHECK(states.at(0).transitions.at(0).to == "on");
    CHECK(states.at(1).on_error.at(0).state == "on");
    CHECK(states.at(1).transitions.at(0).to == "1");
    const LoadResult stored = load_canonical(canonical_text(*result.bundle));
    REQUIRE(stored.bundle);
    CHECK(stored.bundle->machines[0].states.at(0).transitions.at(0).to == "on");
}

TEST_CASE("every member of a state is read") {
    const Folder box;
    box.write("m.yml",
              machine("root",
                      "  agents: {w: {type: llm}}\n"
                      "  machines: {k: m.yml}\n"
                      "  settings: {max_steps: .inf, max_depth: 3, any: cancel}\n"
                      "  persistence: {enabled: true, backend: sqlite, db_path: x, "
                      "checkpoint_on: [execute]}\n"
                      "  lifecycle_hooks: [log, {name: h, args: {a: 1}}]\n"
                      "  states:\n    start:\n      agent: w\n"
                      "      execution: {type: retry, backoffs: [0, 1.5], jitter: 0.1}\n"
                      "      sampling: multi\n      tool_loop: {max_turns: '{{ context.t }}'}\n"
                      "      timeout: 1:30\n      on_error: {default: fin, X: start}\n"
                      "      metadata: {stage: cheap}\n      transitions: [{to: fan}]\n"
                      "    fan:\n      foreach: context.list\n      as: doc\n      key: doc.id\n"
                      "      machine: [{name: k, input: {a: 1}}]\n      mode: any\n"
                      "      launch: k\n      launch_input: {b: 2}\n      action: act\n"
                      "      output_to_context: {r: output}\n"
                      "      transitions: [{condition: context.r, to: fin}]\n"
                      "    fin: {type: final, output: {r: context.r}}\n"));
    const LoadResult result = box.load();
    REQUIRE(result.bundle);
    CHECK(result.diagnostics.empty());
    const MachineDefinition& root = result.bundle->machines[0];
    CHECK(root.settings.max_steps == 0);
    CHECK(root.settings.max_depth == 3);
    CHECK(root.settings.any_cancels);
    CHECK(root.persistence->backend == PersistenceKind::sqlite);
    CHECK(root.persistence->checkpoint_on == std::vector<std::string>{"execute"});
    CHECK(root.lifecycle_hooks.at(1).args->find("a")->value.as_integer() == 1);
    const State& start = root.states.at(0);
    CHECK(start.agent == "w");
    CHECK(start.execution->type == ExecutionType::retry);
    CHECK(start.execution->backoffs_s == std::vector<double>{0, 1.5});
    CHECK(start.sampling == Sampling::multi);
    CHECK(start.tool_loop->max_turns->text.text == "{{ context.t }}");
    CHECK(start.timeout_s == 90);
    CHECK(start.on_error.at(1).type == "X");
    CHECK(start.stage == "cheap");
    const State& fan = root.states.at(1);
    CHECK(fan.foreach->text == "context.list");
    CHECK(fan.as == "doc");
    CHECK(fan.key->text == "doc.id");
    CHECK(fan.machines.at(0).input->find("a")->value.as_integer() == 1);
    CHECK(fan.is_machine_list);
    CHECK(fan.mode == Mode::any);
    CHECK(fan.launch.at(0).name == "k");
    CHECK(fan.transitions.at(0).condition->text == "context.r");
    CHECK(root.states.at(2).type == StateType::final_state);
}

TEST_CASE("the canonical text has the meaning of the files and not their form") {
    const Folder one;
    one.write("m.yml", machine("root", "  machines: {kid: sub/kid.yml}\n  agents: {a: a.yml}\n"));
    one.write("sub/kid.yml", machine("kid", "  context: {n: .inf, d: &x {a: 1}, e: *x}\n"));
    one.write("a.yml", kAgent);
    const Folder two;
    two.write("m.yml", "# the same\n" + machine("'root'",
                                                "  machines:\n    kid: \"sub/kid.yml\"\n\n"
                                                "  agents:\n    a: a.yml # here\n"));
    two.write("sub/kid.yml", machine("kid", "  context: {n: +.inf, d: {a: 0x1}, e: {a: 1}}\n"));
    two.write("a.yml", kAgent);
    const std::string text = canonical_text(one.load().bundle.value());
    CHECK(text == canonical_text(two.load().bundle.value()));
    const LoadResult stored = load_canonical(text);
    REQUIRE(stored.bundle);
    CHECK(stored.diagnostics.empty());
    CHECK(canonical_text(*stored.bundle) == text);
    CHECK(stored.bundle->machines.at(1).name == "kid");
    CHECK(stored.bundle->machines.at(0).find_agent("a")->document);

    two.write("sub/kid.yml", machine("kid", "  context: {n: .inf, d: {a: 2}, e: {a: 1}}\n"));
    CHECK(text != canonical_text(two.load().bundle.value()));
}

TEST_CASE("what is no canonical text is refused") {
    for (const char* text : {"", "{}", "[1]", "{\"file\":1,\"files\":{}}", "{\"file\":\"a\"}"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(load_canonical(text), base::ConfigError);
    }
    CHECK_FALSE(load_canonical("{\"file\":\"a\",\"files\":{}}").bundle);
}
