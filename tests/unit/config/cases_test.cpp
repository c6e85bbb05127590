// The machine files of the conformance cases: which can be started, and what is wrong with the
// rest.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "machines/config/machine_bundle.hpp"
#include "tests/support/folders.hpp"

using namespace fleet;
using namespace fleet::config;
namespace fs = std::filesystem;

namespace {

fs::path cases() {
    return test_support::source_dir() / "tests/conformance/cases";
}

std::string first_load_error(const LoadResult& result) {
    for (const Diagnostic& one : result.diagnostics) {
        if (one.severity == Severity::load_error) {
            return one.message;
        }
    }
    return {};
}

}  // namespace

TEST_CASE("every machine file of the conformance cases loads unless its mistake is known") {
    // Beginnings of the messages, some of which the cases state.
    const std::map<std::string, std::string> refused{
        {"agent-ref-missing-file/machine.yml", "the file of the agent `a` is missing"},
        {"onerror-unknown-state/machine.yml", "`on_error` of `start` leads to `ghost`"},
        {"transitions-unknown-target/machine.yml", "a transition of `start` leads to `nowhere`"},
        {"valid-wrong-spec/machine.yml", "Invalid spec: expected 'flatmachine', got 'flatagent'"},
        {"valid-wrong-spec/nodata.yml", "Config missing 'data' section"},
        {"valid-wrong-spec/nostates.yml", "No states defined"},
        {"valid-wrong-spec/empty.yml", "Invalid spec: expected 'flatmachine', got 'None'"},
        {"valid-wrong-spec/list.yml", "a machine is a mapping, and this is a list"},
        {"valid-wrong-spec/badyaml.yml", "the YAML cannot be read"},
        {"valid-wrong-spec/backend.yml",
         "Unknown persistence backend 'redis'. Supported backends: "
         "'memory', 'local', 'sqlite'."},
        {"valid-wrong-spec/engine.yml", "Unknown expression engine: lua"},
    };
    std::size_t loaded = 0;
    std::set<std::string> seen;
    for (const auto& entry : fs::recursive_directory_iterator(cases())) {
        const fs::path& file = entry.path();
        const std::string name = fs::relative(file, cases()).string();
        const bool is_machine = file.extension() == ".yml" || file.filename() == "noname.json";
        if (!is_machine || file.filename() == "agent.yml") {
            continue;
        }
        const LoadResult result = load_machine(file);
        CAPTURE(name, first_load_error(result));
        const auto known = refused.find(name);
        CHECK(result.bundle.has_value() == (known == refused.end()));
        if (known != refused.end()) {
            seen.insert(name);
            CHECK_THAT(first_load_error(result), Catch::Matchers::StartsWith(known->second));
        } else if (result.bundle) {
            ++loaded;
            const LoadResult again = load_canonical(canonical_text(*result.bundle));
            CHECK(again.bundle.has_value());
        }
    }
    CHECK(loaded > 140);
    CHECK(seen.size() == refused.size());
}

TEST_CASE("the findings of the schema case are at the paths that the schema gives") {
    std::vector<std::string> paths;
    for (const Diagnostic& one :
         load_machine(cases() / "valid-schema-errors/machine.yml").diagnostics) {
        if (one.severity != Severity::warning) {
            paths.push_back(one.path);
        }
    }
    std::ranges::sort(paths);
    CHECK(paths == std::vector<std::string>{
                       "data.settings.max_steps", "data.states.fin.output",
                       "data.states.start.timeout", "data.states.start.transitions.0",
                       "data.states.start.transitions.0.condition", "data.states.start.type"});
}
