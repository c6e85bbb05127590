// The files that docs/agents.md shows are read as it says.
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "machines/agents/agent_loader.hpp"
#include "machines/config/document.hpp"
#include "tests/support/folders.hpp"

namespace {

using namespace fleet;
using namespace fleet::agents;

/// The blocks of YAML whose first line is a comment with a file's name.
std::map<std::string, std::string> files_of_the_page() {
    std::ifstream page(test_support::source_dir() / "docs/agents.md");
    std::map<std::string, std::string> files;
    std::string line;
    std::string name;
    bool is_inside = false;
    while (std::getline(page, line)) {
        if (line.starts_with("```")) {
            is_inside = line == "```yaml";
            name.clear();
        } else if (is_inside && name.empty()) {
            name = line.starts_with("# ") ? line.substr(2) : "-";
        } else if (is_inside && name != "-") {
            files[name] += line + '\n';
        }
    }
    return files;
}

}  // namespace

TEST_CASE("the page about agents shows files that are accepted") {
    std::map<std::string, config::Node> nodes;
    for (const auto& [name, text] : files_of_the_page()) {
        auto parsed = config::parse_document(text, name, config::Syntax::yaml);
        REQUIRE(parsed.root);
        nodes[name] = std::move(*parsed.root);
    }
    REQUIRE(nodes.contains("writer.yml"));
    REQUIRE(nodes.contains("prompts/title.yml"));
    REQUIRE(nodes.contains("profiles.yml"));
    const AgentFiles files(nodes, {});
    const LoadedAgent loaded = load_agent({.document = nodes.at("writer.yml"),
                                           .file = "writer.yml",
                                           .path = {},
                                           .name = "writer",
                                           .machine_file = "machine.yml"},
                                          files);
    for (const auto& one : loaded.diagnostics) {
        FAIL_CHECK(one.line());
    }
    REQUIRE(loaded.config);
    CHECK(loaded.config->model->provider == "mybox");  // the catalogue's override
    CHECK(loaded.config->prompt->instruction_suffix->text == "One line.");
    CHECK_FALSE(loaded.config->prompt->output.empty());
}
