// The machine files of the conformance cases: which can be started, and what is wrong with the
// rest.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "machines/config/machine_bundle.hpp"
#include "machines/config/machine_reader.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/temporary_folder.hpp"

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

TEST_CASE("a machine's file with anything changed is read or refused") {
    std::vector<std::string> texts;
    for (const auto& entry : fs::recursive_directory_iterator(cases())) {
        if (entry.path().extension() == ".yml") {
            texts.push_back(test_support::read_file(entry.path()));
        }
    }
    REQUIRE(texts.size() > 150);
    REQUIRE(rc::check("pieces of files put into files", [&] {
        const std::string& from = *rc::gen::elementOf(texts);
        std::string text = *rc::gen::elementOf(texts);
        const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
        const auto removed = *rc::gen::inRange<std::size_t>(0, 20);
        const auto begin = *rc::gen::inRange<std::size_t>(0, from.size());
        const auto length = *rc::gen::inRange<std::size_t>(0, 40);
        text.replace(at, removed, from.substr(begin, length));
        const ParsedDocument parsed = parse_document(text, "m.yml", Syntax::yaml);
        if (!parsed.root) {
            RC_ASSERT(has_load_errors(parsed.diagnostics));
            return;
        }
        Findings findings("m.yml");
        const ReadMachine read = read_machine(*parsed.root, {}, findings);
        RC_ASSERT(read.definition.refusal || !read.definition.states.empty());
        for (const Diagnostic& one : findings.all()) {
            RC_ASSERT(one.at.line >= 1);
            RC_ASSERT(one.at.column >= 1);
            RC_ASSERT(!one.message.empty());
        }
    }));
}
