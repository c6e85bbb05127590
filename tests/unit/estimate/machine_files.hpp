// Machines of texts, ready to be estimated.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "machines/engine/program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::estimate_test {

/// The data of `machine.yml`, and other files as they are.
inline std::shared_ptr<const engine::Program> program_of(
    const std::string& data, const std::map<std::string, std::string>& files = {}) {
    const test_support::TemporaryFolder folder;
    test_support::write_file(
        folder / "machine.yml",
        "spec: flatmachine\nspec_version: \"4.2.1\"\ndata:\n  name: m\n" + data);
    for (const auto& [name, text] : files) {
        test_support::write_file(folder / name, text);
    }
    auto loaded = config::load_machine(folder / "machine.yml");
    for (const config::Diagnostic& one : loaded.diagnostics) {
        INFO(one.line());
        CHECK(one.severity == config::Severity::warning);
    }
    REQUIRE(loaded.bundle);
    // As it is kept for a run: with names instead of paths.
    auto kept = config::load_canonical(config::canonical_text(*loaded.bundle));
    REQUIRE(kept.bundle);
    return engine::Program::compile(*std::move(kept.bundle));
}

/// An agent in place: `user` is its prompt, `rest` further members of the prompt's data.
inline std::string agent_of(const std::string& user, const std::string& model,
                            const std::string& rest = "") {
    return "{spec: flatagent, spec_version: \"4.2.1\", data: {prompt: {spec: prompt, spec_version: "
           "\"4.2.1\", data: {user: \"" +
           user + "\"" + rest + "}}, profile: {" + model + "}}}";
}

}  // namespace fleet::estimate_test
